"""Sphinx extension: a page holds ready what its links to other pages of the book lead to.

In ``<template id="rfe-previews">`` at its end, which a browser does not show and loads nothing for.
`_static/previews.js` shows a piece of it beside its link. So a preview fetches nothing, and a page
that is opened as a file has it, too. But a page without MathJax loads it when a preview first shows
a formula that is not simple (`simple_formulas`).
"""

import re
from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from simple_formulas import SCRIPT, with_simple

LINK = re.compile(r'<a class="reference internal" href="((\w[\w-]*\.html)#([^"]+))"')
HELD = re.compile(r'<template id="rfe-previews">.*?</template>\n', re.DOTALL)
#: What has a preview, beside the words of the glossary.
SHOWN = "div.math, div.citation, figure, table"


def shown(page: Tag, anchor: str) -> str:
    """HTML of what an anchor of a page stands for: of a section its heading and first paragraph.

    Without links and anchors, which mean nothing elsewhere.
    """
    target = page.find(id=anchor)
    if target is None:
        return ""
    if target.name == "dt":
        return f"<dl>{_bare(target)}{_bare(target.find_next_sibling('dd'))}</dl>"
    section = target.parent if target.css.match("section > span") else target
    if section.name == "section" and (first := section.find("p", recursive=False)):
        heading = section.find(["h1", "h2", "h3"], recursive=False)
        return f"<p><strong>{_bare(heading).split('>', 1)[1][:-5]}</strong></p>{_bare(first)}"
    return _bare(target) if target.css.match(SHOWN) else ""


def _bare(part: Tag) -> str:
    copy = BeautifulSoup(str(part), "html.parser")
    for link in copy.select("a.headerlink, .eqno"):
        link.decompose()
    for link in copy.find_all("a"):
        link.unwrap()
    for element in copy.find_all(id=True):
        del element["id"]
    return str(copy)


def with_previews(text: str, page_of: Callable[[str], Tag | None]) -> str:
    """A page's HTML with its template, in place of the one it may have.

    Parameters
    ----------
    text : str
    page_of : callable
        Gives the parsed page of a file's name, None where there is none.
    """
    text = HELD.sub("", text)
    pieces = []
    for address, name, anchor in dict.fromkeys(LINK.findall(text)):
        content = shown(page, anchor) if (page := page_of(name)) else ""
        if content:
            content = content if SCRIPT in text else with_simple(content)
            pieces.append(f'<div data-of="{address}">{content}</div>')
    if not pieces:
        return text
    before, end, after = text.rpartition("</body>")
    return f'{before}<template id="rfe-previews">{"".join(pieces)}</template>\n{end}{after}'


def hold_previews(app, exception):
    """Called when all pages are written."""
    folder, parsed = Path(app.outdir), {}

    def page_of(name: str) -> Tag | None:
        if name not in parsed:
            path = folder / name
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            _, start, article = text.partition("<article")
            article = start + article.partition("</article>")[0]
            parsed[name] = BeautifulSoup(article, "html.parser") if start else None
        return parsed[name]

    for path in () if exception else sorted(folder.glob("*.html")):
        text = path.read_text(encoding="utf-8")
        if (held := with_previews(text, page_of)) != text:
            path.write_text(held, encoding="utf-8")


def setup(app):
    """Called by Sphinx."""
    app.connect("build-finished", hold_previews)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
