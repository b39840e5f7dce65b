"""What the built pages lead to, or load, must be there: files of the book and anchors in them.

Sphinx looks after links that it makes; this reads the pages themselves, with what an author wrote
as raw HTML. It goes from the first page wherever a reader can go, and asks no other host.
"""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

#: Attributes that hold an address.
ADDRESSES = {"action", "href", "poster", "src"}
#: Addresses that do not lead into the book.
ELSEWHERE = {"data", "http", "https", "mailto"}
STATES = "application/vnd.jupyter.widget-state+json"


class Link(NamedTuple):
    """An address as it stands in a page."""

    line: int
    tag: str
    attribute: str
    address: str


class _Page(HTMLParser):
    """The links of a page and its anchors; names of widgets are some, too."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: list[Link] = []
        self.anchors: set[str] = set()
        self._states: list[str] | None = None  # while a script that holds them is read
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "script" and ("type", STATES) in attrs:
            self._states = []
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value or "")
            elif name in ADDRESSES or (tag == "object" and name == "data"):
                self._add(tag, name, value or "")
            elif name == "srcset":
                for candidate in (value or "").split(","):
                    self._add(tag, name, candidate.strip().partition(" ")[0])

    def handle_data(self, data):
        if self._states is not None:
            self._states.append(data)

    def handle_endtag(self, tag):
        if tag == "script" and self._states is not None:
            stored, self._states = json.loads("".join(self._states)), None
            self.anchors |= {model["state"].get("name", "") for model in stored["state"].values()}
            self.anchors |= {model["name"] for model in stored["aside"].values()}

    def _add(self, tag: str, attribute: str, address: str) -> None:
        self.links.append(Link(self.getpos()[0], tag, attribute, address))


def faults(folder: Path, first: str = "index.html") -> list[str]:
    """The dead links of the pages that a reader can reach, one line each.

    Parameters
    ----------
    folder : Path
        Where the built pages lie.
    first : str
        The page where a reader begins.
    """
    root = folder.resolve()
    pages: dict[Path, _Page] = {}
    todo, found = [root / first], []

    def page_of(path: Path) -> _Page:
        if path not in pages:
            pages[path] = _Page(path)
            todo.append(path)
        return pages[path]

    page_of(todo.pop())
    while todo:
        here = todo.pop()
        for link in pages[here].links:
            if why := _fault(link.address, here, root, page_of):
                shown = f'<{link.tag} {link.attribute}="{link.address}">'
                found.append(
                    f"{here.relative_to(root).as_posix()}, line {link.line}: {shown} {why}"
                )
    return sorted(found)


def _fault(address, here, root, page_of) -> str:
    """What is wrong with an address; empty if nothing is."""
    parts = urlsplit(address)
    if parts.scheme in ELSEWHERE:
        return ""
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return "leads out of the book, to no page of the web"
    target = (here.parent / unquote(parts.path)).resolve() if parts.path else here
    if not target.is_relative_to(root) or not target.is_file():
        return "leads to no file of the book"
    anchor = unquote(parts.fragment).partition("?")[0]  # behind it stands the state of a widget
    if target.suffix == ".html" and anchor not in {"", *page_of(target).anchors}:
        return f"leads to no anchor of {target.relative_to(root).as_posix()}"
    return ""
