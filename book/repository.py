"""Where the book lives, if a build is told so by RFE_REPOSITORY: the links that follow from it.

The address is that of a repository on GitHub, such as ``https://github.com/someone/rfe-book``;
its branch gh-pages is taken to hold the built pages, which Colab opens the student notebooks from.
Without an address there are none of these links.
"""

import os
import re

PAGES = "gh-pages"
NOTEBOOKS = "_static/notebooks"  # below the pages
VARIABLE = "RFE_REPOSITORY"


def address() -> str | None:
    """The repository's address.

    Raises
    ------
    ValueError
        If it is not one of a repository on GitHub.
    """
    given = os.environ.get(VARIABLE, "").strip().rstrip("/").removesuffix(".git")
    if given and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", given):
        raise ValueError(f"{VARIABLE} must be https://github.com/OWNER/NAME, got {given!r}")
    return given or None


def issues(address: str) -> str:
    """Where readers report what is wrong."""
    return f"{address}/issues"


def binder(address: str, path: str = "") -> str:
    """JupyterLab in the browser, with a file of the repository open."""
    name = address.removeprefix("https://github.com/")
    return f"https://mybinder.org/v2/gh/{name}/HEAD" + (f"?urlpath=lab/tree/{path}" if path else "")


def colab(address: str, chapter: str) -> str:
    """A chapter's student notebook in Colab."""
    name = address.removeprefix("https://github.com/")
    base = "https://colab.research.google.com/github"
    return f"{base}/{name}/blob/{PAGES}/{NOTEBOOKS}/{chapter}.ipynb"


def first_cell(address: str | None) -> dict:
    """How a notebook begins: where the book is missing it is installed, or asked for."""
    if address:
        folder = address.rpartition("/")[2]
        source = f"""\
# Installs the book where it is not installed, as in Colab; takes a few minutes, once.
import importlib.util
import os

if importlib.util.find_spec("rfe_book") is None:
    !git clone --quiet --depth 1 {address}
    %pip install --quiet "./{folder}[book]"
    os.environ["RFE_DATA"] = os.path.abspath("{folder}/data")"""
    else:
        source = """\
# This notebook needs the book and its data.
try:
    import rfe_book
    from rfe_study.results import DATA
except ModuleNotFoundError:
    raise SystemExit(
        "This notebook needs the book: get its repository, install it as its README says, "
        "and open this file with the Python of its .venv, as `make lab` does."
    ) from None
if not (DATA / "results").is_dir():
    raise SystemExit(
        f"This notebook needs the book's data, which do not lie in {DATA}: before you start "
        "Jupyter, set RFE_DATA to the folder `data` of the book's repository."
    )"""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "the-book-is-here",
        "metadata": {},
        "outputs": [],
        "source": source,
    }


def index_section(address: str | None) -> str:
    """What the first page says of the repository; nothing if there is none."""
    if not address:
        return ""
    return f"""\
The repository is <{address}>:

```text
git clone {address}
```

[Run it on Binder]({binder(address)}) without installing anything, or
[report what is wrong]({issues(address)})."""
