// Marks the pixels drawn on a picture of the batch and shows the numbers of a switch beside ours. State lives in the
// traits; every number and the length of every bar comes from Python.

const [LONG, THICK] = [50, 7]; // half the width of a bar's room, and its height
const SCALE = 2; // of the canvas against the picture
const MARK = 4; // side of the square around a drawn pixel, on the canvas

async function render({ model, el }) {
  const [names, whose, rows] = [model.get("names"), model.get("whose"), model.get("rows")];
  const [texts, factors, spans] = [model.get("texts"), model.get("factors"), model.get("spans")];
  const places = typed(model.get("places"), Uint32Array);
  const colours = model.get("colours");
  const picture = await decodeStack(model.get("image"), 1);
  const plain = hiddenCanvas(picture.width, picture.height);
  plain.getContext("2d").putImageData(new ImageData(picture.pixels.slice(), picture.width), 0, 0);

  const canvas = element("canvas", { role: "img", width: SCALE * picture.width, height: SCALE * picture.height });
  const context = canvas.getContext("2d");
  const status = statusLine();
  const cells = rows.map(() => [element("td"), element("td"), element("td")]);
  const bars = cells.map(([, , last]) => {
    const text = element("span");
    const node = svg(null, "svg", { viewBox: `${-LONG} 0 ${2 * LONG} ${THICK}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const bar = svg(node, "rect", { class: "rfe-bar", y: 1, height: THICK - 2 });
    svg(node, "path", { class: "rfe-middle", d: `M0 0V${THICK}` });
    last.append(text, node);
    return { text, node, bar };
  });
  const lines = rows.map((name, at) => element("tr", {}, element("th", { scope: "row", textContent: name }), ...cells[at]));
  const heads = ["", "ours", "switched", "times ours"].map((text) => text
    ? element("th", { scope: "col", textContent: text }) : element("td"));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines));
  el.append(
    status,
    element("div", { className: "rfe-choice" },
      element("div", { className: "rfe-crops" }, canvas, legend(colours.map(([name, colour]) => [`drawn, ${name}`, colour]))),
      element("div", { className: "rfe-compared" }, table)),
  );

  /** The picture at twice its size, and a square for each pixel drawn. */
  function paint([start, ...counts]) {
    context.imageSmoothingEnabled = false;
    context.drawImage(plain, 0, 0, canvas.width, canvas.height);
    let at = start;
    counts.forEach((count, kind) => {
      context.fillStyle = colours[kind][1];
      for (const end = at + count; at < end; at++) {
        const [x, y] = [places[at] % picture.width, Math.floor(places[at] / picture.width)];
        const corner = (place) => SCALE * place + (SCALE - MARK) / 2;
        context.fillRect(corner(x), corner(y), MARK, MARK);
      }
    });
  }

  function draw() {
    const started = performance.now();
    const [now, redraw] = [model.get("switch"), model.get("redraw")];
    paint(spans[redraw][now]);
    const moved = [];
    rows.forEach((name, row) => {
      const [text, long] = factors[redraw][now][row];
      cells[row][0].textContent = texts[redraw][0][row];
      cells[row][1].textContent = texts[redraw][now][row];
      bars[row].text.textContent = text;
      bars[row].bar.setAttribute("x", Math.min(0, long) * LONG);
      bars[row].bar.setAttribute("width", Math.abs(long) * LONG);
      bars[row].node.style.visibility = long ? "" : "hidden";
      lines[row].classList.toggle("rfe-moved", text !== "same");
      if (text !== "same") moved.push(name);
    });
    const [, background, lesion] = spans[redraw][now];
    const owner = whose[now] === "ours" ? "" : ` (${whose[now]})`;
    const changes = moved.length ? `changes ${moved.join("; ")}` : "changes nothing";
    status.textContent = `${names[now]}${owner}: ${now ? changes : "all settings as in the other chapters"}.`;
    canvas.setAttribute("aria-label", `${model.get("label")}; drawn: ${background} background, ${lesion} lesion pixels`);
    Object.assign(el.dataset, { switch: now, redraw, moved: moved.length }); // what is on the screen now, for tests
    performance.measure("choice_view", { start: started });
  }

  const redraw = onceAFrame(draw);
  const stop = onChange(model, ["switch", "redraw"], redraw);
  draw();
  return stop;
}

export default { render: withControls(render) };
