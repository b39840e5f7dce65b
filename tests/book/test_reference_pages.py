"""The reference's pages, and which names in a text lead to it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import reference_pages
from bs4 import BeautifulSoup
from page_key import BOOK, PACKAGES

CORE = PACKAGES["rfe_core"]


def entry(page, objtype="function", anchor="x"):
    return SimpleNamespace(docname=page, node_id=anchor, objtype=objtype)


def captions():
    """The sources of all chapters."""
    return "".join(path.read_text(encoding="utf-8") for path in BOOK.glob("*.ipynb"))


def test_each_module_has_a_page():
    pages = reference_pages.pages(CORE)
    expected = {p.relative_to(CORE).with_suffix("").as_posix() for p in CORE.rglob("*.py")}
    expected = {name.replace("/", ".") for name in expected if not name.endswith("__init__")}
    assert {Path(page).name.removesuffix(".md") for page in pages} == expected
    assert b"automodule:: rfe_core.scans.nifti" in pages["reference/scans.nifti.md"]


def test_figures_have_one_page_by_module():
    chapters = [
        "A. *Made by* `rfe_book.figures.a.second`. B. *Made by* `rfe_book.figures.b.f`.",
        "C. *Made by* `rfe_book.figures.a.first` *from* a. *Made by* `rfe_book.figures.a.second`.",
    ]
    page = reference_pages.figures_page(chapters).decode()
    assert page.index("automodule:: rfe_book.figures.a") < page.index("rfe_book.figures.b")
    assert page.count(":members: second, first\n") == page.count(":members: f\n") == 1


def test_each_caption_is_understood():
    text = captions()
    assert text.count("*Made by*") == len(reference_pages.MADE_BY.findall(text)) > 0


def test_short_names_lead_somewhere_only_if_they_mean_one_thing():
    known = reference_pages.names(
        {
            "rfe_core.losses.dice_loss": entry("reference/losses"),
            "rfe_core.metrics.score": entry("reference/metrics"),
            "rfe_core.evaluation.score": entry("reference/evaluation"),
            "rfe_core.losses": entry("reference/losses", "module"),
            "rfe_book.figures.losses.dice_loss": entry("figures"),
        }
    )
    assert known["dice_loss"] == known["losses.dice_loss"] == ("reference/losses", "x")
    assert known["metrics.score"] == ("reference/metrics", "x")
    assert "score" not in known and "losses" not in known
    assert known["rfe_book.figures.losses.dice_loss"] == ("figures", "x")


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        ("dice_loss", True),
        ("PixelEmbeddingLoss", True),
        ("metrics.recall", True),
        ("recall", False),
        ("B", False),
        ("0.5", False),
        ("Tensor", False),
        ("n_e = 20", False),
    ],
)
def test_names_that_a_text_can_mean(name, telling):
    assert bool(reference_pages.TELLING.fullmatch(name)) == telling


@pytest.mark.browser
def test_a_function_s_name_leads_to_its_docstring_and_source(page_for):
    tab = page_for("glossary").tab
    tab.locator("a.rfe-name", has_text="dice_loss").first.click()
    tab.wait_for_url("**/reference/losses.html#rfe_core.losses.dice_loss")
    tab.locator("#rfe_core\\.losses\\.dice_loss a", has_text="[source]").click()
    assert "smooth" in tab.locator("pre").inner_text()


def test_each_caption_leads_to_what_made_its_figure(built_book):
    page = BeautifulSoup((built_book / "figures.html").read_text(encoding="utf-8"), "html.parser")
    sources = {dt["id"]: dt.find("a", string="[source]") for dt in page.select("dt[id]")}
    met = 0
    for path in built_book.glob("*.html"):
        chapter = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for said in (em for em in chapter.select("article em") if em.text == "Made by"):
            name, link = said.find_next("code"), said.find_next("a")
            assert name in link.children, f"{path.name}: {name.text} must be a link"
            assert link["href"] == f"figures.html#{name.text}"
            assert sources.get(name.text), f"{name.text} must have an entry with its source"
            met += 1
    assert met == captions().count("*Made by*")


def test_sources_are_written_anew_and_lead_back_to_their_own_page(tmp_path):
    """A loss that another module has the name of too: its page was read last."""
    kept = tmp_path / "_modules" / "rfe_core" / "exact.html"
    kept.parent.mkdir(parents=True)
    kept.touch()
    used = {"exact_loss": "reference/losses", "not_in_the_reference": "reference/losses"}
    objects = {"rfe_core.exact.exact_loss": entry("reference/exact")}
    env = SimpleNamespace(
        get_domain=lambda name: SimpleNamespace(objects=objects),
        _viewcode_modules={"rfe_core.exact": ("", {}, used, "rfe_core.exact"), "numpy": False},
    )
    assert reference_pages.lead_sources_back(SimpleNamespace(env=env, outdir=tmp_path)) == []
    assert used == {"exact_loss": "reference/exact", "not_in_the_reference": "reference/losses"}
    assert not kept.exists()
