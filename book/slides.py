"""Slides of each chapter and of the lesson, made from the built pages, in _build/html/slides.

Nothing is marked in a chapter; what stands on its slides follows from how it is written. A section
gives its heading, the sentence that answers it and what it numbers: figures, equations, short
tables. A question to check oneself has a slide, and so has "What to remember". In the lesson each
question has one, with its links, and so has each figure that the lesson names. Answers to expect
are notes, which the key E shows. Each slide links to its place in the book.

reveal.js shows the slides (book/vendor), with `slides.js` and `slides.css` of book/runtime.
"""

import copy
import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag

REMEMBER = "What to remember"
#: Sections that are no slides: what a first reading may leave out, work to do at one's own screen,
#: and a table too large for one.
LEFT_OUT = re.compile(r"Deeper: |Exercises|What the paper said")
#: Rows, heads among them, of the longest table that fits.
LONGEST_TABLE = 7
NUMBERED = "figure, div.math[id], table[id]"
VIEW = "application/vnd.jupyter.widget-view+json"
STATES = re.compile(r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>')
#: Between two sentences. "Eq. 2" is none, nor is what a tag holds, as the title of a link.
END = re.compile(r"(?<=[.?!])[”)]?\s+(?=[A-Z“(<])(?![^<]*>)")
#: What asks for a prediction before a widget is moved.
PREDICT = re.compile(r"(Try this|Before you).*predict", re.DOTALL | re.IGNORECASE)
#: A paragraph of the lesson: what the teacher does, and after the minutes what with.
SAID = re.compile(r"<strong>(\w+)[^<]*</strong>(?: \(\d[^)]*\)\.?)?\s*(.*)", re.DOTALL)

DECK = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} (slides)</title>
<link rel="icon" href="../_static/favicon.svg">
<link rel="stylesheet" href="../_static/vendor/reveal/reveal.css">
<link rel="stylesheet" href="../_static/slides.css">
<noscript><link rel="stylesheet" href="../_static/slides-still.css"></noscript>
</head><body>
<main class="reveal"><div class="slides">
{slides}
</div></main>
<script src="../_static/vendor/reveal/reveal.js"></script>
<script src="../_static/slides.js"></script>
<script src="../_static/vendor/mathjax/tex-chtml.js"></script>
</body></html>
"""


class Page(NamedTuple):
    """A built page: its article, and the names of its widgets by their models."""

    name: str
    article: Tag
    widgets: dict[str, str]


@dataclass
class Slide:
    """What stands on a slide, as HTML, where it leads to, and what only the speaker reads."""

    heading: str
    body: str
    kind: str
    address: str
    link: str = "On the page"
    notes: list[str] = field(default_factory=list)

    def html(self) -> str:
        """The slide as reveal.js reads it."""
        notes = f'<aside class="notes">{"".join(self.notes)}</aside>' if self.notes else ""
        return (
            f'<section class="{self.kind}"><h2>{self.heading}</h2>'
            f'<div class="body">{self.body}</div>'
            f'<p class="source"><a href="{html.escape(self.address)}">{self.link}</a></p>'
            f"{notes}</section>"
        )


def read_page(path: Path) -> Page:
    """A page as Jupyter Book has written it."""
    text = path.read_text(encoding="utf-8")
    article = f"<article{text.partition('<article')[2].partition('</article>')[0]}</article>"
    named = {}
    if found := STATES.search(text):
        stored = json.loads(found[1])
        named = {model: of["state"]["name"] for model, of in stored["state"].items()}
        named |= {model: of["name"] for model, of in stored["aside"].items()}
    return Page(path.stem, BeautifulSoup(article, "html.parser").article, named)


def inner(part: Tag, page: str) -> str:
    """HTML of a part of a page for a slide, one folder further down: no anchors, nothing late."""
    part = copy.copy(part)
    for link in part.select("a.headerlink"):
        link.decompose()
    for link in part.find_all("a", href=True):
        if not re.match(r"\w+:", link["href"]):
            link["href"] = "../" + (f"{page}.html" * link["href"].startswith("#")) + link["href"]
    for image in part.find_all("img"):
        image["src"] = "../" + image["src"]
        del image["loading"]
    for element in [part, *part.find_all(id=True)]:
        del element["id"]
    return str(part)


def inside(part: Tag, page: str) -> str:
    """The same without the part's own tag."""
    return inner(part, page).partition(">")[2].rpartition("<")[0].strip()


def opening(section: Tag, page: str) -> str:
    """What answers a section's heading: what it begins with in italics, or its first sentence."""
    first = section.find("p", recursive=False)
    text = inside(first, page) if first else ""
    set_off = re.match(r"<(em|strong)>(.*?)</\1>", text, re.DOTALL)
    return set_off[2] if set_off else END.split(text)[0]


def shown(item: Tag, page: str) -> tuple[str, str]:
    """A figure, an equation or a table, and its kind.

    Captions without what made the figure; an equation with the sentence that it stands in.
    """
    if item.name == "div":
        before, after = item.find_previous_sibling(), item.find_next_sibling()
        lead = END.split(inside(before, page))[-1] if before and before.name == "p" else ""
        rest = END.split(inside(after, page))[0] if after and after.name == "p" else ""
        below = f"<p>{rest}</p>" * rest[:1].islower()
        return f"<p>{lead}</p>{inner(item, page)}{below}", "equation"
    item = copy.copy(item)
    for made in item.find_all("em", string="Made by"):
        for rest in [made, *made.next_siblings]:
            rest.extract()
    return inner(item, page), item.name


