// Shared by all widgets: put in front of each widget's own module by rfe_book.widgets.esm.

/** A canvas that nobody sees; an element where there is no OffscreenCanvas (Safari before 16.4). */
function hiddenCanvas(width, height) {
  return globalThis.OffscreenCanvas ? new OffscreenCanvas(width, height) : Object.assign(document.createElement("canvas"), { width, height });
}

/** Decode a stack made by encode_stack: { count, width, height, pixels } with RGBA pixels of all images in a row. */
async function decodeStack(uri, count) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const canvas = hiddenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height).data;
  return { count, width: image.width, height: image.height / count, pixels };
}

/** RGBA pixels of one image of a stack, without copying. */
function imageOf(stack, index) {
  const size = 4 * stack.width * stack.height;
  return stack.pixels.subarray(index * size, (index + 1) * size);
}

/** Bytes of a trait as an array of `Kind`. */
function typed(bytes, Kind) {
  return new Kind(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** "#D55E00" as [213, 94, 0]. */
function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** 12345 as "12,345". */
const whole = (number) => number.toLocaleString("en");

/** Create an element: element("p", { className: "x" }, child, ...). */
function element(tag, properties = {}, ...children) {
  const { role, ariaLabel, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  if (role) made.setAttribute("role", role);
  if (ariaLabel) made.setAttribute("aria-label", ariaLabel);
  made.append(...children);
  return made;
}

/** Create an SVG element below `parent` (null: below none). */
function svg(parent, tag, attributes = {}, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

/** A line of text that screen readers announce when it changes; "rfe-spoken": for them alone, where all else shows it. */
function statusLine(className = "rfe-status") {
  const line = element("p", { className, role: "status" });
  line.setAttribute("aria-live", "polite");
  return line;
}

/** A list of colours and what they mean; `entries` is [[name, "#rrggbb"], ...]. */
function legend(entries) {
  const items = entries.map(([name, colour]) => {
    const swatch = element("i");
    swatch.style.background = colour;
    swatch.setAttribute("aria-hidden", "true");
    return element("li", {}, swatch, name);
  });
  return element("ul", { className: "rfe-legend" }, ...items);
}

/** Draw at most once a frame, however many traits change in it. */
function onceAFrame(draw) {
  let waiting = 0;
  return () => {
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); });
  };
}

/** Call `update` whenever one of the traits changes; returns the function that stops it. */
function onChange(model, traits, update) {
  const events = traits.map((trait) => `change:${trait}`).join(" ");
  model.on(events, update);
  return () => model.off(events, update);
}

/** Arrow keys on a picture that has the focus go from slice to slice: the trait `index`, 0 to `count` - 1. */
function stepByKeys(canvas, model, count) {
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    model.set("index", Math.min(count - 1, Math.max(0, model.get("index") + step)));
    model.save_changes();
  });
}

