// Embeddings to drag in the plane. Distances, losses and gradients come from _pair_math.js, the plane they lie in from
// _pair_plane.js; this file draws them.

const CLASSES = ["background", "lesion"];
const KEYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const [COARSE, FINE] = [0.1, 0.01]; // of an arrow key, without and with Shift
const ROUNDS = 100; // places in a unit at which a moved embedding can lie

const within = (value, end) => Math.min(end, Math.max(-end, value));

/** The mark of a class around (0, 0): a square or a circle, so that colour is not needed. */
const MARKS = ["M-8-8H8V8H-8Z", "M-9 0A9 9 0 1 0 9 0A9 9 0 1 0-9 0Z"];

/** Marks and lines of the plane and what they mean. */
function key() {
  const entries = [
    ["rfe-class-1", MARKS[1], "lesion"], ["rfe-class-0", MARKS[0], "background"],
    ["rfe-pair rfe-pulls", "M-14 0H14", "same class: pulled together"],
    ["rfe-pair rfe-pushes", "M-14 0H14", "other class: pushed apart"],
    ["rfe-pair rfe-silent", "M-14 0H14", "beyond the margin"],
    ["rfe-arrow", "M-14 0H13M13 0l-6-4M13 0l-6 4", "minus the gradient, long ones shortened"],
  ];
  const items = entries.map(([kind, path, text]) => {
    const item = element("li");
    const icon = svg(item, "svg", { viewBox: "-16 -10 32 20", "aria-hidden": "true" });
    svg(icon, "path", { class: kind, d: path });
    item.append(text);
    return item;
  });
  return element("ul", { className: "rfe-legend rfe-key" }, ...items);
}

/** A table with a caption and heads, empty; `body` takes its rows. */
function table(caption, heads) {
  const cells = heads.map((text) => element("th", { scope: "col", textContent: text }));
  const body = element("tbody");
  const head = element("thead", {}, element("tr", {}, ...cells));
  return { body, node: element("table", {}, element("caption", { textContent: caption }), head, body) };
}

/** One row: the first text is its head. */
function row(...texts) {
  const [first, ...rest] = texts;
  const cells = rest.map((text) => element("td", {}, text));
  return element("tr", {}, element("th", { scope: "row" }, first), ...cells);
}

