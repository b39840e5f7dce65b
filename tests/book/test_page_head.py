"""What a page's head tells search engines and other sites."""

import page_head
import pytest
from docutils import nodes

SITE = "https://someone.example/rfe"
BOOK = "Too few labels"
CITED = {
    "title": "A book",
    "authors": [{"name": "A group"}, {"given-names": "Ada", "family-names": "Lovelace"}],
    "date-released": "2026-02-01",
}


def page(*parts):
    """A document with these paragraphs."""
    made = nodes.document(None, None)
    made.extend(nodes.paragraph("", "", *part) for part in parts)
    return made


def test_address_is_that_of_the_variable(monkeypatch):
    monkeypatch.delenv("RFE_PAGES", raising=False)
    assert page_head.site() is None
    monkeypatch.setenv("RFE_PAGES", f"{SITE}/")
    assert page_head.site() == SITE
    monkeypatch.setenv("RFE_PAGES", "someone.example")
    with pytest.raises(ValueError, match=r"RFE_PAGES must be an address .* got 'someone.example'"):
        page_head.site()


def test_description_is_how_the_first_paragraph_begins():
    first = [nodes.Text("As Baur"), nodes.inline("", " [Baur et al., 2017]"), nodes.Text(" say. ")]
    rest = nodes.Text(f"{'And so on ' * 8}to the end. No more.")
    said = page_head.description(page([*first, rest], [nodes.Text("Another.")]), "")
    assert said == f"As Baur say. {'And so on ' * 8}to the end."


def test_description_ends_where_a_line_is_broken():
    broken = nodes.raw("", "<br />", format="html")
    line = [nodes.Text("You will learn."), broken, nodes.Text("Minutes: 20.")]
    assert page_head.description(page(line), "") == "You will learn."


def test_a_table_does_not_describe_a_page():
    made = nodes.document(None, None, nodes.entry("", nodes.paragraph("", "Here")))
    assert page_head.description(made, "Glossary: a book.") == "Glossary: a book."


def test_addresses_stand_only_where_there_is_a_site():
    without = page_head.tags("02-unet", 'The "U"', "It is.", BOOK, CITED, None)
    assert '<meta property="og:title" content="The &quot;U&quot;" />' in without
    assert '<meta property="og:type" content="article" />' in without
    assert not [tag for tag in without if "citation" in tag or "http" in tag]
    added = set(page_head.tags("02-unet", 'The "U"', "It is.", BOOK, CITED, SITE)) - set(without)
    assert added == {
        f'<meta property="og:url" content="{SITE}/02-unet.html" />',
        f'<meta property="og:image" content="{SITE}/_static/screenshot.png" />',
    }


def test_the_first_page_says_how_to_cite():
    found = page_head.tags("index", BOOK, "It is.", BOOK, CITED, SITE)
    for name, content in (
        ("citation_title", "A book"),
        ("citation_author", "A group"),
        ("citation_author", "Ada Lovelace"),
        ("citation_publication_date", "2026/02/01"),
        ("citation_public_url", f"{SITE}/"),
    ):
        assert f'<meta name="{name}" content="{content}" />' in found


def test_sitemap_lists_all_pages():
    found = page_head.sitemap({"index", "reference/losses"}, SITE)
    assert f"<loc>{SITE}/reference/losses.html</loc>" in found and found.count("<loc>") == 2


def test_picture_is_in_the_book():
    assert (page_head.CITATION.parent / "book" / page_head.PICTURE).is_file()


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index", "04-embedding", "glossary"])
def test_a_built_page_is_described(page_for, name):
    tab = page_for(name).tab
    said = tab.locator("meta[name=description]").get_attribute("content")
    assert len(said) > 30 and "<" not in said and "\\" not in said
    assert tab.locator("meta[property='og:description']").get_attribute("content") == said
    assert tab.locator("link[rel=next]").count() == 1
    assert tab.locator("meta[name=citation_title]").count() == (name == "index")
