"""Slides of each chapter and of the lesson, made from the built pages, in _build/html/slides.

What stands on slides follows from how a page is written. A section of a chapter gives its heading,
what answers it and what is to be seen: figures, equations (under the sentences that say what their
symbols are), short tables, verdicts; without any of these it has no slide. The answer is what the
section's first paragraph sets in italics or bold, if that is a whole sentence or more, else its
first sentence. A question to check oneself has a slide, and so has "What to remember". In the
lesson each question has one, with its links, each figure or table that it names, under what stands
in italics before its name, and what to remember of a part. All else, as answers, are notes, which
the key E shows. Each slide links to its place in the book.

reveal.js shows the slides (book/vendor), with `slides.js` and `slides.css` of book/runtime.
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from bs4 import Tag
from slide_parts import (
    NUMBERED,
    VERDICT,
    Page,
    Slide,
    fits,
    inner,
    inside,
    opening,
    read_page,
    shown,
)

REMEMBER = "What to remember"
#: Sections that are no slides: a table too large for one, work to do at one's own screen, and what
#: a first reading leaves out.
LEFT_OUT = re.compile(r"Exercises|What the paper said|Deeper:")
VIEW = "application/vnd.jupyter.widget-view+json"
#: What asks for a prediction before a widget is moved.
PREDICT = re.compile(r"(Try this|Before you).*predict", re.DOTALL | re.IGNORECASE)
#: A paragraph of the lesson: what the teacher does, and after the minutes what with.
SAID = re.compile(r"<strong>(\w+)[^<]*</strong>(?: \([^)]*\)\.?)?\s*(.*)", re.DOTALL)
#: What stands in italics in the lesson before the name of a figure.
TITLE = re.compile(r"<em>(.*?)</em>", re.DOTALL)
LATE = ", if time allows"

KEYS = (
    '<p class="keys">Arrow keys turn the slides, Esc shows all; E shows everybody the answer.</p>'
)
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


def self_check(box: Tag, address: str, page: str) -> Slide:
    """A question with its options; the answers, which are folded on the page, for the speaker."""
    told = inner(box.find_next("details").ol, page)
    body = "".join(inner(part, page) for part in box.find_all(["p", "ol"], recursive=False)[1:])
    return Slide("Check yourself", body, "question", address, notes=[told])


def section_slides(section: Tag, page: Page) -> list[Slide]:
    """Slides of a section of a chapter."""
    address = f"../{page.name}.html#{section['id']}"
    heading = inside(section.h2, page.name)
    if REMEMBER in heading:
        return [Slide(heading, inner(section.find(["ol", "ul"]), page.name), "remember", address)]
    answer = opening(section, page.name)
    made = []
    for item in filter(fits, section.select(f"{NUMBERED}, {VERDICT}")):
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
    if names and made:
        made[-1].address = f"../{page.name}.html?present#{names[0]}"
        made[-1].link = "Move it on the page"
    checks = [box for box in section.select(".self-check") if not box.find_parent("details")]
    return made + [self_check(box, address, page.name) for box in checks]


def title_slide(page: Page) -> Slide:
    """How a deck begins: the page's title and its first paragraph."""
    first = page.article.select_one(".admonition p:not(.admonition-title), section > p")
    text = re.split(r"<br\s*/?>", inside(first, page.name))[0]
    return Slide(
        inside(page.article.h1, page.name), f"<p>{text}</p>{KEYS}", "title", f"../{page.name}.html"
    )


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
    body = lesson.article.section
    made[0].notes = [inner(p, lesson.name) for p in body.find_all("p", recursive=False)[1:]]
    for part in body.find_all("section", recursive=False):
        time, _, heading = inside(part.h2, lesson.name).partition(": ")
        for paragraph in part.find_all("p", recursive=False):
            what, text = SAID.match(inside(paragraph, lesson.name)).groups()
            at = len(made)
            if what in ("Ask", "Remember"):
                said, _, how = text.removeprefix("<em>").partition("</em>")
                above = (heading, "question") if what == "Ask" else (REMEMBER, "remember")
                below = f'<p class="answer">{said}</p>' + f"<p>{how}</p>" * bool(how)
                made.append(Slide(above[0], below, above[1], f"../{lesson.name}.html#{part['id']}"))
                made[-1].link = f"In the lesson, {time}" + LATE * (LATE in paragraph.get_text())
            for link in paragraph.find_all("a", href=True):
                chapter, _, anchor = link["href"].partition(".html#")
                target = page_of(chapter).article.find(id=anchor) if anchor else None
                if target and target.css.match(NUMBERED) and fits(target) and anchor not in seen:
                    seen.add(anchor)
                    titles = TITLE.findall(str(paragraph).partition(link["href"])[0])
                    title = titles[-1].rstrip(":") if titles else heading
                    made.append(Slide(title, *shown(target, chapter), f"../{link['href']}"))
            if what not in ("Ask", "Remember"):
                new = at if what in ("Say", "Show") and at < len(made) else at - 1
                made[new].notes.append(inner(paragraph, lesson.name))
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
