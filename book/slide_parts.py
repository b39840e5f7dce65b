"""What slides are made of: parts of built pages, as HTML that stands one folder further down."""

import copy
import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup, Tag

#: Rows, heads among them, of the longest table that fits.
LONGEST_TABLE = 7
NUMBERED = "figure, div.math[id], table[id]"
VERDICT = "div.admonition.important"
STATES = re.compile(r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>')
#: Between two sentences. "Eq. 2" is none, nor is what a tag holds, as the title of a link.
END = re.compile(
    r"(?:(?<=[.?!])|(?<=[.?!]</em>)|(?<=[.?!]</strong>))[”)]?\s+(?=[A-Z“(<])(?![^<]*>)"
)
#: How a sentence on symbols begins: not set off, nor the rest of one that holds an equation.
SYMBOLS = re.compile(r"(?!<em>|<strong>)[^a-z]")
#: Where a caption begins to say what made the figure or the table.
MADE = re.compile("^(Made by|From)$")
#: A whole sentence or more, set off.
SET_OFF = re.compile(r"<(em|strong)>([^<]*(?:<(?!/?\1)[^<]*)*[.?!])</\1>")


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
    """What answers a section's heading: the sentence that its author marked, or its first."""
    first = section.find("p", recursive=False)
    text = inside(first, page) if first else ""
    marked = SET_OFF.search(text)
    return marked[2] if marked else END.split(text)[0]


def leading_up(before: Tag, page: str) -> str:
    """The sentence that an equation ends, and those before it that say what its symbols are.

    That is, as long as there is a formula in each; what is set off is the section's answer.
    """
    sentences = END.split(inside(before, page))
    first = len(sentences) - 1
    while first and 'class="math' in sentences[first - 1] and SYMBOLS.match(sentences[first - 1]):
        first -= 1
    return " ".join(sentences[first:])


def shown(item: Tag, page: str) -> tuple[str, str]:
    """A figure, an equation, a table or a verdict, and its kind.

    Captions without what made it; an equation with what leads up to it.
    """
    if item.css.match(VERDICT):
        return inside(item, page), "verdict"
    if item.name == "div":
        before, after = item.find_previous_sibling(), item.find_next_sibling()
        lead = leading_up(before, page) if before and before.name == "p" else ""
        rest = END.split(inside(after, page))[0] if after and after.name == "p" else ""
        below = f"<p>{rest}</p>" * rest[:1].islower()
        return f"<p>{lead}</p>{inner(item, page)}{below}", "equation"
    item = copy.copy(item)
    for made in item.find_all("em", string=MADE):
        for rest in [made, *made.next_siblings]:
            rest.extract()
    return inner(item, page), item.name


def fits(item: Tag) -> bool:
    """Whether what is numbered is to be on a slide: not what is folded, nor a long table."""
    short = item.name != "table" or len(item.find_all("tr")) <= LONGEST_TABLE
    return short and not item.find_parent("details")
