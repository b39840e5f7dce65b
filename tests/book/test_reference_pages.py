"""The reference's pages, and which names in a text lead to it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import reference_pages
from page_key import PACKAGES

CORE = PACKAGES["rfe_core"]


def entry(page, objtype="function", anchor="x"):
    return SimpleNamespace(docname=page, node_id=anchor, objtype=objtype)


def test_each_module_has_a_page():
    pages = reference_pages.pages(CORE)
    expected = {p.relative_to(CORE).with_suffix("").as_posix() for p in CORE.rglob("*.py")}
    expected = {name.replace("/", ".") for name in expected if not name.endswith("__init__")}
    assert {Path(page).name.removesuffix(".md") for page in pages} == expected
    assert b"automodule:: rfe_core.scans.nifti" in pages["reference/scans.nifti.md"]


def test_short_names_lead_somewhere_only_if_they_mean_one_thing():
    known = reference_pages.names(
        {
            "rfe_core.losses.dice_loss": entry("reference/losses"),
            "rfe_core.metrics.score": entry("reference/metrics"),
            "rfe_core.evaluation.score": entry("reference/evaluation"),
            "rfe_core.losses": entry("reference/losses", "module"),
        }
    )
    assert known["dice_loss"] == known["losses.dice_loss"] == ("reference/losses", "x")
    assert known["metrics.score"] == ("reference/metrics", "x")
    assert "score" not in known and "losses" not in known


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
