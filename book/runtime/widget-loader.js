// Shows the widgets of a page without a kernel: gives each its module and the state that the executed notebook stored,
// as anywidget does in JupyterLab, and sets it from the address (#name?key=word&...). Classic, for pages opened as files.
(() => {
  const KIND = "application/vnd.jupyter.widget";
  const NEAR = "600px"; // from the window: a widget is then loaded
  const HERE = document.currentScript.src;
  const styled = new Set();
  const waiting = new Map(); // for states that lie in files of their own
  globalThis.rfeWidgetState = (id, record) => waiting.get(id)(record);

  /** A buffer of the stored state, as anywidget gives it. */
  function bytes({ data, encoding }) {
    if (encoding !== "base64") throw new Error(`encoding of a buffer must be base64, got ${encoding}`);
    return new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
  }

  /** What anywidget gives a widget's module: traits to get and set, and changes to hear of. */
  class Model {
    constructor({ state, buffers = [] }) {
      this.state = { ...state };
      this.listeners = new Map();
      for (const buffer of buffers) {
        const path = [...buffer.path];
        const last = path.pop();
        path.reduce((at, key) => at[key], this.state)[last] = bytes(buffer);
      }
    }

    get(name) { return this.state[name]; }

    set(names, value) {
      const changes = Object.entries(typeof names === "string" ? { [names]: value } : names).filter(([name, to]) => this.state[name] !== to);
      Object.assign(this.state, Object.fromEntries(changes));
      for (const [name, to] of changes) this.emit(`change:${name}`, to);
      if (changes.length) this.emit("change");
    }

    save_changes() {} // there is nobody to save them

    on(events, listener) {
      for (const event of events.split(" ")) this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }

    off(events, listener) {
      for (const event of events?.split(" ") ?? [...this.listeners.keys()]) {
        this.listeners.set(event, (this.listeners.get(event) ?? []).filter((known) => listener && known !== listener));
      }
    }

    emit(event, value) {
      for (const listener of this.listeners.get(event) ?? []) listener(this, value);
    }
  }

  // The page's address, in the words of the controls (rfe_book.widgets.controls).

  /** What the address calls a control's value. */
  function wordOf(control, value) {
    if (control.kind === "tick") return value ? "on" : "off";
    if (control.options) return (control.words ?? control.options)[value];
    return [value].flat(2).map((number) => Number(number.toFixed(6))).join(",");
  }

  /** The number that a word is, if a control allows it. */
  function numberOf({ min, max, step }, word) {
    const number = word.trim() === "" ? NaN : Number(word);
    const steps = step ? (number - min) / step : 0;
    return number >= min && number <= max && Math.abs(steps - Math.round(steps)) < 1e-6 ? number : undefined;
  }

  /** The value of a word, or undefined where a control does not allow it. */
  function valueOf(control, word) {
    if (control.kind === "tick") return { on: true, off: false }[word];
    const at = (control.words ?? control.options)?.indexOf(word);
    if (at !== undefined) return at < 0 ? undefined : at;
    if (control.kind !== "numbers") return numberOf(control, word);
    const [numbers, { rows, columns }] = [word.split(",").map((part) => numberOf(control, part)), control];
    if (numbers.length !== rows * columns || numbers.includes(undefined)) return undefined;
    return columns === 1 ? numbers : Array.from({ length: rows }, (_, row) => numbers.slice(columns * row, columns * (row + 1)));
  }

  /** What a control allows, in words. */
  function allowed(control) {
    if (control.kind === "tick") return "on or off";
    const words = control.words ?? control.options;
    if (words) return words.length > 8 ? `${words.slice(0, 3).join(", ")} ... ${words.at(-1)}` : words.join(", ");
    const range = `${control.min} to ${control.max}${control.step ? ` in steps of ${control.step}` : ""}`;
    return control.kind === "numbers" ? `${control.rows * control.columns} numbers of ${range}` : range;
  }

  /** Set a model's traits from a query; returns a line about each part of it that no control allows. */
  function setFrom(model, query) {
    const notes = [];
    const controls = model.get("controls");
    const words = new Map(new URLSearchParams(query));
    for (const key of words.keys()) {
      if (!controls.some((control) => control.key === key)) notes.push(`This widget has no setting "${key}".`);
    }
    for (const control of controls.filter(({ key }) => words.has(key))) { // in their order: one may follow another
      const [word, value] = [words.get(control.key), valueOf(control, words.get(control.key))];
      if (value === undefined) notes.push(`${control.label} cannot be "${word}"; possible: ${allowed(control)}.`);
      else model.set(control.trait, value);
    }
    return notes;
  }

  /** The page's address that shows a model as it is now. */
  function addressOf(name, model) {
    const query = new URLSearchParams(model.get("controls").map((control) => [control.key, wordOf(control, model.get(control.trait))]));
    return `${location.href.split("#")[0]}#${name}?${query}`;
  }

  /** What the page's address says: { name, query }. */
  function asked() {
    const [name, query = ""] = location.hash.slice(1).split(/\?(.*)/s);
    return { name: decodeURIComponent(name), query };
  }

  function made(tag, className, textContent = "") {
    return Object.assign(document.createElement(tag), { className, textContent });
  }

  const modules = new Map(); // by their source

  function moduleOf(source) {
    const load = async () => {
      const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
      return typeof widget === "function" ? widget() : widget;
    };
    if (!modules.has(source)) modules.set(source, load());
    return modules.get(source);
  }

  /** The stored state of a model that the page itself does not hold (book_pages.hold_widgets_ready). */
  function fetched(id, { file }) {
    return new Promise((resolve, reject) => {
      waiting.set(id, resolve);
      const script = Object.assign(made("script", ""), { src: new URL(`widgets/${file}`, HERE) });
      script.addEventListener("error", () => reject(new Error(`${file} cannot be loaded`)));
      document.head.append(script);
    });
  }

  function addStyle(css) {
    if (!css || styled.has(css)) return;
    styled.add(css);
    document.head.append(made("style", "", css));
  }

  /** Buttons below a widget: one copies the address of what it shows, one shows it alone and large (present.js). */
  function linkRow(name, model) {
    const button = Object.assign(made("button", "", "Copy link to this view"), { type: "button" });
    const said = made("span", "rfe-said");
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      const address = addressOf(name, model);
      history.replaceState(null, "", address);
      try {
        await navigator.clipboard.writeText(address);
        said.textContent = "Copied.";
      } catch { // no permission, or a page without https
        said.textContent = "The browser's address bar now holds the link.";
      }
    });
    const large = Object.assign(made("button", "", "Show it large"), { type: "button" });
    large.addEventListener("click", () => location.assign(Object.assign(new URL(addressOf(name, model)), { search: "present" })));
    const row = made("div", "rfe-link");
    row.append(button, large, said);
    return row;
  }

  /** One widget: `load` shows it, once; `obey` sets it from a query and says what was wrong with it. */
  function widgetAt(place, name, stored) {
    const notes = made("div", "rfe-notes");
    notes.setAttribute("role", "alert");
    let model, loading;

    function obey(query) {
      if (model) notes.replaceChildren(...setFrom(model, query).map((note) => made("p", "", note)));
    }

    async function draw() {
      const record = await stored();
      const { name: wanted, query } = asked();
      model = new Model(record);
      if (wanted === name) obey(query);
      const [el, widget] = [made("div", ""), await moduleOf(model.get("_esm"))];
      addStyle(model.get("_css"));
      place.append(notes, el);
      await widget.initialize?.({ model });
      await widget.render({ model, el });
      place.append(linkRow(name, model));
      performance.mark("rfe-drawn", { detail: name });
    }

    function failed(error) {
      place.append(made("p", "rfe-failed", `This widget could not be drawn: ${error.message}`));
      reportError(error);
    }
    return { name, place, obey, load: () => (loading ??= draw().catch(failed)) };
  }

  const read = (kind) => [...document.querySelectorAll(`script[type="${KIND}-${kind}+json"]`)];

  /** Formulas wait for the first widget: MathJax would be busy with them for longer than a reader waits. */
  function setFormulasAfter(drawn) {
    const pageReady = () => drawn.then(() => MathJax.startup.defaultPageReady());
    if (globalThis.MathJax && !MathJax.version) MathJax.startup = { ...MathJax.startup, pageReady };
  }

  function start() {
    const [{ state, aside = {} } = {}] = read("state").map((script) => JSON.parse(script.textContent));
    const used = new Map();
    const widgets = read("view").flatMap((script) => {
      const { model_id: id } = JSON.parse(script.textContent);
      if (!aside[id] && state[id]?.model_module !== "anywidget") return []; // a progress bar, say
      const called = aside[id]?.name ?? state[id].state.name ?? state[id].model_name;
      used.set(called, (used.get(called) ?? 0) + 1);
      const name = used.get(called) > 1 ? `${called}-${used.get(called)}` : called;
      const place = made("div", "rfe-place");
      place.id = name;
      script.after(place);
      return widgetAt(place, name, () => state[id] ?? fetched(id, aside[id]));
    });

    async function go(event) { // show the widget that the address names
      const { name, query } = asked();
      const widget = widgets.find((other) => other.name === name);
      for (const { place } of widgets) place.classList.toggle("rfe-named", place === widget?.place);
      if (!widget) return;
      await widget.load();
      if (event) widget.obey(query); // else it was drawn like that
      widget.place.scrollIntoView({ block: "start" });
    }
    addEventListener("hashchange", go);
    go();
    if (widgets.length) setFormulasAfter(widgets[0].load());
    const watch = new IntersectionObserver((entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) widgets.find(({ place }) => place === target).load();
    }, { rootMargin: NEAR });
    for (const { place } of widgets) watch.observe(place);
  }

  // The first widget's module is fetched while the page is still being read, if its state has been read as a whole.
  for (const script of read("state").filter((known) => known.nextSibling)) {
    for (const { state } of Object.values(JSON.parse(script.textContent).state)) if (state._esm) moduleOf(state._esm);
  }
  if (document.readyState === "loading") document.addEventListener("readystatechange", start, { once: true }); // before deferred scripts
  else start();
})();
