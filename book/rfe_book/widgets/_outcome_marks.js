// Marks of what a model found, invented and missed. Nothing is computed here but their patterns: found is filled, false
// positives are striped, misses are hollow.

const [FOUND, FALSE_POSITIVE, MISSED] = [1, 2, 3];

/** Call paint(at, kind) for each inked pixel of a map of outcomes (one value a pixel) drawn `zoom` times as large. */
function eachInked(kinds, width, height, zoom, paint) {
  const line = zoom * width;
  for (let start = 0; start < kinds.length; start++) {
    const kind = kinds[start];
    if (!kind) continue;
    const [column, row] = [start % width, Math.floor(start / width)];
    const [x, y] = [zoom * column, zoom * row];
    const beside = { // what touches this pixel; -1 outside the picture
      left: column ? kinds[start - 1] : -1,
      right: column < width - 1 ? kinds[start + 1] : -1,
      above: row ? kinds[start - width] : -1,
      below: row < height - 1 ? kinds[start + width] : -1,
    };
    for (let v = 0; v < zoom; v++) {
      for (let u = 0; u < zoom; u++) {
        const edge = (u === 0 && beside.left !== kind) || (u === zoom - 1 && beside.right !== kind)
          || (v === 0 && beside.above !== kind) || (v === zoom - 1 && beside.below !== kind);
        const striped = kind === FALSE_POSITIVE && (x + u + y + v) % 4 < 2;
        if (kind === FOUND || edge || striped) paint((y + v) * line + x + u, kind);
      }
    }
    if (kind !== MISSED) continue;
    for (let w = 0; w < zoom; w++) { // an outline around it too, so that a single pixel is seen
      if (beside.left === 0) paint((y + w) * line + x - 1, kind);
      if (beside.right === 0) paint((y + w) * line + x + zoom, kind);
      if (beside.above === 0) paint((y - 1) * line + x + w, kind);
      if (beside.below === 0) paint((y + zoom) * line + x + w, kind);
    }
  }
}

/** The first channel of RGBA pixels. */
function firstChannel(pixels) {
  return Uint8Array.from({ length: pixels.length / 4 }, (_, at) => pixels[4 * at]);
}

/** A legend that shows each outcome as it is drawn; `colours` is [[name, "#rrggbb"], ...] from outcome 1 on. */
function patternLegend(colours) {
  const palette = [null, ...colours.map(([, colour]) => rgb(colour))];
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

/** A slice with its marks (`kinds`: outcome of each pixel, or null), a title and a line about it: { figure, update }. */
function makePicture(zoom, colours, kind) {
  const palette = [null, ...colours.map(([, colour]) => rgb(colour))];
  const canvas = element("canvas", { role: "img" });
  const context = canvas.getContext("2d");
  const heading = element("figcaption", { className: kind });
  const note = element("p", { className: "rfe-note" });
  const figure = element("figure", {}, heading, canvas, note);

  function update({ width, height, pixels, kinds, title, text, label }) {
    [canvas.width, canvas.height] = [zoom * width, zoom * height];
    const frame = new ImageData(canvas.width, canvas.height);
    const line = new Uint32Array(frame.data.buffer);
    const small = new Uint32Array(pixels.slice().buffer); // one number a pixel of the slice
    for (let y = 0, at = 0; y < canvas.height; y++) {
      const row = Math.floor(y / zoom) * width;
      for (let x = 0; x < canvas.width; x++) line[at++] = small[row + Math.floor(x / zoom)];
    }
    if (kinds) eachInked(kinds, width, height, zoom, (at, which) => frame.data.set(palette[which], 4 * at));
    context.putImageData(frame, 0, 0);
    heading.textContent = title;
    note.textContent = text;
    canvas.setAttribute("aria-label", label);
  }
  return { figure, update };
}
