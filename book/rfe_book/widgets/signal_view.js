// Blends four tissue maps with signals from Python's table and draws the curves of the same table.
// No signal is computed here: values are looked up, mixed by volume fraction, and scaled to gray.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 260, 34, 18, 42, 34];
const ROOM = 30; // between two letters above a chart

/** Axes, one empty curve a tissue, scanner marks and a cursor over `grid` (ms); `top` ends the signal axis. */
function makeChart(title, grid, top, tissues, marks) {
  const node = svg(null, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const [first, last] = [grid[0], grid.at(-1)];
  const x = (ms) => LEFT + ((ms - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (signal) => HEIGHT - BOTTOM - (signal / top) * (HEIGHT - BOTTOM - TOP);
  const clip = (value) => value.toFixed(1);
  svg(node, "text", { x: LEFT, y: 12 }, title);
  for (let tick = 0; tick <= 10 * top + 1e-6; tick++) {
    svg(node, "text", { x: LEFT - 6, y: y(tick / 10) + 4, "text-anchor": "end" }, (tick / 10).toFixed(1));
    svg(node, "path", { class: "rfe-axis", d: `M${LEFT - 3} ${y(tick / 10)}h3` });
  }
  const spacing = [20, 50, 100, 500, 1000].find((step) => (last - first) / step <= 9);
  for (let ms = Math.ceil(first / spacing) * spacing; ms <= last; ms += spacing) {
    svg(node, "text", { x: x(ms), y: HEIGHT - BOTTOM + 15, "text-anchor": "middle" }, ms);
    svg(node, "path", { class: "rfe-axis", d: `M${x(ms)} ${HEIGHT - BOTTOM}v3` });
  }
  svg(node, "path", { class: "rfe-axis", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` });
  svg(node, "text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, "ms");
  let [row, before] = [0, -Infinity];
  const letters = marks.flatMap(({ at, names }) => {
    row = x(grid[at]) - before < ROOM ? 1 - row : 0; // close ones stand on two rows
    before = x(grid[at]);
    svg(node, "path", { class: "rfe-axis", "stroke-dasharray": "1 3", d: `M${x(grid[at])} ${TOP}V${HEIGHT - BOTTOM}` });
    const text = svg(node, "text", { x: x(grid[at]), y: TOP - 4 - 12 * row, "text-anchor": "middle" });
    return names.map(({ name, field }, n) => {
      const letter = svg(text, "tspan", {}, name);
      if (n) letter.setAttribute("dx", 4);
      return { field, letter };
    });
  });
  const cursor = svg(node, "path", { class: "rfe-cursor" });
  const plot = svg(node, "svg", { x: 0, y: TOP, width: WIDTH, height: HEIGHT - BOTTOM - TOP + 4, class: "rfe-plot" });
  plot.setAttribute("viewBox", `0 ${TOP} ${WIDTH} ${HEIGHT - BOTTOM - TOP + 4}`); // cuts what passes the axis
  const curves = tissues.map(([, colour, dashes]) =>
    svg(plot, "path", { class: "rfe-curve", stroke: colour, "stroke-dasharray": dashes }));
  const dots = tissues.map(([, colour]) => svg(plot, "circle", { r: 4, fill: colour }));

  /** `signal(at, tissue)` looks a value up; `now` is the position of the cursor on the grid. */
  function update(signal, now, field) {
    tissues.forEach((_, tissue) => {
      const points = grid.map((ms, at) => `${clip(x(ms))} ${clip(y(signal(at, tissue)))}`);
      curves[tissue].setAttribute("d", `M${points.join("L")}`);
      dots[tissue].setAttribute("cx", x(grid[now]));
      dots[tissue].setAttribute("cy", y(signal(now, tissue)));
    });
    cursor.setAttribute("d", `M${x(grid[now])} ${TOP}V${HEIGHT - BOTTOM}`);
    for (const { field: own, letter } of letters) letter.classList.toggle("rfe-other", own !== field);
  }

  /** Position on the grid nearest to a pointer. */
  function nearest(event) {
    const box = node.getBoundingClientRect();
    const pointer = ((event.clientX - box.left) / box.width) * WIDTH;
    const distance = grid.map((ms) => Math.abs(x(ms) - pointer));
    return distance.indexOf(Math.min(...distance));
  }
  return { node, update, nearest };
}

/** Scanners by their place on a grid, in its order: [{ at, names: [{ name, field }] }]. */
function marksOf(scanners, knob) {
  const places = [...new Set(scanners.map((place) => place[knob]))].sort((a, b) => a - b);
  return places.map((at) => ({ at, names: scanners.filter((place) => place[knob] === at) }));
}

async function render({ model, el }) {
  const [teGrid, tiGrid, fields] = [model.get("te_ms"), model.get("ti_ms"), model.get("fields_t")];
  const [tissues, scanners, label] = [model.get("tissues"), model.get("scanners"), model.get("label")];
  const [signalSteps, ratioSteps] = model.get("steps");
  const ratioTop = model.get("ratio_top");
  const times = (ratio, beyond) => (ratio < ratioTop ? ratio.toFixed(2) : `${beyond} ${ratioTop}`);
  const table = typed(model.get("table"), Uint16Array);
  const maps = await decodeStack(model.get("maps"), tissues.length);
  const fractions = tissues.map((_, tissue) => imageOf(maps, tissue).filter((_, at) => at % 4 === 0));

  const canvas = element("canvas", { className: "rfe-pixels", role: "img", width: maps.width, height: maps.height });
  const context = canvas.getContext("2d");
  const frame = new ImageData(maps.width, maps.height);
  const status = statusLine();
  const top = model.get("signal_top");
  const charts = {
    ti: makeChart("Signal against inversion time TI", tiGrid, top, tissues, marksOf(scanners, "ti")),
    te: makeChart("Signal against echo time TE", teGrid, top, tissues, marksOf(scanners, "te")),
  };
  const buttons = scanners.map((place) => {
    const button = element("button", { type: "button", textContent: place.name, ariaLabel: `Settings of scanner ${place.name}` });
    button.addEventListener("click", () => move({ te: place.te, ti: place.ti, field: place.field }));
    return button;
  });
  const cells = tissues.map(() => [element("td"), element("td")]);
  const rows = tissues.map(([name, colour, dashes], tissue) => {
    const sample = svg(null, "svg", { viewBox: "0 0 30 8", "aria-hidden": "true" });
    svg(sample, "path", { class: "rfe-curve", stroke: colour, "stroke-dasharray": dashes, d: "M0 4H30" });
    return element("tr", {}, element("th", { scope: "row" }, sample, name), ...cells[tissue]);
  });
  const heads = ["tissue", "signal", "÷ white matter"].map((text) => element("th", { scope: "col", textContent: text }));
  const values = element("table", { className: "rfe-values" },
    element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
  el.append(
    element("div", { className: "rfe-presets", role: "group", ariaLabel: "Settings of a scanner" }, "Set to scanner", ...buttons),
    status,
    element("div", { className: "rfe-signal" },
      element("div", { className: "rfe-left" }, canvas, values),
      element("div", { className: "rfe-right" }, charts.ti.node, charts.te.node)),
  );

  function move(changes) {
    for (const [trait, value] of Object.entries(changes)) model.set(trait, value);
    model.save_changes();
  }

  function draw() {
    const started = performance.now();
    const [te, ti, field] = [model.get("te"), model.get("ti"), model.get("field")];
    const n = tissues.length;
    const cell = (atTe, atTi) => 2 * n * ((field * teGrid.length + atTe) * tiGrid.length + atTi);
    const signal = (atTe, atTi, tissue) => table[cell(atTe, atTi) + tissue] / signalSteps;
    const ratios = tissues.map((_, tissue) => table[cell(te, ti) + n + tissue] / ratioSteps);
    const weights = ratios.map((ratio) => (ratio * model.get("gray")) / 255);
    const data = frame.data;
    for (let pixel = 0, at = 0; at < data.length; pixel++, at += 4) {
      let gray = 0;
      for (let tissue = 0; tissue < n; tissue++) gray += weights[tissue] * fractions[tissue][pixel];
      data[at] = data[at + 1] = data[at + 2] = gray; // values above 255 are cut by the array
      data[at + 3] = 255;
    }
    context.putImageData(frame, 0, 0);
    charts.ti.update((at, tissue) => signal(te, at, tissue), ti, field);
    charts.te.update((at, tissue) => signal(at, ti, tissue), te, field);
    tissues.forEach((_, tissue) => {
      cells[tissue][0].textContent = signal(te, ti, tissue).toFixed(3);
      cells[tissue][1].textContent = times(ratios[tissue], ">");
    });
    const setting = `TE ${teGrid[te]} ms, TI ${tiGrid[ti]} ms, ${fields[field]} T`;
    status.textContent = `${setting}: lesion tissue is ${times(ratios.at(-1), "more than")} times as bright as white matter.`;
    canvas.setAttribute("aria-label", `${label}, ${setting}`);
    for (const [knob, chart] of Object.entries(charts)) {
      const name = { ti: "inversion time", te: "echo time" }[knob];
      chart.node.setAttribute("aria-label", `Signal of four tissues against ${name}; ${setting}`);
    }
    scanners.forEach((place, at) =>
      buttons[at].setAttribute("aria-pressed", place.te === te && place.ti === ti && place.field === field));
    Object.assign(el.dataset, { // what is on the screen now, for tests
      te: teGrid[te], ti: tiGrid[ti], field: fields[field],
      signals: tissues.map((_, tissue) => signal(te, ti, tissue)).join(" "), ratios: ratios.join(" "),
    });
    performance.measure("signal_view", { start: started });
  }

  for (const [knob, { node, nearest }] of Object.entries(charts)) {
    const follow = (event) => move({ [knob]: nearest(event) });
    node.addEventListener("pointerdown", (event) => { node.setPointerCapture(event.pointerId); follow(event); });
    node.addEventListener("pointermove", (event) => { if (node.hasPointerCapture(event.pointerId)) follow(event); });
  }
  const stop = onChange(model, ["te", "ti", "field"], onceAFrame(draw));
  draw();
  return stop;
}

export default { render: withControls(render) };
