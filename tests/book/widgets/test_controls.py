"""Controls are declared as data, checked when they are declared, and native inputs in a browser."""

import pytest
from tried_controls import tried

from rfe_book.widgets.controls import choice, slices, slider, tick


def test_declarations_say_what_the_browser_needs():
    assert tried().name == "tried-controls"
    assert choice("kind", "Kind", ["a", "b"]) == {
        "kind": "buttons",
        "trait": "kind",
        "label": "Kind",
        "options": ["a", "b"],
        "key": "kind",
    }
    assert choice("at", "n", [1, 2], kind="range", words=["x", "y"])["words"] == ["x", "y"]
    made = slices("index", 3)
    assert made["options"] == ["1 of 3", "2 of 3", "3 of 3"] and made["words"] == ["0", "1", "2"]
    assert slider("share", "Share", 0, 1, step=0.1, digits=1)["digits"] == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: choice("kind", "Kind", ["a"], kind="wheel"), "kind must be buttons, menu or"),
        (lambda: choice("kind", "Kind", []), "Kind must have one option or more"),
        (lambda: choice("kind", "Kind", ["a", "a"]), r"a word of its own for each, got \['a', 'a'"),
        (lambda: slider("at", "Place", 3, 1), r"Place must have low <= high .* got 3, 1, 1"),
        (
            lambda: tried(controls=[tick("of", "Of")]),
            "Of must move a trait of the widget, got 'of'",
        ),
        (lambda: tried(controls=[tick("hidden", "H")]), "H must move a trait of the widget"),
        (lambda: tried(kind=2), "kind must be where Kind can be, got 2"),
        (lambda: tried(share=1.5), "share must be where Share can be, got 1.5"),
        (lambda: tried(points=[[0, 1]]), "points must be where Points can be"),
        (
            lambda: tried(controls=[tick("on", "A"), tick("on", "B")]),
            r"controls must have a key of their own each, got \['on', 'on'\]",
        ),
    ],
)
def test_what_cannot_work_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.browser
def test_every_kind_moves_its_trait(widget_page):
    page = widget_page(tried())
    state = {"kind": "0", "at": "1", "share": "0.5", "on": "true", "stop": "0"}
    for act, change in [
        (lambda: None, {}),
        (lambda: page.choose("Kind", "80/20"), {"kind": "1"}),
        (lambda: page.choose("Place", "third"), {"at": "2"}),
        (lambda: page.set_slider("Share", 0.25), {"share": "0.25"}),
        (lambda: page.press_slider("n_E", "End"), {"stop": "1"}),
        (lambda: page.check("Show it", False), {"on": "false"}),
    ]:
        act()
        state |= change
        assert page.drawn() == state
        assert page.status() == ", ".join(f"{name} {state[name]}" for name in
                                          ("kind", "at", "share", "on", "stop"))  # fmt: skip
    assert page.value("Share") == "0.25" and page.value("n_E") == "2,000"
    assert page.value("Kind") == "80/20" and page.value("Place") == "third"
    slider = page.tab.get_by_role("slider", name="n_E")
    assert slider.get_attribute("aria-valuetext") == "2,000"
    assert page.control("Points").count() == 0


@pytest.mark.browser
def test_keys_are_enough(widget_page):
    page = widget_page(tried())
    keyboard, role = page.tab.keyboard, page.tab.get_by_role
    focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.type"
    for name, key, change in [
        ("50/50", "ArrowRight", {"kind": "1"}),
        ("Place", "ArrowDown", {"at": "2"}),
        ("Share", "ArrowLeft", {"share": "0.45"}),
        ("n_E", "ArrowRight", {"stop": "1"}),
        ("checkbox", "Space", {"on": "false"}),
    ]:
        keyboard.press("Tab")
        assert page.tab.evaluate(focused) == name
        keyboard.press(key)
        page.frames()
        assert page.drawn() | change == page.drawn()
    assert role("radiogroup", name="Kind").get_by_role("radio", checked=True).count() == 1
    keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.textContent") == "Copy link to this view"


@pytest.mark.browser
@pytest.mark.parametrize("options", [{"width": 390, "height": 800}, {"width": 320}])
def test_controls_fit_a_phone_and_a_finger(widget_page, options):
    page = widget_page(tried(), **options)
    assert page.tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for part in page.tab.locator(".rfe-control :is(select, input[type=range], span > span)").all():
        assert part.bounding_box()["height"] >= 24


@pytest.mark.browser
def test_two_widgets_keep_to_themselves(widget_page):
    page = widget_page(tried(), tried())
    page.choose("Kind", "80/20", nth=0)
    assert (page.drawn(0)["kind"], page.drawn(1)["kind"]) == ("1", "0")
    page.choose("Kind", "80/20", nth=1)
    page.choose("Kind", "50/50", nth=0)
    assert (page.drawn(0)["kind"], page.drawn(1)["kind"]) == ("0", "1")
