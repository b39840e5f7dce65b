// Bounds and an adapted model on one slice, and F of all methods. Every number and its text is Python's; this picks
// and draws them.

const [LOWER, UPPER, FIRST_METHOD] = [0, 1, 2];
const TICKS = [0, 0.5, 1]; // of F

/** The table of scores of the models in the panels: { node, update(caption, lines) }; a line is [name, kind, texts]. */
function makeTable(columns) {
  const head = (text, scope, className = "") => {
    const made = element("th", { textContent: text, className });
    made.setAttribute("scope", scope);
    return made;
  };
  const caption = element("caption");
  const body = element("tbody");
  const heads = ["", ...columns].map((text) => head(text, "col"));
  const table = element("table", { className: "rfe-numbers" }, caption, element("thead", {}, element("tr", {}, ...heads)), body);
  const node = element("div", { className: "rfe-scroll", tabIndex: 0, role: "region", ariaLabel: "Scores of the three models" }, table);

  function update(text, lines) {
    caption.textContent = text;
    body.replaceChildren(...lines.map(([name, kind, texts]) =>
      element("tr", {}, head(name, "row", kind), ...texts.map((cell) => element("td", { textContent: cell })))));
  }
  return { node, update };
}

/** Bars of all models below each other: { node, update(domain, bars, texts, kinds, seed) }. */
function makeBars(names) {
  const percent = (value) => `${(100 * Math.min(1, Math.max(0, value))).toFixed(2)}%`;
  const title = element("summary", { className: "rfe-note" });
  const rows = names.map((name) => {
    const [bar, whisker, dot] = ["rfe-bar", "rfe-whisker", "rfe-dot"].map((className) => element("i", { className }));
    const track = element("div", { className: "rfe-track" }, bar, whisker, dot);
    track.setAttribute("aria-hidden", "true");
    const text = element("span", { className: "rfe-note rfe-spoken" }); // the bar shows it, the table the chosen one's
    const label = element("div", { className: "rfe-label" }, element("span", { textContent: name }), text);
    return { node: element("li", {}, label, track), bar, whisker, dot, text };
  });
  const scale = element("div", { className: "rfe-track rfe-scale" });
  scale.append(...TICKS.map((tick) => {
    const mark = element("span", { textContent: tick });
    mark.style.left = percent(tick);
    return mark;
  }));
  const list = element("ul", { className: "rfe-bars" }, ...rows.map((row) => row.node));
  for (const at of [0, 1]) { // one below each column
    const last = element("li", { className: "rfe-axis" }, element("div", { className: "rfe-label" }), at ? scale : scale.cloneNode(true));
    last.setAttribute("aria-hidden", "true");
    list.append(last);
  }
  const node = element("details", {}, title, list);

  function update(text, bars, texts, kinds, seed) {
    title.textContent = text;
    rows.forEach(({ node: row, bar, whisker, dot, text: line }, number) => {
      const known = bars[number];
      row.className = kinds[number];
      line.textContent = texts[number];
      const [mean, low, high, seeds] = known ?? [null, null, null, []];
      bar.hidden = mean === null;
      whisker.hidden = low === null; // one seed has no interval
      dot.hidden = (seeds[seed] ?? null) === null; // not trained with this seed
      bar.style.width = percent(mean);
      whisker.style.left = percent(low);
      whisker.style.width = percent(Math.min(1, high) - Math.max(0, low));
      dot.style.left = percent(seeds[seed]);
    });
  }
  return { node, update };
}

async function render({ model, el }) {
  const read = (...names) => names.map((name) => model.get(name));
  const [names, domains, patients, seeds, columns] = read("names", "domains", "patients", "seeds", "columns");
  const [scores, bars, captions, hasMask] = read("scores", "bars", "captions", "has_mask");
  const [sliceScores, colours, zoom] = read("slice_scores", "colours", "zoom");
  const decoded = new Map(); // images by domain, maps of outcomes by domain, slice and seed, when they are first wanted
  async function stack(key, uri, count) {
    if (!decoded.has(key)) decoded.set(key, await decodeStack(uri, count));
    return decoded.get(key);
  }

  const kinds = ["rfe-is-lower", "rfe-is-method", "rfe-is-upper"];
  const panels = kinds.map((kind) => makePicture(zoom, colours, kind));
  const table = makeTable(columns);
  const chart = makeBars(names);
  const status = statusLine("rfe-spoken");
  el.append(
    status,
    element("div", { className: "rfe-seen" }, element("div", { className: "rfe-panels" }, ...panels.map((panel) => panel.figure)), patternLegend(colours)),
    table.node,
    chart.node,
  );

  let latest = 0;
  async function draw() {
    const [domain, method, slice, seed, marked] = read("domain", "method", "slice", "seed", "marked");
    const turn = ++latest;
    const images = await stack(`${domain}`, model.get("images")[domain], captions[domain].length);
    const maps = await stack(`${domain} ${slice} ${seed}`, model.get("outcomes")[domain][slice][seed], names.length);
    if (turn !== latest) return; // something else has been chosen while this was being decoded
    const started = performance.now();
    const chosen = FIRST_METHOD + method;
    const shown = [LOWER, chosen, UPPER];
    const caption = captions[domain][slice];
    const notes = shown.map((number, side) => {
      const seen = hasMask[domain][seed][number];
      const [f, , , wrong, touched] = sliceScores[domain][slice][seed][number];
      const text = seen
        ? `In this slice: F ${f}, ${touched} lesions touched, ${wrong} false positives.` : "No mask of it is stored.";
      const title = number === UPPER ? `${names[UPPER]} ${domains[domain]}` : names[number];
      panels[side].update({
        width: images.width,
        height: images.height,
        pixels: imageOf(images, slice),
        kinds: seen && marked ? firstChannel(imageOf(maps, number)) : null,
        title,
        text,
        label: `FLAIR of ${caption}: ${title}, seed ${seeds[seed]}. ${text}`,
      });
      return text;
    });
    const whom = `${patients[domain]} heads on ${domains[domain]}, means over all seeds of a model`;
    const lines = shown.map((number, side) => [names[number], kinds[side], scores[domain][number]]);
    table.update(`${whom}; F with its 95% interval`, lines);
    const classes = names.map((_, number) => kinds[shown.indexOf(number)] ?? "");
    const texts = names.map((_, number) => scores[domain][number][0]);
    chart.update(`F of all methods; line: 95% interval, ring: seed ${seeds[seed]}`, bars[domain], texts, classes, seed);
    const numbers = shown.map((number) => `${names[number]} ${scores[domain][number][0]}`);
    status.textContent = `F on domain ${domains[domain]}: ${numbers.join("; ")}. The pictures show ${caption}, seed ${seeds[seed]}.`;
    Object.assign(el.dataset, { // what is on the screen now, for tests
      domain, method, slice, seed, marked, chosen, notes: JSON.stringify(notes),
      scores: JSON.stringify(lines.map(([, , cells]) => cells)),
    });
    performance.measure("adaptation_explorer", { start: started });
  }

  const stopListening = onChange(model, ["domain", "method", "slice", "seed", "marked"], onceAFrame(draw));
  await draw();
  return stopListening;
}

export default { render: withControls(render) };
