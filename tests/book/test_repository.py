"""Links to a repository appear if an address is given, and only then."""

import pytest
import repository

ADDRESS = "https://github.com/someone/rfe-book"


def test_address_is_that_of_the_variable(monkeypatch):
    monkeypatch.delenv("RFE_REPOSITORY", raising=False)
    assert repository.address() is None
    monkeypatch.setenv("RFE_REPOSITORY", f"{ADDRESS}.git")
    assert repository.address() == ADDRESS


@pytest.mark.parametrize("given", ["github.com/a/b", "https://example.org/a/b", f"{ADDRESS}/tree"])
def test_an_address_elsewhere_is_refused(monkeypatch, given):
    monkeypatch.setenv("RFE_REPOSITORY", given)
    with pytest.raises(ValueError, match=r"must be https://github\.com/OWNER/NAME, got"):
        repository.address()


def test_links():
    assert repository.issues(ADDRESS) == f"{ADDRESS}/issues"
    binder = "https://mybinder.org/v2/gh/someone/rfe-book/HEAD"
    assert repository.binder(ADDRESS) == binder
    assert repository.binder(ADDRESS, "lab/a.ipynb") == f"{binder}?urlpath=lab/tree/lab/a.ipynb"
    path = "blob/gh-pages/_static/notebooks/02-unet.ipynb"
    assert repository.colab(ADDRESS, "02-unet").endswith(f"/github/someone/rfe-book/{path}")


def test_the_first_page_says_it_or_nothing():
    assert repository.index_section(None) == ""
    assert f"git clone {ADDRESS}" in repository.index_section(ADDRESS)
