// Marks of what a model found, invented and missed. Nothing is computed here but their patterns: found is filled, false
// positives are striped, misses are hollow.

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
