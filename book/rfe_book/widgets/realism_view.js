// A phantom slice beside two histograms and a table. Every number and its text is Python's; this draws them.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [360, 260, 14, 12, 12, 40];

async function render({ model, el }) {
  const read = (...names) => names.map((name) => model.get(name));
  const [kinds, modalities, captions, shares, real] = read("kinds", "modalities", "captions", "shares", "real");
  const [ends, width, figures, far, colours, label] = read("ends", "width", "figures", "far", "colours", "label");
  const count = modalities.length * captions.length;
  const stacks = await Promise.all(model.get("stacks").map((uri) => decodeStack(uri, count)));
  const [phantomColour, realColour] = colours.map(([, colour]) => colour);

  const canvas = element("canvas", { role: "img", tabIndex: 0, width: stacks[0].width, height: stacks[0].height });
  const context = canvas.getContext("2d");
  const frame = new ImageData(canvas.width, canvas.height);
  const chart = svg(null, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const [picture, curve] = [element("figcaption"), element("figcaption", { textContent: "Share of the brain by intensity over white matter" })];
  const table = element("table", { className: "rfe-compared" });
  const status = statusLine();
  el.append(
    element("div", { className: "rfe-beside" },
      element("figure", {}, picture, canvas),
      element("figure", {}, curve, chart, legend([["this phantom", phantomColour], ["real patient, numbers only", realColour]]))),
    status, table,
  );

  /** The outline of a histogram as steps; closed down to the axis if it is to be filled. */
  function steps(values, x, y, end, closed) {
    let path = `M${x(0).toFixed(1)} ${y(closed ? 0 : values[0]).toFixed(1)}`;
    for (let k = 0; k < values.length && k * width < end - 1e-9; k++) {
      path += `L${x(k * width).toFixed(1)} ${y(values[k]).toFixed(1)}H${x(Math.min(end, (k + 1) * width)).toFixed(1)}`;
    }
    return closed ? `${path}V${y(0).toFixed(1)}Z` : path;
  }

  function drawChart(kind, modality) {
    const [end, top] = ends[modality];
    const x = (value) => LEFT + (value / end) * (WIDTH - LEFT - RIGHT);
    const y = (share) => HEIGHT - BOTTOM - Math.sqrt(share / top) * (HEIGHT - TOP - BOTTOM); // the root: small shares are seen
    chart.replaceChildren();
    svg(chart, "path", { class: "rfe-bars", fill: phantomColour, d: steps(shares[kind][modality], x, y, end, true) });
    svg(chart, "path", { class: "rfe-steps", stroke: realColour, d: steps(real[modality], x, y, end, false) });
    svg(chart, "path", { class: "rfe-frame", d: `M${LEFT} ${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` });
    for (let tick = 0; tick <= end + 1e-9; tick += 0.5) {
      svg(chart, "path", { class: "rfe-frame", d: `M${x(tick)} ${HEIGHT - BOTTOM}v5` });
      svg(chart, "text", { x: x(tick), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, String(tick));
    }
    svg(chart, "text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, `${modalities[modality]} / white matter (height: square root)`);
  }

  function fillTable(kind, modality) {
    const cells = (texts) => texts.map((text, k) => {
      const cell = element(k ? "td" : "th", { textContent: text });
      if (!k) cell.setAttribute("scope", "row");
      return cell;
    });
    const head = ["", "this phantom", "real", "ratio"].map((text) => element("th", { textContent: text }));
    table.replaceChildren(
      element("caption", { textContent: `Measured in whole ${modalities[modality]} images of this kind` }),
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...figures[kind][modality].map((row) => element("tr", {}, ...cells(row)))),
    );
  }

  function draw() {
    const [kind, modality, index] = read("kind", "modality", "index");
    frame.data.set(imageOf(stacks[kind], modality * captions.length + index));
    context.putImageData(frame, 0, 0);
    picture.textContent = `Phantom, ${kinds[kind]}, ${modalities[modality]}`;
    drawChart(kind, modality);
    fillTable(kind, modality);
    status.textContent = `${kinds[kind]}, ${modalities[modality]}, ${captions[index]}; distance from the real scan ${far[kind]}`;
    canvas.setAttribute("aria-label", `${label}: ${status.textContent}`);
    chart.setAttribute("aria-label", `Histograms of ${modalities[modality]}, phantom and real patient. The table below has their measures.`);
    Object.assign(el.dataset, { kind, modality, index, far: far[kind] }); // what is on the screen now, for tests
  }

  stepByKeys(canvas, model, captions.length);
  const stop = onChange(model, ["kind", "modality", "index"], onceAFrame(draw));
  draw();
  return stop;
}

export default { render: withControls(render) };
