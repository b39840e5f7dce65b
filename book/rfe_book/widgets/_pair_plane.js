// The plane that embeddings lie in. Put in front of pair_view.js, after _shared.js.

const SIZE = 420; // of the picture, in pixels
const MARGIN = 1.06; // around what the plane must show
const REACHES = [1, 10, 100, 1000].flatMap((ten) => [3, 6, 15].map((reach) => ten * reach)); // of the plane in x and y

/** Three significant digits, with a minus sign of full width and never "-0". */
function show(value) {
  if (Math.abs(value) < 5e-7) return "0";
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

/** The plane: grid, axes, unit circle, and the quarter that a ReLU leaves; it grows with what it must show. */
function makePlane(title) {
  const node = svg(null, "svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "group" });
  svg(node, "title", {}, title);
  svg(node, "rect", { class: "rfe-quarter", x: SIZE / 2, y: 0, width: SIZE / 2, height: SIZE / 2 });
  const grid = svg(node, "g");
  svg(node, "text", { x: SIZE - 6, y: 16, "text-anchor": "end", class: "rfe-tick" }, "what a ReLU leaves");
  const plane = { node, reach: 0, across: (x) => SIZE / 2 + plane.unit * x, down: (y) => SIZE / 2 - plane.unit * y };
  plane.place = (h) => `${plane.across(h[0]).toFixed(2)} ${plane.down(h[1]).toFixed(2)}`;

  function drawGrid() {
    const [step, middle] = [plane.reach / 3, SIZE / 2];
    grid.replaceChildren();
    for (let n = -3; n <= 3; n++) {
      const [x, y] = [plane.across(n * step), plane.down(n * step)];
      svg(grid, "path", { class: n ? "rfe-grid" : "rfe-axis", d: `M${x} 0V${SIZE}M0 ${y}H${SIZE}` });
      if (n) svg(grid, "text", { x: x + 3, y: middle + 13, class: "rfe-tick" }, show(n * step));
      if (n) svg(grid, "text", { x: middle + 3, y: y - 3, class: "rfe-tick" }, show(n * step));
    }
    svg(grid, "circle", { class: "rfe-circle", cx: middle, cy: middle, r: plane.unit });
  }

  /** Choose the smallest reach that holds all embeddings. */
  plane.fit = (embeddings) => {
    const farthest = Math.max(...embeddings.flat().map(Math.abs));
    const reach = REACHES.find((end) => farthest <= end + 1e-9) ?? REACHES.at(-1);
    if (reach === plane.reach) return;
    Object.assign(plane, { reach, unit: SIZE / 2 / MARGIN / reach, stretch: reach / REACHES[0] });
    drawGrid();
  };

  /** Where in the plane a pointer is. */
  plane.pointed = (event) => {
    const box = node.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return [(x - 0.5) * SIZE / plane.unit, (0.5 - y) * SIZE / plane.unit];
  };
  return plane;
}

