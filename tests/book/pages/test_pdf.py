"""The book on paper."""

import io

import pdf
import pytest
from pypdf import PdfReader


@pytest.mark.browser
def test_a_page_is_printed_whole(browser, book_host):
    tab = browser.new_page()
    title, content = pdf.printed(tab, f"http://{book_host}/glossary.html")
    tab.close()
    assert title == "Notation and glossary"
    pages = PdfReader(io.BytesIO(content)).pages
    text = "".join(page.extract_text() for page in pages)
    assert "F-score" in text and "Search" not in text
    links = [link.get_object() for page in pages for link in page.get("/Annots") or ()]
    assert not [link for link in links if "127.0.0.1" in str(link)]


def test_pages_stand_in_the_order_of_the_contents():
    names = pdf.page_names()
    assert names[:2] == ["index", "01-domains"] and names[-1] == "reference"
