// Draws tabulated maps of embeddings beside the slice they belong to. Nothing is computed here: values are looked
// up, cut at zero ("after ReLU"), and coloured by a table from Python.

const ZERO = 128; // what stands for 0 in a map

async function render({ model, el }) {
  const [views, pixels, captions] = [model.get("views"), model.get("pixels"), model.get("captions")];
  const [slices, tables, heads] = [model.get("slices"), model.get("tables"), model.get("heads")];
  const firstPixel = views.length - pixels.length;
  const line = rgb(model.get("colour"));
  const [own, other] = model.get("mark_colours").map(rgb);
  const palette = model.get("palette");
  const colours = new Uint8Array(palette.buffer, palette.byteOffset, palette.byteLength);
  const images = await decodeStack(model.get("images"), slices.length);
  const outlines = await decodeStack(model.get("outlines"), slices.length);
  const maps = await Promise.all(model.get("maps").map((uri) => decodeStack(uri, slices.length)));

  const panes = ["slice", "map"].map(() => {
    const title = element("figcaption");
    const canvas = element("canvas", { role: "img", width: outlines.width, height: outlines.height });
    return { title, canvas, context: canvas.getContext("2d"), frame: new ImageData(outlines.width, outlines.height) };
  });
  const [left, right] = panes;
  right.canvas.tabIndex = 0;
  const scale = element("div", { className: "rfe-scale" });
  const ends = ["low", "zero", "high"].map(() => element("span"));
  const stops = Array.from({ length: 33 }, (_, n) => 3 * Math.min(255, 8 * n))
    .map((at) => `rgb(${colours[at]} ${colours[at + 1]} ${colours[at + 2]})`);
  const strip = element("i");
  strip.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  scale.append(strip, ...ends);
  const status = statusLine();
  const table = element("div", { className: "rfe-rows" }); // two tables beside each other if there are many rows
  el.append(
    element("div", { className: "rfe-panes" },
      element("figure", {}, left.title, left.canvas), element("figure", {}, right.title, right.canvas, scale)),
    status,
    table,
  );

  /** Fill one pane from small pixels drawn at twice their size, through a table of colours if there is one. */
  function paint(pane, source, lookup, lowest, marks) {
    const data = pane.frame.data;
    for (let row = 0, at = 0; row < outlines.height; row++) {
      for (let column = 0; column < outlines.width; column++, at += 4) {
        const from = 4 * ((row >> 1) * images.width + (column >> 1));
        for (let c = 0; c < 3; c++) {
          if (marks && marks[at]) data[at + c] = line[c];
          else data[at + c] = lookup ? lookup[3 * Math.max(source[from], lowest) + c] : source[from + c];
        }
        data[at + 3] = 255;
      }
    }
  }

  /** A hollow square around a named pixel, in the large picture. */
  function ring({ row, column }, colour, data) {
    for (let dy = -5; dy <= 6; dy++) {
      for (let dx = -5; dx <= 6; dx++) {
        const [y, x] = [2 * row + dy, 2 * column + dx];
        const edge = dy < -3 || dy > 4 || dx < -3 || dx > 4;
        if (!edge || y < 0 || x < 0 || y >= outlines.height || x >= outlines.width) continue;
        const at = 4 * (y * outlines.width + x);
        for (let c = 0; c < 3; c++) data[at + c] = colour[c];
      }
    }
  }

  /** Rows of a kind are made once; moving about changes their texts alone, so a pressed button keeps the focus. */
  function fillTable(kind, stage, place, view) {
    const offset = kind === "channel" ? 0 : firstPixel;
    const rows = kind === "channel" ? tables.channels[stage][place] : tables.pixels[stage][place];
    if (table.dataset.kind !== kind) {
      const body = rows.map((texts, n) => {
        const button = element("button", { type: "button", textContent: views[offset + n].row });
        button.addEventListener("click", () => move({ view: offset + n }));
        return element("tr", {}, element("th", { scope: "row" }, button), ...texts.map(() => element("td")));
      });
      const half = body.length > 8 ? Math.ceil(body.length / 2) : body.length;
      table.replaceChildren(...[body.slice(0, half), body.slice(half)].filter((part) => part.length).map((part) => {
        const titles = heads[kind].map((text) => element("th", { scope: "col", textContent: text }));
        return element("table", {}, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...part));
      }));
      table.dataset.kind = kind;
    }
    table.querySelectorAll("button").forEach((button, n) => button.setAttribute("aria-pressed", offset + n === view));
    table.querySelectorAll("td").forEach((cell, n) => (cell.textContent = rows.flat()[n]));
  }

  function draw() {
    const started = performance.now();
    const [view, stage, index] = [model.get("view"), model.get("stage"), model.get("index")];
    const outlined = model.get("outlined");
    const { kind, name, maps: stored, ends: texts } = views[view];
    const marks = outlined && imageOf(outlines, index);
    paint(left, imageOf(images, index), null, 0, marks);
    pixels.forEach((pixel, n) => {
      if (pixel.index === index && firstPixel + n !== view) ring(pixel, other, left.frame.data);
    });
    if (view >= firstPixel && pixels[view - firstPixel].index === index) ring(pixels[view - firstPixel], own, left.frame.data);
    paint(right, imageOf(maps[stored[stage]], index), colours, kind === "channel" && stage === 0 ? ZERO : 0, marks);
    for (const pane of panes) pane.context.putImageData(pane.frame, 0, 0);

    const caption = captions[stage][view][index];
    const stageName = model.get("stages")[stage];
    left.title.textContent = `FLAIR, ${slices[index]}`;
    right.title.textContent = `${name}, ${stageName}`;
    left.canvas.setAttribute("aria-label", `${model.get("label")}, ${slices[index]}, with the named pixels marked`);
    right.canvas.setAttribute("aria-label", `Map of ${name}, ${stageName}, ${slices[index]}`);
    ends.forEach((end, n) => (end.textContent = texts[stage][n]));
    status.textContent = caption;
    const place = kind === "channel" ? index : view - firstPixel;
    fillTable(kind, stage, place, view);
    Object.assign(el.dataset, { view, stage, index, outlined }); // what is on the screen now, for tests
    performance.measure("embedding_view", { start: started });
  }

  function move(changes) {
    for (const [trait, value] of Object.entries(changes)) model.set(trait, value);
    model.save_changes();
  }

  stepByKeys(right.canvas, model, slices.length);
  left.canvas.addEventListener("click", (event) => { // the named pixel nearest to the pointer
    const box = left.canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const away = pixels.map(({ row, column, index }) => index === model.get("index")
      ? Math.hypot(x * images.width - column - 0.5, y * images.height - row - 0.5) : Infinity);
    const nearest = away.indexOf(Math.min(...away));
    if (away[nearest] < Infinity) move({ view: firstPixel + nearest });
  });
  const stop = onChange(model, ["view", "stage", "index", "outlined"], onceAFrame(draw));
  draw();
  return stop;
}

export default { render: withControls(render) };
