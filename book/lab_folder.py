"""The folder that `make lab` opens: chapters to work on, and the pages that they link to.

JupyterLab has no Sphinx: what only that can make (lists of references, tables of another page) is
written out here, or named with a link to the chapter that shows it.
"""

import json
import re
import sys
from pathlib import Path

import editions
import reading
import repository
from page_key import BOOK
from pybtex import PybtexEngine
from pybtex.database import Person, parse_file
from pybtex.richtext import Text

#: Pages that chapters link to; the others are for the published book.
PAGES = ("glossary", "index", "own-data", "references")

#: A role of Sphinx: its kind, words of its own, and what it points to.
ROLE = re.compile(r"\{(doc|ref|cite:p|cite:t)\}`(?:([^`<]+) <)?([\w-]+)>?`")
MARK = re.compile(r"\{\{([\w-]+):[\w-]+\}\}")
CONTENTS, LIST = "```{tableofcontents}\n```\n", "```{bibliography}\n:all:\n```\n"
#: The first page's columns, and its heading that the contents leave out: JupyterLab knows neither.
COLUMN = re.compile(r"(?ms)^(:{3,})\{container\}[^\n]*\n(.*?)^\1\n")
RUBRIC = re.compile(r"```\{rubric\} (.+)\n(?::.*\n)*```")
HEADING = re.compile(r"(?m)^(?:\(([\w-]+)\)=\n)?#+ (.+)$")

#: jupyterlab-myst computes the values of a text only where its cell is drawn, and by default
#: JupyterLab leaves out cells that are on no screen.
SETTINGS = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}


def write(folder: Path) -> None:
    """Put chapters into `folder` for JupyterLab; one that is there, with a reader's work, stays."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(BOOK.glob("*.ipynb")):
        if not (target := folder / path.name).exists():
            made = editions.lab(json.loads(path.read_text(encoding="utf-8")))
            text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
            target.write_text(text, encoding="utf-8", newline="\n")
    for name, text in pages().items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8", newline="\n")


def draw_all_cells(jupyterlab: Path) -> None:
    """Let the JupyterLab of a folder (its `get_app_dir`) draw all cells, unless a user says other.

    Where that folder is not ours to write, say what to set by hand.
    """
    path = jupyterlab / "settings" / "overrides.d" / "rfe-book.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(SETTINGS) + "\n", encoding="utf-8")
    except OSError as error:
        print(
            f"{error}. So set it in JupyterLab: Settings, Settings Editor, Notebook, "
            "Windowing mode: none. Else some values in the text are not computed.",
            file=sys.stderr,
        )


def pages() -> dict[str, str]:
    """The pages that chapters link to, by name, as JupyterLab can show them."""
    paths = [*sorted(BOOK.glob("*.ipynb")), *BOOK.glob("[a-z]*.md")]
    sources = {path: _markdown(path) for path in paths}
    titles, places = {}, {}
    for path, text in sources.items():
        for label, heading in HEADING.findall(text):
            titles.setdefault(path.stem, heading)
            if label:
                places[label] = (path.name, heading)
    here = {path.stem: path.name for path in sources if path.suffix == ".ipynb"}
    here |= {name: f"{name}.md" for name in PAGES}

    def link(role: re.Match) -> str:
        kind, words, name = role.groups()
        if kind == "doc":
            words = words or titles[name]
            return f"[{words}]({here[name]})" if name in here else f"“{words}”"
        if kind == "ref":
            file, heading = places[name]
            return f"[{words or heading}]({file}#{name})"
        author, year = cited(name)
        text = f"[{author} ({year})]" if kind == "cite:t" else f"([{author}, {year}]"
        return f"{text}(references.md#{name}){')' if kind == 'cite:p' else ''}"

    def mark(found: re.Match) -> str:
        name = found[1]
        return f"*(Here the book's page shows what [{titles[name]}]({here[name]}) computes.)*"

    chapters = [f"- [{titles[name]}]({here[name]})" for name in sorted(here) if name[0].isdigit()]
    made = {}
    for name in PAGES:
        text = sources[BOOK / f"{name}.md"].replace(CONTENTS, "\n".join(chapters) + "\n")
        text = RUBRIC.sub(r"## \1", COLUMN.sub(r"\2", COLUMN.sub(r"\2", text)))
        text = reading.filled(text, BOOK)
        text = text.replace("{{repository}}\n", repository.index_section(repository.address()))
        made[name] = MARK.sub(mark, ROLE.sub(link, text.replace(LIST, references())))
    return made


def _markdown(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def references() -> str:
    """What the book cites, as a list."""
    options = {"style": "plain", "output_backend": "markdown"}
    made = PybtexEngine().format_from_file(str(BOOK / "references.bib"), **options)
    return re.sub(r"(?m)^\[\d+\] ", "- ", made).replace("  \n", "\n")


def cited(key: str) -> tuple[str, str]:
    """Author and year of a reference, as a text names it: ("Baur et al.", "2017")."""
    entry = parse_file(str(BOOK / "references.bib")).entries[key]
    names = [_last(person) for person in entry.persons["author"]]
    author = names[0] if len(names) == 1 else " and ".join(names)
    return author if len(names) < 3 else f"{names[0]} et al.", entry.fields["year"]


def _last(person: Person) -> str:
    return str(Text.from_latex(" ".join(person.prelast_names + person.last_names)))