def fits(item: Tag) -> bool:
    """Whether what is numbered is to be on a slide: not what is folded, nor a long table."""
    short = item.name != "table" or len(item.find_all("tr")) <= LONGEST_TABLE
    return short and not item.find_parent("details")


def self_check(box: Tag, address: str, page: str) -> Slide:
    """A question with its options; the answers, which are folded on the page, for the speaker."""
    told = [inner(box.find_next("details").ol, page)]
    body = "".join(inner(part, page) for part in box.find_all(["p", "ol"], recursive=False)[1:])
    return Slide("Check yourself", body, "question", address, notes=told)


def section_slides(section: Tag, page: Page) -> list[Slide]:
    """Slides of a section of a chapter."""
    address = f"../{page.name}.html#{section['id']}"
    heading = inside(section.h2, page.name)
    if REMEMBER in heading:
        return [Slide(heading, inner(section.find(["ol", "ul"]), page.name), "remember", address)]
    answer = opening(section, page.name)
    made = []
    for item in filter(fits, section.select(NUMBERED)):
        body, kind = shown(item, page.name)
        above = f'<p class="answer">{answer}</p>' * (not made and answer not in body)
        made.append(Slide(heading, above + body, kind, address))
    views = [json.loads(view.string)["model_id"] for view in section.find_all(type=VIEW)]
    names = [page.widgets[model] for model in views if model in page.widgets]
    for paragraph in section.find_all("p", recursive=False) if names else ():
        if PREDICT.match(paragraph.get_text()):
            below = paragraph.find_next_sibling()
            asked = [paragraph, below] if below and below.name == "ol" else [paragraph]
            body = "".join(inner(part, page.name) for part in asked)
            made.append(Slide(heading, body, "question", address))
    made = made or [Slide(heading, f'<p class="answer">{answer}</p>', "statement", address)]
    if names:
        made[-1].address = f"../{page.name}.html#{names[0]}"
        made[-1].link = "Move it on the page"
    checks = [box for box in section.select(".self-check") if not box.find_parent("details")]
    return made + [self_check(box, address, page.name) for box in checks]


def title_slide(page: Page) -> Slide:
    """How a deck begins: the page's title and its first paragraph."""
    first = page.article.select_one(".admonition p:not(.admonition-title), section > p")
    text = re.split(r"<br\s*/?>", inside(first, page.name))[0]
    keys = '<p class="keys">Arrow keys turn the slides, Esc shows all, E what to expect.</p>'
    title = inside(page.article.h1, page.name)
    return Slide(title, f"<p>{text}</p>{keys}", "title", f"../{page.name}.html")


def chapter_slides(page: Page) -> list[Slide]:
    """The deck of a chapter."""
    made = [title_slide(page)]
    for section in page.article.section.find_all("section", recursive=False):
        if not LEFT_OUT.search(section.h2.get_text()):
            made += section_slides(section, page)
    return made


def lesson_slides(lesson: Page, page_of: Callable[[str], Page]) -> list[Slide]:
    """The deck of the lesson: its questions, and what it names in the chapters."""
    made, seen = [title_slide(lesson)], set()
    for part in lesson.article.section.find_all("section", recursive=False):
        time, _, heading = inside(part.h2, lesson.name).partition(": ")
        address = f"../{lesson.name}.html#{part['id']}"
        made.append(Slide(heading, f"<p>{time}</p>", "title", address, "In the lesson"))
        chapters: Counter[str] = Counter()
        for paragraph in part.find_all("p", recursive=False):
            what, text = SAID.match(inside(paragraph, lesson.name)).groups()
            if what == "Ask":
                question, _, how = text.removeprefix("<em>").partition("</em>")
                body = f'<p class="answer">{question}</p><p>{how}</p>'
                made.append(Slide(heading, body, "question", address, "In the lesson"))
            else:
                made[-1].notes.append(f"<p>{text}</p>")
            for link in paragraph.find_all("a", href=True):
                name, _, anchor = link["href"].partition(".html#")
                chapters[name.removesuffix(".html")] += 1
                target = page_of(name).article.find(id=anchor) if anchor else None
                if target and target.css.match(NUMBERED) and fits(target) and anchor not in seen:
                    seen.add(anchor)
                    chapter = name.removesuffix(".html")
                    title = inside(target.find_parent("section").find(["h2", "h3"]), chapter)
                    made.append(Slide(title, *shown(target, chapter), f"../{link['href']}"))
        name = chapters.most_common(1)[0][0]
        made += [s for s in chapter_slides(page_of(name)) if s.kind == "remember"]
    return made


def write(folder: Path, chapters: Iterable[str]) -> None:
    """Write the decks beside the pages in `folder`; chapters are pages without their ".html"."""
    pages: dict[str, Page] = {}

    def page_of(name: str) -> Page:
        return pages.get(name) or pages.setdefault(name, read_page(folder / f"{name}.html"))

    decks = {name: chapter_slides(page_of(name)) for name in chapters}
    decks["lesson"] = lesson_slides(page_of("lesson"), page_of)
    (folder / "slides").mkdir(exist_ok=True)
    for name, slides in decks.items():
        title = page_of(name).article.h1.get_text().removesuffix("#")
        text = DECK.format(title=title, slides="\n".join(slide.html() for slide in slides))
        (folder / "slides" / f"{name}.html").write_text(text, encoding="utf-8")
