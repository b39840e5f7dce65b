// Draws the same slice of two scanners. State lives in the traits; nothing is computed here.

async function render({ model, el }) {
  const names = model.get("names");
  const captions = model.get("captions");
  const imageNames = model.get("image_names");
  const colour = rgb(model.get("colour"));
  const stacks = await Promise.all(
    model.get("stacks").map((uri) => decodeStack(uri, imageNames.length * captions.length)),
  );
  const outlines = await decodeStack(model.get("outlines"), captions.length);

  const panes = [0, 1].map(() => {
    const title = element("div", { className: "rfe-title" });
    const canvas = element("canvas", { role: "img", width: outlines.width, height: outlines.height });
    return { title, canvas, context: canvas.getContext("2d"), frame: new ImageData(outlines.width, outlines.height) };
  });
  panes[1].canvas.tabIndex = 0;
  const table = element("table", { className: "rfe-figures" });
  const status = statusLine();
  el.append(
    element("div", { className: "rfe-panes" }, ...panes.map((p) => element("div", {}, p.title, p.canvas))),
    status,
    table,
  );

  /** One slice at twice its size, with the outlines over it. */
  function paint(pane, scanner, image, index, outlined) {
    const { width } = stacks[scanner];
    const pixels = imageOf(stacks[scanner], image * captions.length + index);
    const marks = imageOf(outlines, index);
    const data = pane.frame.data;
    for (let row = 0, at = 0; row < outlines.height; row++) {
      for (let column = 0; column < outlines.width; column++, at += 4) {
        const from = 4 * ((row >> 1) * width + (column >> 1));
        for (let c = 0; c < 3; c++) data[at + c] = outlined && marks[at] ? colour[c] : pixels[from + c];
        data[at + 3] = 255;
      }
    }
    pane.context.putImageData(pane.frame, 0, 0);
    pane.title.textContent = names[scanner];
    pane.canvas.setAttribute("aria-label", `${model.get("label")}: ${imageNames[image]}, scanner ${names[scanner]}`);
  }

  function fillTable(image, shown) {
    const cell = (tag, text, scanner) =>
      element(tag, { textContent: text, className: shown.includes(scanner) ? "rfe-shown" : "" });
    const letters = names.map((name, scanner) => cell("th", name.split(":")[0], scanner));
    const rows = model.get("figures")[image].map(([name, ...values]) =>
      element("tr", {}, element("th", { textContent: name, scope: "row" }), ...values.map((v, s) => cell("td", v.replace(/^-/, "−"), s))));
    table.replaceChildren(
      element("caption", { textContent: `Measured in the whole ${imageNames[image]} image of each scanner` }),
      element("thead", {}, element("tr", {}, element("td"), ...letters)),
      element("tbody", {}, ...rows),
    );
  }

  function draw() {
    const [scanner, image, index] = [model.get("scanner") + 1, model.get("image"), model.get("index")];
    const outlined = model.get("outlined");
    paint(panes[0], 0, image, index, outlined);
    paint(panes[1], scanner, image, index, outlined);
    fillTable(image, [0, scanner]);
    status.textContent = `${imageNames[image]}, ${captions[index]}`;
    Object.assign(el.dataset, { scanner, image, index, outlined }); // what is on the screen now, for tests
  }

  stepByKeys(panes[1].canvas, model, captions.length);
  const stop = onChange(model, ["scanner", "image", "index", "outlined"], onceAFrame(draw));
  draw();
  return stop;
}

export default { render: withControls(render) };
