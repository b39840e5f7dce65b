// The n_E explorer. All draws, counts, losses and divergences are Python's; here prefixes are taken,
// tables are indexed, and what they hold is drawn. Fields of pixels, the curve and tables
// are made by _n_e_parts.js.

const SAME = [0, 158, 115]; // green: pairs of one class
const DIFFERENT = [204, 121, 167]; // purple: pairs of different classes

/** Panel of chapter 05: the matrix of all pairs, single or as blocks, and what its blocks hold. */
function makePairs(model) {
  const side = 300;
  const canvas = element("canvas", { width: side, height: side, role: "img" });
  const context = canvas.getContext("2d");
  const shown = model.get("pairs_shown");
  const singleLosses = typed(model.get("pairs"), Uint8Array);
  const wide = shown[0] + shown[1];
  const colour = (loss, same) => (same ? SAME : DIFFERENT).map((full) => 255 + loss * (full - 255));
  const table = makeTable(["pairs", "number", "share", "mean loss"], [
    [swatch("rfe-same", `rgb(${SAME})`), "both background"],
    [swatch("rfe-same", `rgb(${SAME})`), "both lesion"],
    [swatch("rfe-different", `rgb(${DIFFERENT})`), "one of each"],
  ]);
  const caption = element("p", { className: "rfe-note" });
  const sides = ["rfe-across", "rfe-down"].map((className) =>
    element("div", { className }, element("span", { textContent: "background" }), element("span")));
  const square = element("div", { className: "rfe-sides" }, ...sides, canvas);
  const node = element("div", {}, square, caption, table.node);

  function single(counts, redraw) {
    const n = counts[0] + counts[1];
    const small = new ImageData(n, n);
    const losses = singleLosses.subarray(wide * wide * redraw);
    const place = (i) => (i < counts[0] ? i : shown[0] + i - counts[0]);
    for (let i = 0, at = 0; i < n; i++) {
      for (let j = 0; j < n; j++, at += 4) {
        const loss = losses[place(i) * wide + place(j)] / model.get("pair_steps");
        small.data.set([...colour(loss, (i < counts[0]) === (j < counts[0])), 255], at);
      }
    }
    const sheet = hiddenCanvas(n, n);
    sheet.getContext("2d").putImageData(small, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, 0, 0, side, side);
  }

  function update({ counts, strategy, stop, redraw }) {
    const n = counts[0] + counts[1];
    const means = model.get("blocks")[strategy][stop][redraw];
    const edge = (side * counts[0]) / n;
    for (const { lastChild } of sides) lastChild.textContent = counts[1] ? "lesion" : "";
    const all = counts.every((count, lesion) => count <= shown[lesion]);
    if (all) single(counts, redraw);
    else {
      const blocks = [[0, 0, edge, edge], [edge, edge, side - edge, side - edge], [edge, 0, side - edge, edge], [0, edge, edge, side - edge]];
      blocks.forEach((block, at) => {
        context.fillStyle = `rgb(${colour(means[Math.min(at, 2)], at < 2)})`;
        context.fillRect(...block);
      });
    }
    context.strokeStyle = "#000";
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    context.strokeRect(0, 0, edge, edge);
    context.strokeRect(edge, edge, side - edge, side - edge);
    const pairs = [counts[0] ** 2, counts[1] ** 2, 2 * counts[0] * counts[1]];
    pairs.forEach((number, block) => {
      const [a, b, c] = table.cells[block];
      a.textContent = whole(number);
      b.textContent = `${((100 * number) / n ** 2).toFixed(1)}%`;
      c.textContent = number ? means[block].toFixed(3) : "–";
    });
    caption.textContent = `${whole(n)} × ${whole(n)} = ${whole(n * n)} comparisons, ${all ? "each pair one cell" : "each block in its mean colour"}; white: loss 0, full colour: 1.`;
    canvas.setAttribute("aria-label", `Matrix of all pairs in two blocks of the same class (green) and two of different classes (purple); ${caption.textContent}`);
    return { pairs: pairs.join(" "), blocks: means.join(" "), cells: all };
  }
  return { node, update };
}

