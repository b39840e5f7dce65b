// Native inputs made from the trait `controls` (rfe_book.widgets.controls) and joined to the traits that they name.
// Put in front of every widget's own module, after _shared.js.

/** A label, an input and what else belongs to it, in one line. */
function controlLine(tag, label, ...children) {
  return element(tag, { className: "rfe-control" }, element("span", { className: "rfe-control-name", textContent: label }), ...children);
}

/** A slider over options (the value is a position) or numbers: { node, show }. */
function rangeControl({ label, options, min, max, step, digits }, move) {
  const [low, high] = options ? [0, options.length - 1] : [min, max];
  const text = (value) => (options ? options[value] : value.toFixed(digits));
  const input = element("input", { type: "range", min: low, max: high, step: step ?? 1, ariaLabel: label });
  const output = element("output");
  output.setAttribute("aria-live", "off"); // the slider itself and the status line below speak
  const longest = options ?? [text(low), text(high)];
  output.style.minWidth = `${Math.max(...longest.map((option) => option.length))}ch`;
  input.addEventListener("input", () => move(Number(input.value)));

  function show(value) {
    input.value = value;
    output.textContent = text(value);
    input.setAttribute("aria-valuetext", text(value));
  }
  return { node: controlLine("label", label, input, output), show };
}

/** A row of buttons of which one is pressed: radio buttons, so arrow keys move among them. */
function buttonsControl({ label, options }, move) {
  const name = `rfe-${Math.random().toString(36).slice(2)}`; // of this row alone, whatever else the page holds
  const inputs = options.map((option, at) => {
    const input = element("input", { type: "radio", name, ariaLabel: option });
    input.addEventListener("change", () => move(at));
    return input;
  });
  const row = element("span", { className: "rfe-choices" }, ...inputs.map((input, at) =>
    element("label", {}, input, element("span", { textContent: options[at] }))));
  const node = controlLine("div", label, row);
  node.setAttribute("role", "radiogroup");
  node.setAttribute("aria-label", label);
  return { node, show: (value) => { inputs[value].checked = true; } };
}

function menuControl({ label, options }, move) {
  const input = element("select", { ariaLabel: label }, ...options.map((textContent) => element("option", { textContent })));
  input.addEventListener("change", () => move(input.selectedIndex));
  return { node: controlLine("label", label, input), show: (value) => { input.selectedIndex = value; } };
}

function tickControl({ label }, move) {
  const input = element("input", { type: "checkbox" });
  input.addEventListener("change", () => move(input.checked));
  const node = element("label", { className: "rfe-control" }, input, element("span", { textContent: label }));
  return { node, show: (value) => { input.checked = value; } };
}

const CONTROLS = { range: rangeControl, buttons: buttonsControl, menu: menuControl, tick: tickControl };

/** All controls of a model, in their order: { node, stop }. */
function makeControls(model) {
  const node = element("div", { className: "rfe-controls", role: "group", ariaLabel: "Controls" });
  const stops = [];
  for (const control of model.get("controls")) {
    if (!(control.kind in CONTROLS)) continue; // a part of the page's address alone
    const { trait } = control;
    const made = CONTROLS[control.kind](control, (value) => {
      model.set(trait, value);
      model.save_changes();
    });
    const follow = () => made.show(model.get(trait));
    follow();
    stops.push(onChange(model, [trait], follow));
    node.append(made.node);
  }
  return { node, stop: () => stops.forEach((stop) => stop()) };
}

/** In JupyterLab keys belong to the notebook (arrows leave a slider, "x" cuts a cell), unless what has the focus says so. */
function keepKeys(event) {
  event.target.setAttribute("data-lm-suppress-shortcuts", "");
}

/** A widget's render function: its controls, and below them what `drawView` makes; both follow the same traits. */
function withControls(drawView) {
  return async ({ model, el }) => {
    const controls = makeControls(model);
    el.classList.add("rfe");
    el.addEventListener("focusin", keepKeys);
    el.append(controls.node);
    const stop = await drawView({ model, el });
    return () => { controls.stop(); stop(); };
  };
}

