"""Controls of a widget, declared as data: which trait a native input moves, and what it allows.

``_controls.js`` makes the inputs. On the pages, where there is no kernel, ``widget-loader.js``
reads the same declarations to set a widget from the page's address (``#name?key=word&...``) and to
refuse what no control allows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import traitlets


def choice(
    trait: str,
    label: str,
    options: Sequence[object],
    *,
    kind: str = "buttons",
    key: str | None = None,
    words: Sequence[object] | None = None,
) -> dict[str, Any]:
    """One of several texts; the trait holds its position.

    Parameters
    ----------
    trait : str
    label : str
        What stands beside the input.
    options : sequence
        What the reader chooses from.
    kind : {"buttons", "menu", "range"}
    key : str, optional
        What the page's address calls the control, else the trait's name.
    words : sequence, optional
        What the page's address calls the options, else their texts.

    Raises
    ------
    ValueError
        If there is no such kind, no option, or not one word an option.
    """
    if kind not in ("buttons", "menu", "range"):
        raise ValueError(f"kind must be buttons, menu or range, got {kind!r}")
    texts = [str(option) for option in options]
    called = texts if words is None else [str(word) for word in words]
    if not texts or len(set(called)) != len(texts):
        raise ValueError(
            f"{label} must have one option or more and a word of its own for each, got {called}"
        )
    made = {"kind": kind, "trait": trait, "label": label, "options": texts, "key": key or trait}
    return made if called == texts else made | {"words": called}


def slider(
    trait: str,
    label: str,
    low: float,
    high: float,
    *,
    step: float = 1,
    digits: int = 0,
    key: str | None = None,
) -> dict[str, Any]:
    """A number from `low` to `high`, shown with so many `digits`; the trait holds the number.

    Raises
    ------
    ValueError
        If there is no number to choose.
    """
    if not (low <= high and step > 0):
        raise ValueError(f"{label} must have low <= high and step > 0, got {low}, {high}, {step}")
    return {
        "kind": "range",
        "trait": trait,
        "label": label,
        "min": low,
        "max": high,
        "step": step,
        "digits": digits,
        "key": key or trait,
    }


def slices(trait: str, count: int) -> dict[str, Any]:
    """A slider that counts slices, "3 of 8"; in the page's address the first is 0.

    Where a slice lies in the head is for its caption to say, as "z = 91".
    """
    counted = [f"{number} of {count}" for number in range(1, count + 1)]
    return choice(trait, "Slice", counted, kind="range", key="slice", words=range(count))


def tick(trait: str, label: str, *, key: str | None = None) -> dict[str, Any]:
    """A box to tick; the trait is true or false."""
    return {"kind": "tick", "trait": trait, "label": label, "key": key or trait}


def address_only(
    trait: str, label: str, rows: int, columns: int, low: float, high: float, *, step: float = 0
) -> dict[str, Any]:
    """Numbers that readers set in the picture: no input, but a part of the page's address.

    The trait is a list of `rows` numbers (one column) or lists of them; with a `step` only its
    multiples above `low` are allowed.
    """
    return {
        "kind": "numbers",
        "trait": trait,
        "label": label,
        "rows": rows,
        "columns": columns,
        "min": low,
        "max": high,
        "step": step,
        "key": trait,
    }


def allows(control: Mapping[str, Any], value: object) -> bool:
    """Whether a control can be where `value` puts it."""
    if control["kind"] == "tick":
        return isinstance(value, bool)
    if control["kind"] == "numbers":
        return isinstance(value, list) and len(value) == control["rows"]
    if "options" in control:
        return isinstance(value, int) and 0 <= value < len(control["options"])
    return isinstance(value, int | float) and control["min"] <= value <= control["max"]


class ControlledWidget(anywidget.AnyWidget):
    """A view below its own controls: the base of all widgets of the book.

    A subclass has `_esm` from `rfe_book.widgets.esm`, `_css` that begins with
    `rfe_book.widgets.STYLE`, and one trait for each thing that a control moves.
    """

    name = traitlets.Unicode(help="what the page's address calls the widget").tag(sync=True)
    controls = traitlets.List(help="what the functions above return, in order").tag(sync=True)

    @traitlets.default("name")
    def _name_of_class(self) -> str:
        letters = [f"-{x.lower()}" if x.isupper() else x for x in type(self).__name__]
        return "".join(letters).removeprefix("-")

    def __init__(self, *, controls: Sequence[Mapping[str, Any]], **state: Any) -> None:
        super().__init__(controls=[dict(control) for control in controls], **state)
        keys = [control["key"] for control in controls]
        if len(set(keys)) != len(keys):
            raise ValueError(f"controls must have a key of their own each, got {keys}")
        for control in controls:
            trait, label = control["trait"], control["label"]
            if trait not in self.traits(sync=True):
                raise ValueError(f"{label} must move a trait of the widget, got {trait!r}")
            if not allows(control, value := getattr(self, trait)):
                raise ValueError(f"{trait} must be where {label} can be, got {value!r}")
