// Sampled losses beside the exact one. Every number and its text is Python's; this places and draws them.

/** A mark about (x, y), `size` wide. */
function mark(parent, shape, x, y, size, attributes) {
  const [r, t] = [size / 2, size / 6];
  const star = [-90, -54, -18, 18, 54, 90, 126, 162, 198, 234].map((degrees, at) => {
    const [angle, far] = [(degrees * Math.PI) / 180, at % 2 ? 0.45 * r : 1.1 * r];
    return `${x + far * Math.cos(angle)} ${y + far * Math.sin(angle)}`;
  });
  const paths = {
    circle: `M${x - r} ${y}a${r} ${r} 0 1 0 ${size} 0a${r} ${r} 0 1 0 ${-size} 0Z`,
    square: `M${x - r} ${y - r}h${size}v${size}h${-size}Z`,
    triangle: `M${x} ${y - r}L${x + r} ${y + r}H${x - r}Z`,
    diamond: `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`,
    cross: `M${x - t} ${y - r}h${2 * t}v${r - t}h${r - t}v${2 * t}h${t - r}v${r - t}h${-2 * t}v${t - r}h${t - r}v${-2 * t}h${r - t}Z`,
    star: `M${star.join("L")}Z`,
  };
  return svg(parent, "path", { d: paths[shape], ...attributes });
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [380, 240, 48, 16, 16, 36];

/** Axes of a chart over n_E: { figure, node, layer, x, y, nearest }. */
function makeChart(title, nE, ticks, { log, ticks: yTicks }, format) {
  const node = svg(null, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const figure = element("figure", {}, element("figcaption", { textContent: title }), node);
  const along = (value, ends, from, to, place) =>
    from + ((place(value) - place(ends[0])) / (place(ends[1]) - place(ends[0]))) * (to - from);
  const x = (n) => along(n, [nE[0], nE.at(-1)], LEFT + 8, WIDTH - RIGHT, Math.log);
  const ends = [yTicks[0], yTicks.at(-1)];
  const y = (value) => along(Math.min(ends[1], Math.max(ends[0], value)), ends, HEIGHT - BOTTOM, TOP, log ? Math.log : (v) => v);
  svg(node, "path", { class: "rfe-frame", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` });
  for (const tick of yTicks) {
    svg(node, "path", { class: "rfe-frame", d: `M${LEFT - 4} ${y(tick)}h4` });
    svg(node, "text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, format(tick));
  }
  for (const tick of ticks) {
    const last = tick === nE.at(-1);
    svg(node, "path", { class: "rfe-frame", d: `M${x(tick)} ${HEIGHT - BOTTOM}v4` });
    svg(node, "text", { x: x(tick), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, last ? "all" : tick >= 1000 ? `${tick / 1000}k` : tick);
  }
  svg(node, "text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, "n_E");
  const layer = svg(node, "g", {});
  const nearest = (event) => {
    const box = node.getBoundingClientRect();
    const pointer = ((event.clientX - box.left) / box.width) * WIDTH;
    const distance = nE.map((n) => Math.abs(x(n) - pointer));
    return distance.indexOf(Math.min(...distance));
  };
  return { figure, node, layer, x, y, nearest };
}

const line = (chart, points) => `M${points.map(([n, value]) => `${chart.x(n).toFixed(1)} ${chart.y(value).toFixed(1)}`).join("L")}`;

/** A swatch for a legend: the mark itself. */
function key(shape, colour, text) {
  const icon = svg(null, "svg", { width: 14, height: 14, "aria-hidden": "true" });
  mark(icon, shape, 7, 7, 10, { fill: colour });
  return element("li", {}, icon, text);
}

function render({ model, el }) {
  const read = (...names) => names.map((name) => model.get(name));
  const [strategies, nE, ticks, drawn, wanted, exact, draws, mean, spread] =
    read("strategies", "n_e", "ticks", "drawn", "wanted", "exact", "draws", "mean", "spread");
  const [errors, errorEnds, costs, axes] = read("errors", "error_ends", "costs", "axes");
  const last = nE.length - 1;
  const charts = [
    makeChart("Loss, mean over pairs. Dashed: exact; marks: single draws", nE, ticks, axes[0], (v) => v.toFixed(2)),
    makeChart("Relative error of the gradient (1: as large as itself)", nE, ticks, axes[1], String),
    makeChart("Time of one forward and backward pass, up to 10 s", nE, ticks, axes[2], (v) => (v < 1 ? `${1000 * v} ms` : `${v} s`)),
  ];
  const rows = ["pixels drawn (background + lesion)", "exact loss", "sampled loss, mean ± standard deviation",
    "relative error of the gradient, mean (range)", ...costs.map((c) => `time, ${c.name}`)];
  const cells = rows.map(() => element("td"));
  const table = element("table", { className: "rfe-numbers" },
    element("tbody", {}, ...rows.map((name, at) => {
      const head = element("th", { textContent: name });
      head.setAttribute("scope", "row");
      return element("tr", {}, head, cells[at]);
    })));
  const status = statusLine("rfe-spoken");
  el.append(
    element("div", { className: "rfe-charts" }, ...charts.map((c) => c.figure), element("div", { className: "rfe-about" }, table)),
    element("ul", { className: "rfe-legend" },
      ...strategies.map(([name, colour, shape]) => key(shape, colour, name))),
    element("ul", { className: "rfe-legend" }, ...costs.map((c) => key(c.mark, c.colour, `time, ${c.name}`)),
      element("li", {}, "dotted: continued with the square of n_E, not measured")),
    status,
  );

  function drawLoss(s, at) {
    const chart = charts[0];
    const [, colour, shape] = strategies[s];
    chart.layer.replaceChildren();
    const band = [1, -1].map((sign) => nE.map((n, k) => [n, mean[s][k] + sign * spread[s][k]]));
    svg(chart.layer, "path", { class: "rfe-band", fill: colour, d: `${line(chart, [...band[0], ...band[1].reverse()])}Z` });
    svg(chart.layer, "path", { class: "rfe-line", stroke: colour, d: line(chart, nE.map((n, k) => [n, mean[s][k]])) });
    svg(chart.layer, "path", { class: "rfe-expected", d: line(chart, nE.map((n, k) => [n, exact[s][k]])) });
    svg(chart.layer, "path", { class: "rfe-cursor", d: `M${chart.x(nE[at])} ${TOP}V${HEIGHT - BOTTOM}` });
    for (const value of draws[s][at]) {
      mark(chart.layer, shape, chart.x(nE[at]), chart.y(value), 6, { class: "rfe-draw", stroke: colour, "data-value": value });
    }
  }

  function drawErrors(s, at) {
    const chart = charts[1];
    chart.layer.replaceChildren();
    strategies.forEach(([, colour, shape], k) => {
      const faint = k === s ? "" : " rfe-faint";
      const points = nE.slice(0, last).map((n, j) => [n, errors[k][j]]);
      svg(chart.layer, "path", { class: `rfe-line${faint}`, stroke: colour, d: line(chart, points) });
      for (const [n, value] of points) mark(chart.layer, shape, chart.x(n), chart.y(value), 5, { fill: colour, class: faint.trim() });
    });
    svg(chart.layer, "path", { class: "rfe-cursor", d: `M${chart.x(nE[at])} ${TOP}V${HEIGHT - BOTTOM}` });
    const [, colour, shape] = strategies[s];
    const [x, low, high] = [chart.x(nE[at]), ...errorEnds[s][at].map(chart.y)];
    if (at < last) svg(chart.layer, "path", { class: "rfe-line", stroke: colour, d: `M${x} ${low}V${high}M${x - 4} ${low}h8M${x - 4} ${high}h8` });
    if (at < last) mark(chart.layer, shape, x, chart.y(errors[s][at]), 11, { fill: colour, class: "rfe-point" });
  }

  function drawCost(at) {
    const chart = charts[2];
    chart.layer.replaceChildren();
    svg(chart.layer, "path", { class: "rfe-cursor", d: `M${chart.x(nE[at])} ${TOP}V${HEIGHT - BOTTOM}` });
    const ceiling = axes[2].ticks.at(-1);
    for (const [number, cost] of costs.entries()) {
      const all = nE.map((n, k) => [n, cost.seconds[k]]);
      const known = all.filter((_, k) => cost.measured[k]);
      svg(chart.layer, "path", { class: "rfe-line", stroke: cost.colour, d: line(chart, known) });
      if (cost.leaves) {
        const guess = [known.at(-1), ...all.filter(([n], k) => !cost.measured[k] && n < cost.leaves), [cost.leaves, ceiling]];
        svg(chart.layer, "path", { class: "rfe-line rfe-guess", stroke: cost.colour, d: line(chart, guess) });
      }
      const [x, y] = [chart.x(nE[at]), chart.y(cost.seconds[at])];
      if (cost.seconds[at] <= ceiling) mark(chart.layer, cost.mark, x, y, 11, { fill: cost.colour, class: "rfe-point" });
      else {
        const height = TOP + 10 + 15 * number;
        mark(chart.layer, cost.mark, x - 62, height, 8, { fill: cost.colour });
        svg(chart.layer, "text", { x: x - 6, y: height + 4, "text-anchor": "end", class: "rfe-off" }, `↑ ${cost.texts[at]}`);
      }
    }
  }

  function draw() {
    const started = performance.now();
    const [s, at] = read("strategy", "stop");
    const [b, l] = drawn[s][at];
    const short = b + l < wanted[s][at][0] + wanted[s][at][1];
    const [exactText, meanText, spreadText] = [exact, mean, spread].map((values) => values[s][at].toFixed(4));
    const percent = (value) => `${(100 * value).toPrecision(3)}%`;
    const errorText = `${percent(errors[s][at])} (${errorEnds[s][at].map(percent).join(" to ")})`;
    const off = costs.filter((c) => c.seconds[at] > axes[2].ticks.at(-1)).map((c) => c.name);
    drawLoss(s, at);
    drawErrors(s, at);
    drawCost(at);
    [`${whole(b)} + ${whole(l)}${short ? `: too few pixels, ${wanted[s][at].map(whole).join(" + ")} wanted` : ""}`, exactText,
      `${meanText} ± ${spreadText} (${draws[s][at].length} draws)`, errorText,
      ...costs.map((c) => `${c.texts[at]}${c.measured[at] ? "" : " (not measured)"}`),
    ].forEach((text, row) => { cells[row].textContent = text; });
    status.textContent = `${strategies[s][0]}, n_E = ${whole(nE[at])}: exact loss ${exactText}, sampled ${meanText} ± ${spreadText}; `
      + `gradient error ${errorText}. ${costs.map((c) => `${c.name}: ${c.texts[at]}`).join("; ")}.${off.length ? ` Off the screen: ${off.join(" and ")}.` : ""}`;
    charts.forEach((chart, k) => chart.node.setAttribute("aria-label", `${["Loss", "Gradient error", "Time"][k]} against n_E. ${model.get("label")}. ${status.textContent}`));
    Object.assign(el.dataset, { // what is on the screen now, for tests
      strategy: strategies[s][0], nE: nE[at], drawn: drawn[s][at].join(" "), exact: exact[s][at], mean: mean[s][at], spread: spread[s][at],
      error: errors[s][at], seconds: costs.map((c) => c.seconds[at]).join(" "), off: off.length,
    });
    performance.measure("exact_explorer", { start: started });
  }

  for (const chart of charts) {
    const follow = (event) => {
      model.set("stop", chart.nearest(event));
      model.save_changes();
    };
    chart.node.addEventListener("pointerdown", (event) => { chart.node.setPointerCapture(event.pointerId); follow(event); });
    chart.node.addEventListener("pointermove", (event) => { if (chart.node.hasPointerCapture(event.pointerId)) follow(event); });
  }
  const stopListening = onChange(model, ["strategy", "stop"], onceAFrame(draw));
  draw();
  return stopListening;
}

export default { render: withControls(render) };
