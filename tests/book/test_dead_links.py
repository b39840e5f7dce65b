"""What the built pages lead to: the builder refuses a page with a link that leads nowhere."""

import json

import dead_links
import pytest

STATES = {"state": {"a": {"state": {"name": "sampler"}}}, "aside": {"b": {"name": "plane"}}}
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>A</title>
<link rel="icon" href="_static/icon.svg"></head><body id="top">
<script type="application/vnd.jupyter.widget-state+json">{}</script>
<a name="old"></a><p id="a b">Text. <a href="https://x.org/nowhere.html">Away</a>
<a href="other/b.html#there">there</a> <a href="mailto:a@x.org">write</a> <a href="#">up</a></p>
{}
</body></html>"""


@pytest.fixture
def book(tmp_path):
    """Two pages, a picture and a page that no other leads to; a call plants HTML in the first."""
    (tmp_path / "other").mkdir()
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "icon.svg").touch()
    (tmp_path / "_static" / "a b.png").touch()
    (tmp_path / "other" / "b.html").write_text(
        '<h1 id="there">B</h1><a href="../index.html?present#sampler?n=20">widget</a>',
        encoding="utf-8",
    )
    (tmp_path / "left.html").write_text(
        '<a href="gone.html">of an earlier build</a>', encoding="utf-8"
    )

    def faults(planted):
        page = PAGE.format(json.dumps(STATES), planted)
        (tmp_path / "index.html").write_text(page, encoding="utf-8")
        return dead_links.faults(tmp_path)

    return faults


@pytest.mark.parametrize(
    "planted",
    [
        "",
        '<a href="#a%20b">here</a><a href="#old">old</a><a href="index.html#top">up</a>',
        '<img src="_static/a%20b.png" srcset="_static/icon.svg 1x, _static/a%20b.png 2x">',
        '<img src="data:image/gif;base64,AA=="><form action="other/b.html"></form>',
        '<a href="#sampler?n_e=20">widget</a><a href="?present#plane">large</a>',
        "<script>'<a href=\"nowhere.html\">'</script><!-- <a href='nowhere.html'> -->",
        "<a>no address</a>",
    ],
)
def test_what_is_there_is_no_fault(book, planted):
    assert book(planted) == []


@pytest.mark.parametrize(
    ("planted", "shown", "why"),
    [
        ('<a href="nowhere.html">x</a>', '<a href="nowhere.html">', "no file of the book"),
        ('<a href="#no-anchor">x</a>', '<a href="#no-anchor">', "no anchor of index.html"),
        ("<a href=other/b.html#a>x</a>", '<a href="other/b.html#a">', "no anchor of other/b.html"),
        ('<IMG SRC="gone.png">', '<img src="gone.png">', "no file of the book"),
        ('<img srcset="gone.png 2x">', '<img srcset="gone.png">', "no file of the book"),
        ('<object data="gone.pdf"></object>', '<object data="gone.pdf">', "no file of the book"),
        ('<script src="gone.js"></script>', '<script src="gone.js">', "no file of the book"),
        ('<template><img src="a.png"></template>', '<img src="a.png">', "no file of the book"),
        ('<a href="other/">x</a>', '<a href="other/">', "no file of the book"),
        ('<a href="../secret.html">x</a>', '<a href="../secret.html">', "no file of the book"),
        ('<a href="/other/b.html">x</a>', '<a href="/other/b.html">', "out of the book"),
        ('<a href="file:///etc/hosts">x</a>', '<a href="file:///etc/hosts">', "out of the book"),
        ('<img src="//x.org/a.png">', '<img src="//x.org/a.png">', "out of the book"),
    ],
)
def test_a_planted_link_is_found_and_its_place_named(book, planted, shown, why):
    (fault,) = book(planted)
    assert fault.startswith(f"index.html, line 6: {shown} leads ") and why in fault


def test_links_of_every_page_that_a_reader_can_reach_are_read(book, tmp_path):
    other = tmp_path / "other" / "b.html"
    text = other.read_text(encoding="utf-8")
    other.write_text(f'{text}\n<a href="#gone">x</a>', encoding="utf-8")
    assert book("") == ['other/b.html, line 2: <a href="#gone"> leads to no anchor of other/b.html']
    assert len(book('<a href="left.html">x</a>')) == 2
