"""A content security policy in the head of each built page: it may load the book's files alone.

https://www.w3.org/TR/CSP3/. A browser that reads it runs the scripts of the book, and those that
stand in a page only if the page names their hash; whatever else came onto a page would not run,
and no other host is asked for anything. It is written last, when a page's scripts are final.
"""

import base64
import hashlib
import html
import re
from collections.abc import Collection
from pathlib import Path

#: The book's own files. For a page that was opened as a file, Firefox takes 'self' for nothing; a
#: page from a server may load no file: address, whatever its policy says.
OWN = "'self' file:"
POLICY = {
    "default-src": OWN,
    # blob: is a widget's module, which widget-loader.js makes of the state that the page holds.
    "script-src": f"{OWN} blob: {{hashes}}",
    # Widgets and MathJax make style elements as they draw, so no hash can be known before.
    "style-src": f"{OWN} 'unsafe-inline'",
    "img-src": f"{OWN} data:",  # data: are small pictures in style sheets
    "connect-src": OWN,
    "font-src": OWN,
    "frame-src": "'none'",
    "worker-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": OWN,
}
TAG = '<meta http-equiv="Content-Security-Policy" content="{}">'
OLD = re.compile(re.escape(TAG).replace(r"\{\}", '[^"]*'))
#: Nothing that loads may stand above the policy; what encodes the page must.
FIRST = re.compile(r'<meta charset="utf-8"\s*/?>', re.IGNORECASE)
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
#: A script of another type is data, which no browser runs.
RUNS = re.compile(r'^(?!.*\bsrc=)(?!.*\btype="(?!module|text/javascript)).*$', re.DOTALL)
HANDLER = re.compile(r'<\w[^>]*?\son\w+="([^"]*)"')


def _hashes(texts: Collection[str]) -> list[str]:
    digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts}
    return [f"'sha256-{digest}'" for digest in sorted(digests)]


def handlers(page: str) -> set[str]:
    """The scripts that stand in attributes of a page's elements, such as onclick."""
    return {html.unescape(text) for text in HANDLER.findall(SCRIPT.sub("", page))}


def policy(page: str, named: Collection[str]) -> str:
    """The policy of a page, given its HTML, which names the scripts in it and those handlers."""
    scripts = [text for attributes, text in SCRIPT.findall(page) if RUNS.match(attributes)]
    hashes = _hashes({*scripts, *named}) + ["'unsafe-hashes'"] * bool(named)
    parts = (f"{name} {sources}" for name, sources in POLICY.items())
    return "; ".join(" ".join(part.format(hashes=" ".join(hashes)).split()) for part in parts)


def with_policy(page: str, named: Collection[str]) -> str:
    """A page's HTML with its policy, in place of the one it may have.

    Raises
    ------
    ValueError
        If the page has no place for it.
    """
    page = OLD.sub("", page)
    if not (first := FIRST.search(page)):
        raise ValueError("a page must say that it is UTF-8")
    return f"{page[: first.end()]}{TAG.format(policy(page, named))}{page[first.end() :]}"


def write(folder: Path) -> None:
    """Give each page below a folder its policy; what the theme keeps in _static is no page.

    A page names the handlers of all: that of the search reads the pages that it finds.

    Raises
    ------
    ValueError
        If a page has no place for it.
    """
    paths = sorted(set(folder.rglob("*.html")) - set(folder.glob("_static/**/*")))
    pages = {path: path.read_text(encoding="utf-8") for path in paths}
    named = set().union(*map(handlers, pages.values()))
    for path, page in pages.items():
        try:
            held = with_policy(page, named)
        except ValueError as error:
            raise ValueError(f"{path.relative_to(folder).as_posix()}: {error}") from None
        if held != page:
            path.write_text(held, encoding="utf-8")
