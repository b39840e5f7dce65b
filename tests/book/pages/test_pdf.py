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


@pytest.mark.browser
def test_a_page_that_is_never_drawn_is_named(browser, serve, tmp_path, monkeypatch):
    page = "<!doctype html><h1>Slow</h1><div class=rfe-place></div>"
    (tmp_path / "slow.html").write_text(page, encoding="utf-8")
    monkeypatch.setattr(pdf, "LONGEST_MS", 2000)
    tab = browser.new_page()
    with pytest.raises(SystemExit, match=r"slow\.html was not drawn within 2 seconds"):
        pdf.printed(tab, f"http://{serve(tmp_path)}/slow.html")
    tab.close()


@pytest.mark.browser
def test_a_widget_is_printed_with_its_address(browser, book_host, monkeypatch):
    monkeypatch.setattr(pdf, "PAGES", "https://someone.example/rfe")
    tab = browser.new_page()
    _, content = pdf.printed(tab, f"http://{book_host}/index.html")
    tab.close()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert "Move it at https://someone.example/rfe/index.html" in text.replace("\n", " ")


def test_pages_stand_in_the_order_of_the_contents():
    names = pdf.page_names()
    assert names[:2] == ["index", "01-domains"] and names[-1] == "reference"
