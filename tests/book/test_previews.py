"""What a page holds ready of the pages that it links to."""

import pytest
from bs4 import BeautifulSoup
from previews import shown, with_previews

GLOSSARY = """<article><section id="words"><dl>
<dt id="term-recall">recall<a class="headerlink" href="#term-recall">#</a></dt>
<dd><p>Share of <a href="#term-lesion">lesion</a> voxels.</p></dd></dl></section>
<div class="math" id="equation-eq-a"><span class="eqno">(1.1)</span>\\[x\\]</div>
<div class="admonition" id="box">x</div>
<section id="how"><span id="sec-how"></span>
<h2>1.1. How?<a class="headerlink" href="#how">#</a></h2>
<p><a href="#box">So</a>.</p><p>Then.</p></section>
<figure id="fig-a"><img src="_images/a.png"><figcaption>A.</figcaption></figure></article>"""
PAGE = '<body><p><a class="reference internal" href="{}">see</a></p></body>'


def page_of(name):
    return BeautifulSoup(GLOSSARY, "html.parser") if name == "glossary.html" else None


def test_a_word_is_shown_with_its_meaning_and_nothing_to_follow():
    word = shown(page_of("glossary.html"), "term-recall")
    assert word == "<dl><dt>recall</dt><dd><p>Share of lesion voxels.</p></dd></dl>"


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ("equation-eq-a", '<div class="math">\\[x\\]</div>'),
        ("fig-a", '<figure><img src="_images/a.png"/><figcaption>A.</figcaption></figure>'),
        ("words", ""),
        ("how", "<p><strong>1.1. How?</strong></p><p>So.</p>"),
        ("sec-how", "<p><strong>1.1. How?</strong></p><p>So.</p>"),
        ("box", ""),
        ("nowhere", ""),
    ],
)
def test_what_is_shown(anchor, text):
    assert shown(page_of("glossary.html"), anchor) == text


def test_a_page_holds_what_it_links_to_once_however_often_it_is_built():
    page = PAGE.format("glossary.html#term-recall")
    held = with_previews(page.replace("</p>", page[6:-7] + "</p>"), page_of)
    assert held.count('<div data-of="glossary.html#term-recall"><dl><dt>recall</dt>') == 1
    assert held.endswith("</template>\n</body>")
    assert with_previews(held, page_of) == held
    assert with_previews(held, lambda name: None).count("template") == 0


@pytest.mark.parametrize("href", ["glossary.html#words", "other.html#a", "#fig-a", "glossary.html"])
def test_a_page_without_previews_stays_as_it_is(href):
    assert with_previews(PAGE.format(href), page_of) == PAGE.format(href)


FORMULA = '<span class="math notranslate nohighlight">\\(n_E\\)</span>'


def test_simple_formulas_are_held_as_html_on_a_page_without_mathjax():
    words = BeautifulSoup(GLOSSARY.replace("lesion", FORMULA), "html.parser")
    page = PAGE.format("glossary.html#term-recall")
    held = with_previews(page, lambda name: words)
    assert "<i>n</i><sub><i>E</i></sub></span>" in held and "math notranslate" not in held
    drawn = page.replace("<body>", '<script src="vendor/mathjax/tex-chtml.js"></script><body>')
    assert FORMULA in with_previews(drawn, lambda name: words)
