"""Values in the text, as the kernel answers them and as the page says them."""

import pytest
from expressions import ExpressionError, as_markdown, expressions_of, filled


def entry(plain, expression="x", **data):
    result = {"status": "ok", "data": {"text/plain": plain} | data, "metadata": {}}
    return {"expression": expression, "result": result}


def test_expressions_are_found_once_each_in_order():
    text = "{eval}`a.b` and {eval}`f(x, 'y')`, {eval}`a.b` but no {glue:text}`a`"
    assert expressions_of(text) == ["a.b", "f(x, 'y')"]


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("3", "3"),
        ("0.25", "0.25"),
        ("'0.05 to 0.17'", "0.05 to 0.17"),
        ('"it\'s"', "it's"),
        ("'−0.3'", "−0.3"),
        ("'a_b * 2'", r"a\_b \* 2"),
        ("'<1%'", r"\<1%"),
        ("None", "None"),
    ],
)
def test_plain_values_look_as_in_jupyterlab(plain, shown):
    assert as_markdown(entry(plain)) == shown


def test_a_markdown_value_is_markdown():
    value = entry("<IPython.core.display.Markdown object>", **{"text/markdown": "*all* $n_E$"})
    assert as_markdown(value) == "*all* $n_E$"


@pytest.mark.parametrize(
    ("plain", "data"),
    [
        ("np.float64(0.5)", {}),
        ("array([1])", {}),
        ("<function f>", {}),
        ("   a\n0  1", {"text/html": "<table>"}),
    ],
)
def test_what_is_no_words_is_refused(plain, data):
    with pytest.raises(ExpressionError, match=r"\{eval\}`x` must be words or a Python number"):
        as_markdown(entry(plain, **data))


def test_a_backslash_needs_markdown():
    with pytest.raises(ExpressionError, match="must be IPython's Markdown"):
        as_markdown(entry(r"'$\\mu$'"))


def test_an_expression_that_raises_is_named():
    error = {"status": "error", "ename": "NameError", "evalue": "name 'x'", "traceback": []}
    with pytest.raises(ExpressionError, match=r"\{eval\}`x` raises NameError: name 'x'"):
        as_markdown({"expression": "x", "result": error})


def test_text_is_filled():
    text = "F is {eval}`f`, of {eval}`n`."
    assert filled(text, [entry("'0.5'", "f"), entry("3", "n")]) == "F is 0.5, of 3."
    with pytest.raises(ExpressionError, match="`n` has not been computed"):
        filled(text, [entry("'0.5'", "f")])