function render({ model, el }) {
  const names = model.get("names");
  const farthest = model.get("farthest");
  const plane = makePlane(model.get("label"));
  const { place } = plane;
  let held = false; // a plane that is dragged in keeps its reach
  const [lines, arrows] = [svg(plane.node, "g"), svg(plane.node, "g")]; // below the marks
  const handles = model.get("points").map((_, at) => {
    const group = svg(plane.node, "g", { class: "rfe-point", tabindex: 0, role: "slider", "aria-roledescription": "movable embedding" });
    const stem = svg(lines, "path", { class: "rfe-stem" });
    const arrow = svg(arrows, "path", { class: "rfe-arrow" });
    svg(group, "circle", { class: "rfe-touch", r: 22 });
    const mark = svg(group, "path");
    svg(group, "text", { x: 12, y: -10 }, `h${at + 1}`);
    return { group, stem, arrow, mark };
  });
  const pairLines = svg(lines, "g");

  const button = (text, action) => {
    const made = element("button", { type: "button", textContent: text });
    made.addEventListener("click", action);
    return made;
  };
  const presets = model.get("presets").map(({ name, ...traits }) => button(name, () => move(traits)));
  const step = button("One gradient step", () => move({ points: stepped() }));
  const start = { points: model.get("points"), labels: model.get("labels") };
  const reset = button("Back to the start", () => move(start));
  const status = statusLine();
  const totals = table("Loss of all pairs, Eq. 2", ["reduction", "divided by", "loss"]);
  const ones = table("Embeddings", ["", "class", "x", "y", "length", "gradient"]);
  const pairs = table("Pairs (each counts twice)", ["pair", "class", "d", "loss", ""]);
  const classButtons = handles.map((_, at) => button("", () => flip(at)));
  el.append(
    element("div", { className: "rfe-buttons", role: "group", ariaLabel: "Settings" }, "Set to", ...presets),
    status,
    element("div", { className: "rfe-pairs" },
      element("div", { className: "rfe-plane" }, plane.node, element("div", { className: "rfe-buttons" }, step, reset), key()),
      element("div", { className: "rfe-tables" }, totals.node, ones.node, pairs.node)));

  /** What the traits say now, with the embeddings at their scale, and what follows from it. */
  function state() {
    const [count, scale] = [model.get("count"), model.get("scale")];
    const [distance, margin] = [names[model.get("distance")][0], model.get("margins")[model.get("margin")]];
    const embeddings = model.get("points").slice(0, count).map((point) => times(point, scale));
    const labels = model.get("labels").slice(0, count);
    return { count, scale, margin, distance, embeddings, labels, ...embeddingLoss(embeddings, labels, distance, margin) };
  }

  function move(changes) {
    for (const [trait, value] of Object.entries(changes)) model.set(trait, value);
    model.save_changes();
  }

  /** Put embedding `at` to h, at most as far as `end`, rounded so that equal and orthogonal vectors can be hit exactly. */
  function put(at, h, end) {
    const scale = model.get("scale");
    const point = h.map((value) => within(within(Math.round(value * ROUNDS) / ROUNDS, end) / scale, farthest));
    move({ points: model.get("points").map((old, n) => (n === at ? point : old)) });
  }

  function flip(at) {
    move({ labels: model.get("labels").map((label, n) => (n === at ? 1 - label : label)) });
  }

  /** All points after h - rate * gradient of the sum. */
  function stepped() {
    const { embeddings, gradient, scale } = state();
    return model.get("points").map((point, at) => at < embeddings.length
      ? add(embeddings[at], gradient[at], -model.get("rate")).map((value) => within(value / scale, farthest)) : point);
  }

  function drawHandle({ group, stem, arrow, mark }, at, { embeddings, labels, gradient }) {
    const shown = at < embeddings.length;
    for (const node of [group, stem, arrow]) node.style.display = shown ? "" : "none";
    if (!shown) return;
    const [h, size] = [embeddings[at], norm(gradient[at])];
    group.setAttribute("transform", `translate(${place(h)})`);
    group.setAttribute("aria-label", `h${at + 1}, ${CLASSES[labels[at]]}`);
    group.setAttribute("aria-valuenow", h[0].toFixed(2));
    group.setAttribute("aria-valuetext", `x ${h[0].toFixed(2)}, y ${h[1].toFixed(2)}`);
    mark.setAttribute("class", `rfe-class-${labels[at]}`);
    mark.setAttribute("d", MARKS[labels[at]]);
    stem.setAttribute("d", `M${place([0, 0])}L${place(h)}`);
    const long = size > 1e-9 ? size / (1 + size) : 0; // at most one unit of the smallest plane, however large the gradient
    const along = long ? times(gradient[at], (-long / size) * plane.stretch) : [0, 0];
    const tip = add(h, along);
    const wing = (turn) => add(tip, add(times(along, -0.13 / long), [-along[1], along[0]], turn * 0.07 / long));
    arrow.setAttribute("d", long > 0.01 ? `M${place(h)}L${place(tip)}M${place(wing(1))}L${place(tip)}L${place(wing(-1))}` : "");
  }

  function drawPairs({ count, embeddings, labels, margin, d, loss }) {
    const rows = [];
    pairLines.replaceChildren();
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) {
        const same = labels[i] === labels[j];
        const force = same ? "pulls" : d[i][j] < margin ? "pushes" : "silent";
        svg(pairLines, "path", { class: `rfe-pair rfe-${force}`, d: `M${place(embeddings[i])}L${place(embeddings[j])}` });
        rows.push(row(`h${i + 1}, h${j + 1}`, same ? "same" : "other", show(d[i][j]), show(loss[i][j]), force));
      }
    }
    pairs.body.replaceChildren(...rows);
  }

  function draw() {
    const started = performance.now();
    const now = state();
    const { count, scale, margin, distance, embeddings, labels, d, loss, sum, gradient } = now;
    if (!held) plane.fit(embeddings);
    handles.forEach((handle, at) => drawHandle(handle, at, now));
    drawPairs(now);
    const results = [sum, sum / count, sum / count ** 2];
    const divided = ["1", `n = ${count}`, `n² = ${count ** 2}`];
    totals.body.replaceChildren(...["sum", "per_embedding", "mean"].map((name, at) => row(name, divided[at], show(results[at]))));
    ones.body.replaceChildren(...embeddings.map((h, at) => {
      classButtons[at].textContent = CLASSES[labels[at]];
      classButtons[at].setAttribute("aria-label", `h${at + 1} is ${CLASSES[labels[at]]}; change its class`);
      return row(`h${at + 1}`, classButtons[at], h[0].toFixed(2).replace("-", "−"), h[1].toFixed(2).replace("-", "−"), show(norm(h)), show(norm(gradient[at])));
    }));
    presets.forEach((made, at) => {
      const preset = model.get("presets")[at];
      made.setAttribute("aria-pressed", preset.distance === model.get("distance") && preset.margin === model.get("margin"));
    });
    const label = names[model.get("distance")][1];
    status.textContent = `${label}, margin ${show(margin)}, scale ${show(scale)}: loss ${show(sum)} as a sum, `
      + `${show(results[1])} per embedding, ${show(results[2])} as a mean.`;
    Object.assign(el.dataset, { // what is on the screen now, for tests
      distance, margin, scale, count, reach: plane.reach, sum, per_embedding: results[1], mean: results[2],
      embeddings: embeddings.flat().join(" "), labels: labels.join(" "),
      d: d.flat().join(" "), loss: loss.flat().join(" "), gradient: gradient.flat().join(" "),
    });
    performance.measure("pair_view", { start: started });
  }

  const redraw = onceAFrame(draw);
  handles.forEach(({ group }, at) => {
    let grip = [0, 0]; // from the pointer to the embedding it holds
    group.addEventListener("pointerdown", (event) => {
      group.setPointerCapture(event.pointerId);
      group.focus();
      grip = add(state().embeddings[at], plane.pointed(event), -1);
      held = true;
    });
    group.addEventListener("pointermove", (event) => {
      if (group.hasPointerCapture(event.pointerId)) put(at, add(plane.pointed(event), grip), plane.reach);
    });
    group.addEventListener("lostpointercapture", () => { held = false; redraw(); });
    // Chromium does not heed touch-action inside an SVG: without this a finger scrolls the page.
    group.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    group.addEventListener("keydown", (event) => {
      const change = KEYS[event.key];
      const far = (event.shiftKey ? FINE : COARSE) * plane.stretch;
      if (change) put(at, add(times(model.get("points")[at], model.get("scale")), change, far), farthest);
      else if (event.key === "Enter" || event.key === " ") flip(at);
      else return;
      event.preventDefault();
    });
  });
  const stop = onChange(model, ["points", "labels", "count", "distance", "margin", "scale"], redraw);
  draw();
  return stop;
}

export default { render: withControls(render) };