/** Panel of chapter 06: bars of sampled and of all values, or both as points of a plane. */
async function makeComparison(model, colours) {
  const [width, height, left, bottom, bars] = [216, 150, 6, 18, 64];
  const heights = typed(model.get("heights"), Uint8Array);
  const everything = typed(model.get("all_heights"), Uint8Array);
  const where = typed(model.get("cloud_places"), Uint16Array);
  const cloud = await decodeStack(model.get("cloud"), 1);
  const field = makeField(cloud, null, 3, colours, "Embeddings along their two main axes");
  const chart = svg(null, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const x = (bin) => left + (bin / bars) * (width - 2 * left);
  const y = (value) => height - bottom - (value / 255) * (height - bottom - 8);
  const steps = (values) => Array.from(values, (value, bin) => `V${y(value).toFixed(1)}H${x(bin + 1).toFixed(1)}`).join("");
  svg(chart, "path", { class: "rfe-all", d: `M${x(0)} ${y(0)}${steps(everything)}V${y(0)}Z` });
  const sampled = svg(chart, "path", { class: "rfe-sampled" });
  svg(chart, "path", { class: "rfe-axis", d: `M${left} ${y(0)}H${width - left}` });
  const [first, last] = ["start", "end"].map((anchor, at) =>
    svg(chart, "text", { x: at ? width - left : left, y: height - 6, "text-anchor": anchor }));
  const caption = element("p", { className: "rfe-note" });
  const node = element("div", {}, chart, field.canvas, caption);

  function update({ classes, strategy, stop, redraw, measure, panel, stops, redraws }) {
    const state = ((measure * model.get("strategies").length + strategy) * stops + stop) * redraws + redraw;
    const own = heights.subarray(bars * state, bars * (state + 1));
    const [low, high] = model.get("ranges")[measure][strategy][stop][redraw];
    chart.style.display = panel ? "none" : "";
    field.canvas.style.display = panel ? "" : "none";
    if (panel) {
      field.paint(classes.map((places) => places.map((place) => where[place])));
      caption.textContent = "Gray: all embeddings along their two main axes, darker where there are more. Marked: the sample.";
      field.canvas.setAttribute("aria-label", caption.textContent);
    } else {
      sampled.setAttribute("d", `M${x(0)} ${y(0)}${steps(own)}V${y(0)}`);
      [first.textContent, last.textContent] = [`sample's bins: ${low.toFixed(2)}`, `to ${high.toFixed(2)}`];
      caption.textContent = "All values of all channels; filled: every pixel, line: the sample. Height: square root of the share, four of the 256 bins a bar.";
      chart.setAttribute("aria-label", caption.textContent);
    }
    return { bars: own.join(" "), range: `${low} ${high}`, panel };
  }
  return { node, update };
}

async function render({ model, el }) {
  const names = Object.keys(model.get("colours"));
  const colours = Object.values(model.get("colours"));
  const [strategies, nE, counts, measures] = ["strategies", "n_e", "counts", "measures"].map((name) => model.get(name));
  const redraws = measures[0].values[0][0].length;
  const shuffled = model.get("shuffled").map((bytes) => typed(bytes, Uint16Array));
  const available = shuffled.map((places) => places.length / redraws);
  const [picture, marks] = await Promise.all([decodeStack(model.get("image"), 1), decodeStack(model.get("outline"), 1)]);
  const map = makeField(picture, marks, 4, colours, model.get("label"));
  const curve = makeCurve(nE, model.get("paper"), measures);
  const table = makeTable(["pixels", "there", "wanted", "drawn", "share"],
    names.map((name, lesion) => [swatch(lesion ? "rfe-diamond" : "rfe-circle", colours[lesion]), name]));
  const panel = model.get("kind") === "pairs" ? makePairs(model) : await makeComparison(model, colours);
  const status = statusLine();
  const key = element("ul", { className: "rfe-legend" },
    element("li", {}, swatch("rfe-line", "var(--rfe-sampled)"), "this draw"),
    element("li", {}, swatch("rfe-line rfe-dashed", "var(--rfe-text)"), measures[0].centre_name),
    element("li", {}, swatch("rfe-band", "var(--rfe-muted)"), measures[0].band_name));
  el.append(
    element("div", { className: "rfe-explorer" },
      element("div", { className: "rfe-map" }, map.canvas,
        element("p", { className: "rfe-note", textContent: "Yellow line: around the lesions of the label." }), table.node),
      element("div", { className: "rfe-side" }, panel.node),
      element("div", { className: "rfe-over" }, curve.node, key)),
    status,
  );

  function draw() {
    const started = performance.now();
    const [strategy, stop, redraw, measure] = ["strategy", "stop", "redraw", "measure"].map((name) => model.get(name));
    const wanted = counts[strategy][stop].slice(0, 2);
    const drawn = counts[strategy][stop].slice(2);
    const n = drawn[0] + drawn[1];
    const classes = shuffled.map((places, lesion) =>
      places.subarray(redraw * available[lesion], redraw * available[lesion] + drawn[lesion]));
    map.paint(classes);
    table.cells.forEach((row, lesion) => {
      const texts = [available[lesion], wanted[lesion], drawn[lesion]].map(whole);
      [...texts, `${((100 * drawn[lesion]) / n).toFixed(1)}%`].forEach((text, at) => { row[at].textContent = text; });
      row[2].classList.toggle("rfe-short", drawn[lesion] < wanted[lesion]);
    });
    const tables = measures[measure];
    const [value, centre, low, high] = [tables.values[strategy][stop][redraw],
      ...["centre", "low", "high"].map((name) => tables[name][strategy][stop])];
    const text = (number) => number.toFixed(tables.digits);
    const short = names.filter((_, lesion) => drawn[lesion] < wanted[lesion])
      .map((name) => ` Too few ${name} pixels: ${whole(wanted[names.indexOf(name)])} wanted.`);
    status.textContent = `${strategies[strategy]}, n_E = ${whole(nE[stop])}: ${whole(drawn[0])} background and ${whole(drawn[1])} lesion pixels.${short.join("")} `
      + `${tables.name} ${text(value)}; ${tables.centre_name} ${text(centre)}, ${tables.band_name} between ${text(low)} and ${text(high)}.`;
    map.canvas.setAttribute("aria-label", `${model.get("label")} with drawn pixels: ${status.textContent}`);
    curve.update(measure, strategy, stop, redraw, status.textContent);
    const more = panel.update({ classes, counts: drawn, strategy, stop, redraw, measure, panel: model.get("panel"), stops: nE.length, redraws });
    Object.assign(el.dataset, { // what is on the screen now, for tests
      strategy: strategies[strategy], nE: nE[stop], redraw, measure, wanted: wanted.join(" "), drawn: drawn.join(" "), value, centre, low, high, ...more,
    });
    performance.measure("n_e_explorer", { start: started });
  }

  function follow(event) {
    model.set("stop", curve.nearest(event));
    model.save_changes();
  }
  curve.node.addEventListener("pointerdown", (event) => { curve.node.setPointerCapture(event.pointerId); follow(event); });
  curve.node.addEventListener("pointermove", (event) => { if (curve.node.hasPointerCapture(event.pointerId)) follow(event); });
  const stopListening = onChange(model, ["strategy", "stop", "redraw", "measure", "panel"], onceAFrame(draw));
  draw();
  return stopListening;
}

export default { render: withControls(render) };
