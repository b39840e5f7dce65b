"""Sphinx extension: what search engines and other sites are told of a page, in its head.

A description, which is how the page's first paragraph begins; Open Graph; and on the first page how
the book is cited. Addresses stand there only if RFE_PAGES names the site that holds the pages; then
there is a sitemap too.
"""

import hashlib
import html
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from docutils import nodes

VARIABLE = "RFE_PAGES"
PICTURE = "_static/screenshot.png"
CITATION = Path(__file__).resolve().parents[1] / "CITATION.cff"

#: A description goes on to the next sentence until it has so many characters.
SHORTEST = 80

#: A reference to literature, as a page shows it.
REFERENCE = re.compile(r"\s*\[[^\]]*\d{4}\w?\]")


def site() -> str | None:
    """Where the pages are published, without a final slash.

    Raises
    ------
    ValueError
        If it is no address of the web.
    """
    given = os.environ.get(VARIABLE, "").strip().rstrip("/")
    if given and not re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[\w./~-]*)?", given):
        raise ValueError(f"{VARIABLE} must be an address such as https://a.org/book, got {given!r}")
    return given or None


def description(doctree: nodes.document, fallback: str) -> str:
    """How a page's first paragraph begins: whole sentences, `SHORTEST` characters at least."""
    texts = (_first_line(p) for p in doctree.findall(nodes.paragraph) if not _is_entry(p.parent))
    text = REFERENCE.sub("", next(texts, fallback))
    sentences = re.split(r"(?<=[.?!])\s+(?=[A-Z])", " ".join(re.sub(r"[\\${}]", "", text).split()))
    said = sentences.pop(0)
    while sentences and len(said) < SHORTEST:
        said += f" {sentences.pop(0)}"
    return re.sub(r"[:,]$", ".", said)


def _is_entry(node: nodes.Node) -> bool:
    """Whether a paragraph in it says what a word or a number is, not what the page is about."""
    return isinstance(node, nodes.entry | nodes.citation | nodes.definition)


def _first_line(paragraph: nodes.paragraph) -> str:
    """A paragraph's text, up to a forced line break."""
    parts = []
    for part in paragraph.findall():
        if isinstance(part, nodes.raw):
            break
        if isinstance(part, nodes.Text):
            parts.append(part)
    return "".join(parts)


def citation(about: Mapping) -> list[tuple[str, str]]:
    """Names and contents of the tags that say how the book is cited, from CITATION.cff."""
    tags = [("citation_title", about["title"]), ("citation_language", "en")]
    for author in about["authors"]:
        parts = (author.get("given-names"), author.get("family-names"), author.get("name"))
        tags.append(("citation_author", " ".join(filter(None, parts))))
    for tag, key in (("citation_publication_date", "date-released"), ("citation_doi", "doi")):
        if key in about:
            tags.append((tag, str(about[key]).replace("-", "/" if "date" in tag else "-")))
    return tags


def tags(
    page: str, title: str, said: str, book: str, cited: Mapping, address: str | None
) -> list[str]:
    """All tags of one page's head.

    Parameters
    ----------
    page, title, said : str
        Name of the page, ``index`` for the first; its title; its description.
    book : str
        The book's title.
    cited : mapping
        What CITATION.cff holds.
    address : str or None
        `site`.
    """
    kind = "website" if page == "index" else "article"
    graph = {"title": title, "description": said, "type": kind, "site_name": book}
    named = [("description", said)]
    if page == "index":
        named += citation(cited)
    if address:
        graph |= {"url": f"{address}/{page}.html", "image": f"{address}/{PICTURE}"}
        named += [("citation_public_url", f"{address}/")] if page == "index" else []
    return [_tag("name", *pair) for pair in named] + [
        _tag("property", f"og:{key}", value) for key, value in graph.items()
    ]


def _tag(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{html.escape(content)}" />'


def sitemap(pages: Iterable[str], address: str) -> str:
    """The published pages as a sitemap, https://www.sitemaps.org."""
    lines = [f"<url><loc>{address}/{page}.html</loc></url>" for page in sorted(pages)]
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return "\n".join(
        [
            head,
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
            *lines,
            "</urlset>\n",
        ]
    )


def describe(app, pagename, templatename, context, doctree):
    """Put the tags into a page's head."""
    if doctree is None:  # search, index of names
        return
    title = re.sub(r"<[^>]+>", "", html.unescape(context["title"]))
    said = description(doctree, f"{title}: {app.config.html_title}.")
    cited = yaml.safe_load(CITATION.read_text(encoding="utf-8"))
    lines = tags(pagename, title, said, app.config.html_title, cited, site())
    context["metatags"] = "\n    ".join([context.get("metatags", ""), *lines])


def write_sitemap(app, exception):
    """Beside the pages if they have an address; one of an earlier build goes."""
    path = Path(app.outdir) / "sitemap.xml"
    path.unlink(missing_ok=True)
    if not exception and (address := site()):
        path.write_text(sitemap(app.env.found_docs, address), encoding="utf-8")


def setup(app):
    """Called by Sphinx."""
    # Sphinx writes all pages again when this value changes.
    own = hashlib.sha256(Path(__file__).read_bytes() + CITATION.read_bytes()).hexdigest()
    app.add_config_value("page_head_source", f"{own} {site()}", "html")
    app.connect("html-page-context", describe)
    app.connect("build-finished", write_sitemap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
