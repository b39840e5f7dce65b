// What the n_E explorer is put together from: a field of marked pixels, a curve over n_E, and a table.

const FEW = 500; // up to so many pixels, each gets a marker; more are drawn pixel by pixel

/** A picture, `scale` times enlarged, on which pixels of two classes are marked: { canvas, paint }. */
function makeField(picture, marks, scale, colours, label) {
  const [width, height] = [scale * picture.width, scale * picture.height];
  const canvas = element("canvas", { width, height, role: "img", ariaLabel: label });
  const context = canvas.getContext("2d");
  const base = new ImageData(width, height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const from = 4 * (Math.floor(y / scale) * picture.width + Math.floor(x / scale));
      const on = marks && marks.pixels[4 * (Math.floor((2 * y) / scale) * marks.width + Math.floor((2 * x) / scale))];
      for (let c = 0; c < 3; c++) base.data[at + c] = on ? [240, 228, 66][c] : picture.pixels[from + c];
      base.data[at + 3] = 255;
    }
  }
  const frame = new ImageData(width, height);

  /** A circle (background) or a diamond (lesion) around each place, `grow` pixels larger. */
  function markers(places, diamond, grow) {
    const radius = (diamond ? 7 : 5) + grow;
    context.beginPath();
    for (const place of places) {
      const x = (place % picture.width + 0.5) * scale;
      const y = (Math.floor(place / picture.width) + 0.5) * scale;
      if (diamond) {
        context.moveTo(x, y - radius);
        for (const [dx, dy] of [[radius, 0], [0, radius], [-radius, 0]]) context.lineTo(x + dx, y + dy);
        context.closePath();
      } else {
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      }
    }
    context.fill();
  }

  function paint(classes) {
    if (classes[0].length + classes[1].length <= FEW) {
      context.putImageData(base, 0, 0);
      classes.forEach((places, lesion) => {
        context.fillStyle = "#fff";
        markers(places, lesion, 1.5);
        context.fillStyle = colours[lesion];
        markers(places, lesion, 0);
      });
      return;
    }
    frame.data.set(base.data);
    classes.forEach((places, lesion) => {
      const colour = rgb(colours[lesion]);
      const [first, end] = lesion ? [0, scale] : [1, scale - 1]; // a whole pixel, or a dot in it
      for (const place of places) {
        const corner = scale * (Math.floor(place / picture.width) * width + (place % picture.width));
        for (let y = first; y < end; y++) {
          for (let x = first; x < end; x++) frame.data.set(colour, 4 * (corner + y * width + x));
        }
      }
    });
    context.putImageData(frame, 0, 0);
  }
  return { canvas, paint };
}

/** The curve of a measure over n_E with its band: { node, update, nearest }. */
function makeCurve(nE, paper, measures) {
  const [width, height, left, right, top, bottom] = [460, 230, 56, 14, 24, 36];
  const node = svg(null, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  const span = Math.log(nE.at(-1) / nE[0]);
  const x = nE.map((n) => left + (Math.log(n / nE[0]) / span) * (width - left - right));
  const parts = {};
  const axis = svg(node, "g", {});
  for (const name of ["band", "centre", "curve", "cursor"]) parts[name] = svg(node, "path", { class: `rfe-${name}` });
  const others = svg(node, "g", { class: "rfe-others" });
  const dot = svg(node, "circle", { r: 5, class: "rfe-now" });
  const title = svg(node, "text", { x: left, y: 14 });
  let free = Infinity; // where the label to the right begins: one that would touch it is left out, its tick is not
  for (let at = nE.length - 1; at >= 0; at--) {
    if (!paper.includes(nE[at]) && at && at < nE.length - 1) continue;
    svg(node, "path", { class: "rfe-axis", d: `M${x[at]} ${height - bottom}v4` });
    const name = at < nE.length - 1 ? String(nE[at]) : "all";
    const half = 3.3 * name.length; // of its width, about
    if (x[at] + half + 8 > free) continue;
    svg(node, "text", { x: x[at], y: height - bottom + 16, "text-anchor": "middle" }, name);
    free = x[at] - half;
  }
  svg(node, "text", { x: width - right, y: height - 4, "text-anchor": "end" }, "n_E");

  function update(measure, strategy, stop, redraw, label) {
    const { ticks, log } = measures[measure];
    const place = log ? Math.log : (value) => value;
    const [low, high] = [ticks[0], ticks.at(-1)];
    const y = (value) => {
      const inside = Math.min(high, Math.max(low, value)); // a log axis has no zero
      return height - bottom - ((place(inside) - place(low)) / (place(high) - place(low))) * (height - bottom - top);
    };
    const at = (values) => values.map((value, n) => `${x[n].toFixed(1)} ${y(value).toFixed(1)}`);
    axis.replaceChildren();
    for (const tick of ticks) {
      svg(axis, "text", { x: left - 7, y: y(tick) + 4, "text-anchor": "end" }, tick);
      svg(axis, "path", { class: "rfe-axis", d: `M${left - 4} ${y(tick)}h4` });
    }
    svg(axis, "path", { class: "rfe-axis", d: `M${left} ${top}V${height - bottom}H${width - right}` });
    const tables = measures[measure];
    const drawn = tables.values[strategy].map((redraws) => redraws[redraw]);
    parts.band.setAttribute("d", `M${[...at(tables.low[strategy]), ...at(tables.high[strategy]).reverse()].join("L")}Z`);
    parts.centre.setAttribute("d", `M${at(tables.centre[strategy]).join("L")}`);
    parts.curve.setAttribute("d", `M${at(drawn).join("L")}`);
    parts.cursor.setAttribute("d", `M${x[stop]} ${top}V${height - bottom}`);
    others.replaceChildren();
    for (const value of tables.values[strategy][stop]) svg(others, "circle", { r: 3, cx: x[stop], cy: y(value) });
    dot.setAttribute("cx", x[stop]);
    dot.setAttribute("cy", y(drawn[stop]));
    title.textContent = tables.title;
    node.setAttribute("aria-label", `${tables.title}. ${label}`);
  }

  /** The stop nearest to a pointer. */
  function nearest(event) {
    const box = node.getBoundingClientRect();
    const pointer = ((event.clientX - box.left) / box.width) * width;
    const distance = x.map((position) => Math.abs(position - pointer));
    return distance.indexOf(Math.min(...distance));
  }
  return { node, update, nearest };
}

/** A table with `rows` of cells under `heads`; returns { node, cells }. */
function makeTable(heads, rows) {
  const cells = rows.map(() => heads.slice(1).map(() => element("td")));
  const body = rows.map((name, row) => element("tr", {}, element("th", { scope: "row" }, ...name), ...cells[row]));
  const head = heads.map((text) => element("th", { scope: "col", textContent: text }));
  const node = element("table", { className: "rfe-values" },
    element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
  return { node, cells };
}

function swatch(className, colour) {
  const made = element("i", { className });
  made.style.background = colour;
  made.setAttribute("aria-hidden", "true");
  return made;
}
