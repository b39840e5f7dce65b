// Two models of a sweep beside each other. Every number and its text is Python's; this picks and draws them.

const BLANK = "–";
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [240, 132, 44, 8, 8, 20];

/** A chart over epochs: { figure, update(curves, names) }; `curves` is [chosen, beside], null for none. */
function makeChart({ name, axis: { log, ticks } }, epochs) {
  const node = svg(null, "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const ends = element("p", { className: "rfe-note" });
  const figure = element("figure", {}, element("figcaption", { textContent: name }), node, ends);
  const scale = log ? Math.log : (value) => value;
  const along = (value, low, high, from, to) => from + ((value - low) / (high - low || 1)) * (to - from);
  const [first, last] = [epochs[0], epochs.at(-1)];
  const [low, high] = [ticks[0], ticks.at(-1)];
  const x = (epoch) => along(epoch, first, last, LEFT + 6, WIDTH - RIGHT);
  const y = (value) => along(scale(Math.min(high, Math.max(low, value))), scale(low), scale(high), HEIGHT - BOTTOM, TOP);
  const text = (value) => (value === 0 || (value >= 1e-3 && value < 1e5) ? String(value) : value.toExponential(0).replace("+", ""));
  svg(node, "path", { class: "rfe-frame", d: `M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}` });
  ticks.forEach((tick, at) => {
    svg(node, "path", { class: "rfe-frame", d: `M${LEFT - 4} ${y(tick)}h4` });
    if (ticks.length <= 7 || at % 2 === 0) svg(node, "text", { x: LEFT - 7, y: y(tick) + 4, "text-anchor": "end" }, text(tick));
  });
  for (const epoch of epochs.filter((e) => e === first || e % 5 === 0)) {
    svg(node, "path", { class: "rfe-frame", d: `M${x(epoch)} ${HEIGHT - BOTTOM}v4` });
    svg(node, "text", { x: x(epoch), y: HEIGHT - 6, "text-anchor": epoch === last ? "end" : "middle" }, epoch);
  }
  const lines = ["rfe-beside", "rfe-chosen"].map((kind) => svg(node, "path", { class: kind })).reverse();

  function update(curves, names) {
    const spoken = curves.map((curve, at) => {
      const known = (curve ?? []).map((value, k) => [epochs[k], value]).filter(([, value]) => value !== null);
      const points = known.map(([epoch, value]) => `${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`);
      lines[at].setAttribute("d", points.length ? `M${points.join("L")}` : "");
      return known.length ? `${known.at(-1)[1]} in epoch ${known.at(-1)[0]}` : "not measured";
    });
    ends.textContent = `${spoken[0]}; beside it ${spoken[1]}`;
    node.setAttribute("aria-label", `${name}: ${names[0]} ${spoken[0]}, ${names[1]} ${spoken[1]}`);
    return spoken;
  }
  return { figure, update };
}

/** The table of scores: { node, update(blocks) }; a block is { name, rows: [[group, F, precision, recall, AP]] }. */
function makeTable() {
  const node = element("table", { className: "rfe-numbers" });
  const head = (text, scope) => {
    const made = element("th", { textContent: text });
    made.setAttribute("scope", scope);
    return made;
  };
  const caption = element("caption");
  const heads = ["patients", "F", "precision", "recall", "AP"].map((text) => head(text, "col"));
  node.append(caption, element("thead", {}, element("tr", {}, ...heads)));

  function update(text, blocks) {
    caption.textContent = text;
    for (const body of [...node.tBodies]) body.remove();
    for (const { name, kind, rows } of blocks) {
      const title = head(name, "rowgroup");
      title.colSpan = 5;
      title.className = kind;
      const lines = rows.map(([group, ...cells]) =>
        element("tr", {}, head(group, "row"), ...cells.map((cell) => element("td", { textContent: cell }))));
      node.append(element("tbody", {}, element("tr", {}, title), ...lines));
    }
  }
  return { node, update };
}

/** A swatch for a legend: a piece of the line itself. */
function lineKey(kind, text) {
  const icon = svg(null, "svg", { width: 28, height: 8, "aria-hidden": "true" });
  svg(icon, "path", { class: kind, d: "M0 4H28" });
  return element("li", {}, icon, element("span", { textContent: text }));
}

async function render({ model, el }) {
  const read = (...names) => names.map((name) => model.get(name));
  const [titles, chosen, choices, pictured, seeds, groups] = read("titles", "chosen", "choices", "pictured", "seeds", "groups");
  const [scores, notes, captions, sliceScores, hasMask] = read("scores", "notes", "captions", "slice_scores", "has_mask");
  const [colours, zoom, target, epochs] = read("colours", "zoom", "target", "epochs");
  const images = await decodeStack(model.get("images"), captions.length);
  const { width, height } = images;
  const decoded = new Map(); // maps of outcomes by slice and seed, one byte a pixel, when they are first wanted
  async function maps(slice, seed) {
    const key = `${slice} ${seed}`;
    if (!decoded.has(key)) {
      const stack = await decodeStack(model.get("outcomes")[slice][seed], titles.length);
      decoded.set(key, firstChannel(stack.pixels));
    }
    return decoded.get(key);
  }

  const charts = model.get("charts").map((chart) => makeChart(chart, epochs));
  const pictures = ["rfe-title-chosen", "rfe-title-beside"].map((kind) => makePicture(zoom, colours, kind));
  const table = makeTable();
  const status = statusLine("rfe-spoken");
  const keys = [lineKey("rfe-chosen", ""), lineKey("rfe-beside", "")];
  el.append(
    status,
    element("div", { className: "rfe-sweep" },
      element("div", { className: "rfe-pair" }, ...pictures.map((p) => p.figure)),
      element("div", { className: "rfe-side" }, table.node, patternLegend(colours))),
    element("ul", { className: "rfe-legend rfe-lines" }, element("li", { className: "rfe-note", textContent: "Training, by epoch:" }), ...keys),
    element("div", { className: "rfe-charts" }, ...charts.map((c) => c.figure)),
  );

  /** All texts about one model (-1: there is none), for a choice and a slice. */
  function about(number, choice, slice) {
    const blank = groups.map(() => Array(4).fill(BLANK));
    if (number < 0) return { name: "no such model", scores: blank, note: "", spoken: model.get("no_model"), inSlice: model.get("no_model") };
    const seed = pictured[choice];
    const own = scores[choice][number];
    const note = notes[choice][number];
    const [f, precision, recall] = own[0];
    const [sliceF, , , wrong, touched] = sliceScores[slice][seed][number];
    const inSlice = hasMask[seed][number]
      ? `In this slice: F ${sliceF}, ${touched} lesions touched, ${wrong} false positives.` : `No mask is stored${notes[1 + seed][number] && `: it ${notes[1 + seed][number]}`}.`;
    const numbers = f === BLANK ? "no scores" : `F ${f}, precision ${precision}, recall ${recall} on ${groups[0]} of ${target}`;
    const aside = note ? ` (${note})` : "";
    return { name: titles[number], scores: own, note, spoken: `${titles[number]}, ${choices[choice]}: ${numbers}${aside}.`, inSlice };
  }

  let latest = 0;
  async function draw() {
    const [strategy, distance, stop, choice, slice, beside, marked] =
      read("strategy", "distance", "stop", "choice", "slice", "beside", "marked");
    const turn = ++latest;
    const seed = pictured[choice];
    const all = await maps(slice, seed);
    if (turn !== latest) return; // something else has been chosen while this was being decoded
    const started = performance.now();
    const numbers = [chosen[strategy][distance][stop], beside];
    const texts = numbers.map((number) => about(number, choice, slice));
    const size = width * height;
    const shownSeed = choice ? "" : `, seed ${seeds[seed]}`;
    numbers.forEach((number, side) => {
      const seen = number >= 0 && hasMask[seed][number];
      const kinds = seen && marked ? all.subarray(number * size, (number + 1) * size) : null;
      const text = texts[side].inSlice;
      const title = number < 0 ? texts[side].name : `${texts[side].name}, ${choice ? choices[choice] : `seed ${seeds[seed]}`}`;
      const label = `FLAIR of ${captions[slice]}: ${title}. ${text}`;
      pictures[side].update({ width, height, pixels: imageOf(images, slice), kinds, title, text, label });
    });
    table.update(`Scores on ${target} (AP: average precision), ${choices[choice]}${choice ? "" : " ± standard deviation"}`, texts.map((t, side) => ({
      name: t.note ? `${t.name} (${t.note})` : t.name,
      kind: side ? "rfe-title-beside" : "rfe-title-chosen",
      rows: groups.map((group, g) => [group, ...t.scores[g]]),
    })));
    keys.forEach((key, side) => { key.querySelector("span").textContent = texts[side].name; });
    const ends = charts.map((chart, k) => {
      const values = model.get("charts")[k].values[choice];
      return chart.update(numbers.map((number) => (number < 0 ? null : values[number])), texts.map((t) => t.name));
    });
    status.textContent = `${texts[0].spoken} Beside it ${texts[1].spoken} The pictures show ${captions[slice]}${shownSeed}.`;
    Object.assign(el.dataset, { // what is on the screen now, for tests
      strategy, distance, stop, choice, slice, beside, marked, chosen: numbers[0],
      scores: JSON.stringify(texts.map((t) => t.scores)), ends: JSON.stringify(ends),
    });
    performance.measure("sweep_explorer", { start: started });
  }

  const traits = ["strategy", "distance", "stop", "choice", "slice", "beside", "marked"];
  const stopListening = onChange(model, traits, onceAFrame(draw));
  await draw();
  return stopListening;
}

export default { render: withControls(render) };
