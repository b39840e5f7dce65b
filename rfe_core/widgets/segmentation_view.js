// Draws one slice and marks what a model found, what it invented and what it missed. Nothing is computed here but
// the patterns of the marks: found is filled, false positives are striped, misses are hollow.

const [FALSE_POSITIVE, MISSED] = [2, 3];

/** Call paint(at, kind) for each inked pixel of a map of outcomes (one value a pixel) drawn `zoom` times as large. */
function eachInked(kinds, width, height, zoom, paint) {
  const [right, bottom] = [zoom * width, zoom * height];
  const kindAt = (x, y) =>
    x < 0 || y < 0 || x >= right || y >= bottom ? 0 : kinds[Math.floor(y / zoom) * width + Math.floor(x / zoom)];
  for (let start = 0; start < kinds.length; start++) {
    const kind = kinds[start];
    if (!kind) continue;
    const [column, row] = [start % width, Math.floor(start / width)];
    for (let y = zoom * row; y < zoom * (row + 1); y++) {
      for (let x = zoom * column; x < zoom * (column + 1); x++) {
        const around = [[x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]];
        const edge = around.some((place) => kindAt(...place) !== kind);
        const striped = kind === FALSE_POSITIVE && (x + y) % 4 < 2;
        if (kind < FALSE_POSITIVE || edge || striped) paint(y * right + x, kind);
        if (kind !== MISSED) continue;
        for (const [u, v] of around) { // so that the outline of a single pixel is seen
          if (kindAt(u, v) === 0 && u >= 0 && v >= 0 && u < right && v < bottom) paint(v * right + u, kind);
        }
      }
    }
  }
}

/** The first channel of RGBA pixels. */
function firstChannel(pixels) {
  return Uint8Array.from({ length: pixels.length / 4 }, (_, at) => pixels[4 * at]);
}

async function render({ model, el }) {
  const [captions, names, scores] = ["captions", "model_names", "scores"].map((trait) => model.get(trait));
  const [columns, imageNames, zoom] = ["columns", "image_names", "zoom"].map((trait) => model.get(trait));
  const colours = model.get("colours");
  const palette = [null, ...colours.map(([, colour]) => rgb(colour))];
  const count = captions[0].length;
  const stacks = await Promise.all(model.get("stacks").map((uri) => decodeStack(uri, imageNames.length * count)));
  const outcomes = await Promise.all(model.get("outcomes").map((uri) => decodeStack(uri, names[0].length * count)));
  const { width, height } = stacks[0];

  const canvas = element("canvas", { role: "img", tabIndex: 0, width: zoom * width, height: zoom * height });
  const context = canvas.getContext("2d");
  const frame = new ImageData(canvas.width, canvas.height);
  const table = element("table", { className: "rfe-scores" });
  const status = statusLine();
  el.classList.add("rfe");
  const side = element("div", {}, table, patternLegend());
  el.append(status, element("div", { className: "rfe-case" }, canvas, side));

  function patternLegend() {
    const items = colours.map(([name], number) => {
      const pattern = element("canvas", { width: 18, height: 18 });
      const data = new ImageData(18, 18);
      for (let at = 0; at < data.data.length; at += 4) data.data.set([60, 60, 60, 255], at);
      eachInked(new Uint8Array(36).fill(number + 1), 6, 6, 3, (at, kind) => data.data.set([...palette[kind], 255], 4 * at));
      pattern.getContext("2d").putImageData(data, 0, 0);
      const swatch = element("i");
      swatch.style.backgroundImage = `url(${pattern.toDataURL()})`;
      swatch.setAttribute("aria-hidden", "true");
      return element("li", {}, swatch, name);
    });
    return element("ul", { className: "rfe-legend" }, ...items);
  }

  function paint(domain, which, image, index, marked) {
    const pixels = imageOf(stacks[domain], image * count + index);
    for (let y = 0, at = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width; x++, at += 4) {
        const from = 4 * (Math.floor(y / zoom) * width + Math.floor(x / zoom));
        for (let c = 0; c < 3; c++) frame.data[at + c] = pixels[from + c];
        frame.data[at + 3] = 255;
      }
    }
    if (marked) {
      const kinds = firstChannel(imageOf(outcomes[domain], which * count + index));
      eachInked(kinds, width, height, zoom, (at, kind) => frame.data.set(palette[kind], 4 * at));
    }
    context.putImageData(frame, 0, 0);
  }

  function fillTable(domain, which, index) {
    const cell = (tag, text, number) =>
      element(tag, { textContent: text, className: number === which ? "rfe-shown" : "" });
    const head = names[domain].map((name, number) => cell("th", name, number));
    const rows = columns.map((name, row) => {
      const texts = names[domain].map((_, number) => cell("td", scores[domain][number * count + index][row], number));
      return element("tr", {}, element("th", { textContent: name, scope: "row" }), ...texts);
    });
    table.replaceChildren(
      element("caption", { textContent: "In this slice" }),
      element("thead", {}, element("tr", {}, element("td"), ...head)),
      element("tbody", {}, ...rows),
    );
  }

  function draw() {
    const traits = ["domain", "model", "image", "index", "marked"];
    const [domain, which, image, index, marked] = traits.map((trait) => model.get(trait));
    const started = performance.now();
    paint(domain, which, image, index, marked);
    fillTable(domain, which, index);
    const [name, text] = [names[domain][which], `${captions[domain][index]}: ${imageNames[image]}`];
    status.textContent = `${text}, ${name}, ${columns[0]} ${scores[domain][which * count + index][0]}`;
    canvas.setAttribute("aria-label", `${model.get("label")}: ${text}, ${name}`);
    Object.assign(el.dataset, { domain, model: which, image, index, marked }); // what is on the screen, for tests
    performance.measure("segmentation_view", { start: started });
  }

  function step(event) {
    const move = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    model.set("index", Math.min(count - 1, Math.max(0, model.get("index") + move)));
    model.save_changes();
  }

  canvas.addEventListener("keydown", step);
  const stop = onChange(model, ["domain", "model", "image", "index", "marked"], onceAFrame(draw));
  draw();
  return stop;
}

export default { render };
