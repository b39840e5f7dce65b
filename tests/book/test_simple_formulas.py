"""Simple formulas as HTML, and pages that load no MathJax."""

from types import SimpleNamespace

import pytest
from simple_formulas import NotSimple, as_html, show_without_mathjax, with_simple

SIMPLE = {
    "n_E": ("n sub E", "<i>n</i><sub><i>E</i></sub>"),
    "n_E = 20": ("n sub E equals 20", "<i>n</i><sub><i>E</i></sub>\u00a0=\u00a020"),
    r"10/500 = 2\%": ("10 over 500 equals 2 percent", "10/500\u00a0=\u00a02%"),
    "0.98^{100}": ("0.98 to the power 100", "0.98<sup>100</sup>"),
    "n_0^2": ("n sub 0 squared", "<i>n</i><sub>0</sub><sup>2</sup>"),
    "e^{-T/8}": ("e to the power minus T over 8", "<i>e</i><sup>−<i>T</i>/8</sup>"),
    "(-1, 0)": ("(minus 1, 0)", "(−1,\u00a00)"),
    r"1 - \cos": ("1 minus cosine", "1\u00a0−\u00a0cos"),
    r"2 \times 3 \cdot 4": ("2 times 3 times 4", "2\u00a0×\u00a03\u00a0·\u00a04"),
    r"f(\cdot)": ("f (dot)", "<i>f</i>(·)"),
    r"a < b \le c": (
        "a less than b at most c",
        "<i>a</i>\u00a0&lt;\u00a0<i>b</i>\u00a0<wbr>≤\u00a0<i>c</i>",
    ),
    r"\frac12": ("1 over 2", "<sup>1</sup>⁄<sub>2</sub>"),
    r"\frac{1}{20}": ("1 over 20", "<sup>1</sup>⁄<sub>20</sub>"),
    r"\sqrt{q}": ("square root of q", '√<span class="rfe-root"><i>q</i></span>'),
    r"\mathbf{X_L}": ("X sub L", "<b>X<sub>L</sub></b>"),
    r"\mathrm{F} \approx 1": ("F approximately 1", "F\u00a0≈\u00a01"),
    r"\lambda \mathcal{L}_E": ("lambda L sub E", "<i>λ</i>ℒ<sub><i>E</i></sub>"),
}


@pytest.mark.parametrize("tex", SIMPLE)
def test_a_simple_formula_is_shown_and_read(tex):
    words, shown = SIMPLE[tex]
    opening = f'<span class="rfe-formula" role="math" aria-label="{words}">'
    assert as_html(tex) == f"{opening}{shown}</span>"


@pytest.mark.parametrize(
    "tex",
    [
        r"\bar x",
        r"\mathcal{H}",
        r"\begin{cases} 1 \end{cases}",
        "x'",
        "{x",
        "x}",
        "x_",
        "3{,}228",
        r"\sqrt",
        "5% more",
        r"a \\ b",
    ],
)
def test_any_other_formula_is_refused(tex):
    with pytest.raises(NotSimple, match=r"got|must match"):
        as_html(tex)


BAR = r"\bar x"  # not simple


def inline(tex):
    return f'<span class="math notranslate nohighlight">\\({tex}\\)</span>'


def test_what_is_not_simple_stays_beside_what_is():
    text = with_simple(f"<p>{inline('a &lt; b')}, {inline(BAR)}</p>")
    assert "<i>a</i>\u00a0&lt;\u00a0<i>b</i></span>" in text and inline(BAR) in text


DISPLAYED = '<div class="math notranslate nohighlight">\n\\[x\\]</div>'


def shown(body):
    """A page's body and scripts after the extension has seen it."""
    named = ("book.js", "vendor/mathjax/tex-chtml.js", None)
    scripts = [SimpleNamespace(filename=name, attributes={}) for name in named]
    scripts[2].attributes["body"] = "window.MathJax = {}"
    context = {"body": body, "script_files": scripts}
    show_without_mathjax(None, "page", "page.html", context, None)
    return context["body"], [script.filename for script in scripts]


@pytest.mark.parametrize("body", ["<p>None.</p>", f"<h1>A</h1><p>{inline('n_E')}</p>"])
def test_a_page_of_simple_formulas_loads_no_mathjax(body):
    assert shown(body) == (with_simple(body), ["book.js"])


@pytest.mark.parametrize("other", [inline(BAR), DISPLAYED, f"<h2>On {inline('n_E')}<a>#</a></h2>"])
def test_a_page_with_any_other_formula_is_left_alone(other):
    body = f"<h1>A</h1><p>{inline('n_E')}</p>{other}"
    assert shown(body) == (body, ["book.js", "vendor/mathjax/tex-chtml.js", None])
