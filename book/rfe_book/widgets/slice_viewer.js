// Draws one slice of a stack with a coloured overlay of its labels. State lives in the traits; nothing is computed here.

async function render({ model, el }) {
  const label = model.get("label");
  const canvas = element("canvas", { className: "rfe-pixels", tabIndex: 0, role: "img", ariaLabel: label });
  const status = statusLine();
  const colours = model.get("colours");
  el.append(canvas, status, legend(colours));

  const count = model.get("captions").length;
  const images = await decodeStack(model.get("images"), count);
  const labels = model.get("labels") && (await decodeStack(model.get("labels"), count));
  const palette = colours.map(([, colour]) => rgb(colour));
  const context = canvas.getContext("2d");
  canvas.width = images.width;
  canvas.height = images.height;
  canvas.style.width = `${model.get("zoom") * images.width}px`;

  function draw() {
    const index = model.get("index");
    const opacity = model.get("opacity");
    const frame = new ImageData(images.width, images.height);
    frame.data.set(imageOf(images, index));
    if (labels && opacity > 0) {
      const marks = imageOf(labels, index);
      for (let at = 0; at < marks.length; at += 4) {
        if (!marks[at]) continue;
        const colour = palette[marks[at] - 1];
        for (let c = 0; c < 3; c++) {
          frame.data[at + c] += opacity * (colour[c] - frame.data[at + c]);
        }
      }
    }
    context.putImageData(frame, 0, 0);
    status.textContent = model.get("captions")[index];
    el.dataset.index = index; // what is on the screen now, for tests
    el.dataset.opacity = opacity;
  }

  stepByKeys(canvas, model, count);
  const stop = onChange(model, ["index", "opacity"], onceAFrame(draw));
  draw();
  return stop;
}

export default { render: withControls(render) };
