// The prior of one slice. Python computed how many thresholds each pixel's response reaches; this compares, counts and draws.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [380, 220, 36, 12, 22, 34];

/** Dice, precision and recall at every threshold, from how many pixels and lesion pixels have each level. */
function scoresOf(levels, places, stops) {
  const [all, lesion] = [new Uint32Array(stops + 1), new Uint32Array(stops + 1)];
  let truth = 0;
  levels.forEach((level, at) => {
    if (!places[at]) return;
    all[level] += 1;
    if (places[at] === 2) { lesion[level] += 1; truth += 1; }
  });
  const scores = [];
  let [marked, found] = [0, 0];
  for (let k = stops - 1; k >= 0; k--) {
    marked += all[k + 1];
    found += lesion[k + 1];
    scores[k] = { marked, found, truth, values: [2 * found / (marked + truth), marked ? found / marked : 0, found / truth] };
  }
  return scores;
}

async function render({ model, el }) {
  const read = (...names) => names.map((name) => model.get(name));
  const [counts, sizes, thresholds, chosen] = read("counts", "sizes", "thresholds", "chosen");
  const [colours, curves, zoom, label] = read("colours", "curves", "zoom", "label");
  const palette = [null, ...colours.map(([, colour]) => rgb(colour))];
  const image = await decodeStack(model.get("image"), 1);
  const places = firstChannel((await decodeStack(model.get("places"), 1)).pixels);
  const stack = await decodeStack(model.get("levels"), counts.length * sizes.length);
  const maps = counts.map((_, c) => sizes.map((_, s) => firstChannel(imageOf(stack, c * sizes.length + s))));
  const scores = maps.map((row) => row.map((levels) => scoresOf(levels, places, thresholds.length)));
  const { width, height } = image;

  const canvas = element("canvas", { className: "rfe-slice", role: "img", width: zoom * width, height: zoom * height });
  const context = canvas.getContext("2d");
  const frame = new ImageData(canvas.width, canvas.height);
  const status = statusLine();
  const names = ["pixels marked", "lesion pixels marked", ...curves.map(([name]) => name)];
  const cells = names.map(() => element("td"));
  const table = element("table", { className: "rfe-numbers" }, element("tbody", {}, ...names.map((name, at) => {
    const head = element("th", { textContent: name });
    head.setAttribute("scope", "row");
    return element("tr", {}, head, cells[at]);
  })));
  const back = element("button", { type: "button", onclick: () => choose(chosenStop()) });
  const chart = makeChart();
  el.append(status, element("div", { className: "rfe-prior" },
    element("div", {}, canvas, patternLegend(colours)),
    element("div", {}, chart.figure, curveLegend(), back, table)));

  function chosenStop() {
    const [count, size] = read("count", "size");
    return chosen[count][size];
  }

  /** The stop of the slider that the threshold is. */
  function stopNow() {
    const distance = thresholds.map((t) => Math.abs(t - model.get("threshold")));
    return distance.indexOf(Math.min(...distance));
  }

  function choose(stop) {
    model.set("threshold", thresholds[Math.min(thresholds.length - 1, Math.max(0, stop))]);
    model.save_changes();
  }

  function curveLegend() {
    const items = curves.map(([name, colour, dashes]) => {
      const icon = svg(null, "svg", { width: 26, height: 10, "aria-hidden": "true" });
      svg(icon, "path", { d: "M0 5H26", stroke: colour, "stroke-width": 2, "stroke-dasharray": dashes });
      return element("li", {}, icon, name);
    });
    return element("ul", { className: "rfe-legend" }, ...items);
  }

  function makeChart() {
    const node = svg(null, "svg", { class: "rfe-chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    const figure = element("figure", {}, element("figcaption", { textContent: "In this slice, against the threshold" }), node);
    const x = (stop) => LEFT + (stop / (thresholds.length - 1)) * (WIDTH - LEFT - RIGHT);
    const y = (value) => HEIGHT - BOTTOM - value * (HEIGHT - TOP - BOTTOM);
    svg(node, "path", { class: "rfe-frame", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` });
    for (const tick of [0, 0.5, 1]) {
      svg(node, "path", { class: "rfe-frame", d: `M${LEFT - 4} ${y(tick)}h4` });
      svg(node, "text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, tick);
    }
    for (let stop = 0; stop < thresholds.length; stop += 50) {
      svg(node, "path", { class: "rfe-frame", d: `M${x(stop)} ${HEIGHT - BOTTOM}v4` });
      svg(node, "text", { x: x(stop), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, thresholds[stop].toFixed(1));
    }
    svg(node, "text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, "threshold");
    const layer = svg(node, "g", {});
    const follow = (event) => {
      const box = node.getBoundingClientRect();
      const pointer = ((event.clientX - box.left) / box.width) * WIDTH;
      choose(Math.round(((pointer - LEFT) / (WIDTH - LEFT - RIGHT)) * (thresholds.length - 1)));
    };
    node.addEventListener("pointerdown", (event) => { node.setPointerCapture(event.pointerId); follow(event); });
    node.addEventListener("pointermove", (event) => { if (node.hasPointerCapture(event.pointerId)) follow(event); });
    return { figure, node, layer, x, y };
  }

  function paint(levels, stop, background, marked) {
    const flair = imageOf(image, 0);
    const [low, high] = [8, 248]; // so that neither end of the levels is lost on the screen
    for (let y = 0, at = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width; x++, at += 4) {
        const from = Math.floor(y / zoom) * width + Math.floor(x / zoom);
        const response = places[from] ? low + ((high - low) * levels[from]) / thresholds.length : 0;
        const gray = background ? response : flair[4 * from];
        frame.data[at] = frame.data[at + 1] = frame.data[at + 2] = gray;
        frame.data[at + 3] = 255;
      }
    }
    if (marked) {
      const kinds = levels.map((level, at) => {
        const [over, truth] = [level > stop, places[at] === 2];
        return over ? (truth ? FOUND : FALSE_POSITIVE) : truth ? MISSED : 0;
      });
      eachInked(kinds, width, height, zoom, (at, kind) => frame.data.set(palette[kind], 4 * at));
    }
    context.putImageData(frame, 0, 0);
  }

  function drawChart(own, stop) {
    chart.layer.replaceChildren();
    const [x, v1] = [chart.x(stop), chart.x(chosenStop())];
    svg(chart.layer, "path", { class: "rfe-v1", d: `M${v1} ${TOP}V${HEIGHT - BOTTOM}` });
    svg(chart.layer, "text", { x: Math.min(WIDTH - 50, Math.max(50, v1)), y: TOP - 8, "text-anchor": "middle" }, "chosen on V1");
    const some = own.filter((score) => score.marked > 0); // where nothing is marked there is nothing to score
    curves.forEach(([, colour, dashes], k) => {
      const points = some.map((score, at) => `${chart.x(at).toFixed(1)} ${chart.y(score.values[k]).toFixed(1)}`);
      svg(chart.layer, "path", { class: "rfe-line", stroke: colour, "stroke-dasharray": dashes, d: `M${points.join("L")}` });
    });
    svg(chart.layer, "path", { class: "rfe-cursor", d: `M${x} ${TOP}V${HEIGHT - BOTTOM}` });
    if (own[stop].marked) curves.forEach(([, colour], k) => {
      svg(chart.layer, "circle", { class: "rfe-point", cx: x, cy: chart.y(own[stop].values[k]), r: 4, fill: colour });
    });
  }

  function draw() {
    const started = performance.now();
    const [count, size, background, marked] = read("count", "size", "background", "marked");
    const [stop, own] = [stopNow(), scores[count][size]];
    const { marked: n, found, truth, values } = own[stop];
    paint(maps[count][size], stop, background, marked);
    drawChart(own, stop);
    [whole(n), `${whole(found)} of ${whole(truth)}`, ...values.map((v) => v.toFixed(3))]
      .forEach((text, at) => { cells[at].textContent = text; });
    const isChosen = stop === chosenStop();
    const templates = `${counts[count]} template${counts[count] > 1 ? "s" : ""} of ${Array(3).fill(sizes[size]).join(" × ")}`;
    status.textContent = `${templates}, threshold ${thresholds[stop].toFixed(3)}${isChosen ? " (chosen on V1)" : ""}: `
      + curves.map(([name], k) => `${name} ${values[k].toFixed(3)}`).join(", ");
    back.textContent = isChosen ? "At the threshold chosen on V1" : `Back to the threshold chosen on V1: ${thresholds[chosenStop()].toFixed(3)}`;
    back.disabled = isChosen;
    canvas.setAttribute("aria-label", `${label}: ${background ? "response" : "FLAIR"}. ${status.textContent}`);
    chart.node.setAttribute("aria-label", `Dice, precision and recall against the threshold. ${status.textContent}`);
    Object.assign(el.dataset, { // what is on the screen, for tests
      count: counts[count], size: sizes[size], threshold: thresholds[stop], pixels: n, found, truth, background, marked,
      dice: values[0], precision: values[1], recall: values[2],
    });
    performance.measure("prior_explorer", { start: started });
  }

  const stopFollowing = onChange(model, ["count", "size"], () => choose(chosenStop()));
  const stopDrawing = onChange(model, ["count", "size", "threshold", "background", "marked"], onceAFrame(draw));
  draw();
  return () => { stopFollowing(); stopDrawing(); };
}

export default { render: withControls(render) };
