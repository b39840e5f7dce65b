"""Slides follow from how a page is written."""

import re

import build
import pytest
import slides
from bs4 import BeautifulSoup

STATE = (
    '<script type="application/vnd.jupyter.widget-state+json">'
    '{"state": {"m1": {"state": {"name": "explorer"}}}, "aside": {}}</script>'
)
VIEW = f'<script type="{slides.VIEW}">{{"model_id": "m1"}}</script>'
CHAPTER = f"""{STATE}<article><section id="top"><h1>5. Title<a class="headerlink">#</a></h1>
<div class="admonition"><p class="admonition-title">In this chapter</p><p>You learn.</p></div>
<section id="why"><h2>5.1. Why?<a class="headerlink" href="#why">#</a></h2>
<p><em>Since it is so. Always.</em> More words. Let
<span class="math notranslate nohighlight">\\(a\\)</span> be one. The sum, by Eq. 2 of
<a href="r.html#l" title="IT. Theory, 1991.">Lin</a>, is</p>
<div class="math" id="equation-a"><span class="eqno">(5.1)</span>\\[a\\]</div>
<p>with a letter. Then more.</p>
<figure id="fig-a"><img alt="A line." loading="lazy" src="_images/a.svg"/>
<figcaption><p>A line. <em>Made by</em> <code>f</code>.</p></figcaption></figure>
<div class="self-check admonition"><p class="admonition-title">Check yourself</p>
<p>Which?</p><ol><li>One.</li></ol></div>
<details><ol><li>Right: one.</li></ol><figure id="fig-folded"></figure></details></section>
<section id="move"><h2>5.2. Move it</h2><p>One slice. Choose.</p>
<p>Before you move, predict.</p>{VIEW}</section>
<section id="told"><h2>5.3. Told</h2><p>It is <a href="#fig-a">so</a>. And so on.</p></section>
<section id="few"><h2>5.3. Few</h2><p>Two.</p><table id="tab-a"><caption>Rows.
<em>From</em> <code>g</code>.</caption><tr><td>1</td></tr></table></section>
<section id="more"><h2>5.4. Deeper: more</h2><figure id="fig-m"></figure></section>
<section id="verdict"><h2>5.5. What is the verdict?</h2>
<p>Few knew. <em>It holds. But little.</em></p>
<div class="admonition important"><p class="admonition-title">Claim 1</p><p>shown</p></div>
</section>
<section id="exercises"><h2>5.6. Exercises</h2><p>Write.</p></section>
<section id="what-to-remember"><h2>5.7. What to remember</h2><ul><li>This.</li></ul></section>
</section></article>"""
LESSON = """<article><section id="top"><h1>A lesson</h1><p>A story.</p><p>Who it is for.</p>
<section id="part"><h2>0:00 to 0:10: A part</h2>
<p><strong>Ask</strong> (4, if time allows). <em>How many?</em> Show
<a href="05-x.html?present#explorer?n_e=20">20</a>.</p>
<p><strong>They will say</strong> many.</p>
<p><strong>Answer.</strong> Few, <em>as it is:</em> <a href="05-x.html#fig-a">Fig. 5.1</a>.</p>
<p><strong>Say</strong> (6 minutes). It is in <a href="05-x.html#fig-a">Fig. 5.1</a>, by
<a href="05-x.html#equation-a">Eq. 5.1</a>.</p>
<p><strong>Remember.</strong> So it is.</p></section>
</section></article>"""


@pytest.fixture
def decks(tmp_path):
    """Both decks, parsed, by their names."""
    for name, text in {"05-x": CHAPTER, "lesson": LESSON}.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    slides.write(tmp_path, ["05-x"])
    made = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "slides").iterdir()}
    return {name: BeautifulSoup(text, "html.parser") for name, text in made.items()}


def texts(deck):
    """What stands on each slide, in one line."""
    return [re.sub(r"\s+", " ", slide.get_text(" ")).strip() for slide in deck.select("section")]


def test_slides_of_a_chapter(decks):
    made = decks["05-x"].select("section")
    kinds = ["title", "equation", "figure", "question", "question", "table", "verdict", "remember"]
    assert [slide["class"][0] for slide in made] == kinds
    said = texts(decks["05-x"])
    lead = r"Let \(a\) be one. The sum, by Eq. 2 of Lin , is"
    assert said[1].startswith(f"5.1. Why? Since it is so. Always. {lead}")
    assert "with a letter." in said[1] and "Then more" not in said[1]
    assert said[2].startswith("5.1. Why? A line. On the page")
    assert said[3].startswith("Check yourself Which? One.")
    assert made[3].select_one("aside.notes").get_text().strip() == "Right: one."
    assert said[4].startswith("5.2. Move it Before you move, predict. Move it on the page")
    assert said[5] == "5.3. Few Two. Rows. 1 On the page"
    assert said[6] == "5.5. What is the verdict? It holds. But little. Claim 1 shown On the page"


def test_links_lead_one_folder_up(decks):
    chapter = decks["05-x"]
    found = [link["href"] for link in chapter.select(".source a")]
    anchors = ["", *["#why"] * 3, "?present#explorer", "#few", "#verdict", "#what-to-remember"]
    assert found == [f"../05-x.html{anchor}" for anchor in anchors]
    image = chapter.img
    assert (image["src"], image["alt"], image.get("loading")) == (
        "../_images/a.svg",
        "A line.",
        None,
    )


def test_the_lesson_asks_and_shows_once_what_it_names(decks):
    made = decks["lesson"].select("section")
    kinds = [slide["class"][0] for slide in made]
    assert kinds == ["title", "question", "figure", "equation", "remember"]
    assert made[0].aside.get_text() == "Who it is for."
    question, told = made[1], "In the lesson, 0:00 to 0:10, if time allows"
    assert question.select_one(".source").get_text() == told
    assert question.select_one(".answer").get_text() == "How many?"
    assert question.select_one(".body a")["href"] == "../05-x.html?present#explorer?n_e=20"
    assert question.aside.get_text().startswith("They will say many.Answer. Few")
    assert [slide.h2.get_text() for slide in made[2:]] == ["as it is", "A part", "What to remember"]
    assert made[3].aside.get_text().startswith("Say (6 minutes).")
    assert made[4].select_one(".answer").get_text() == "So it is."


def test_every_deck_is_linked():
    page = (build.BOOK / "for-teachers.md").read_text(encoding="utf-8")
    decks = [name.removesuffix(".ipynb") for name in build.chapters()] + ["lesson"]
    assert set(re.findall(r'href="slides/([\w-]+)\.html"', page)) == set(decks)
