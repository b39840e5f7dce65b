// Draws one slice and marks what a model found, what it invented and what it missed (_outcome_marks.js).

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
  const side = element("div", {}, table, patternLegend(colours));
  el.append(status, element("div", { className: "rfe-case" }, canvas, side));

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

  stepByKeys(canvas, model, count);
  const stop = onChange(model, ["domain", "model", "image", "index", "marked"], onceAFrame(draw));
  draw();
  return stop;
}

export default { render: withControls(render) };
