"""A widget that shows what its controls say, one of each kind: for them and the pages' loader."""

import traitlets

from rfe_book import widgets
from rfe_book.widgets.controls import ControlledWidget, address_only, choice, slider, tick

DRAW = """
async function render({ model, el }) {
  const status = statusLine();
  el.append(status);
  const names = ["kind", "at", "share", "on", "stop"];
  function draw() {
    const started = performance.now();
    status.textContent = names.map((name) => `${name} ${model.get(name)}`).join(", ");
    Object.assign(el.dataset, Object.fromEntries(names.map((name) => [name, model.get(name)])));
    performance.measure("tried", { start: started });
  }
  const stop = onChange(model, names, onceAFrame(draw));
  draw();
  return stop;
}
export default { render: withControls(render) };
"""


class TriedControls(ControlledWidget):
    """One control of each kind."""

    _esm = widgets.shared_esm() + DRAW
    _css = widgets.STYLE

    kind = traitlets.Int(0).tag(sync=True)
    at = traitlets.Int(1).tag(sync=True)
    share = traitlets.Float(0.5).tag(sync=True)
    stop = traitlets.Int(0).tag(sync=True)
    on = traitlets.Bool(True).tag(sync=True)
    points = traitlets.List([[0.0, 1.0], [2.0, 3.0]]).tag(sync=True)
    hidden = traitlets.Int(0)


def tried(**changes):
    controls = [
        choice("kind", "Kind", ["50/50", "80/20"]),
        choice("at", "Place", ["first", "second", "third"], kind="menu"),
        slider("share", "Share", 0, 1, step=0.05, digits=2),
        choice("stop", "n_E", ["20 (paper)", "2,000"], kind="range", key="n_e", words=[20, 2000]),
        tick("on", "Show it"),
        address_only("points", "Points", 2, 2, -5, 5),
    ]
    return TriedControls(**{"controls": controls} | changes)
