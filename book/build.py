"""Build the book: execute the notebooks that changed, stage everything, run Jupyter Book.

    python book/build.py              the pages and their slides, in _build/html
    python book/build.py notebooks    student and teacher notebooks, in _build/notebooks
    python book/build.py lab          chapters with exercises to solve, in lab/

Executed copies lie in _build/.notebooks (`execution`), what Jupyter Book reads in _build/src
(`page_cells`). In a Markdown page ``{{claims:scoreboard}}`` becomes the Markdown or the widget
that the cell "scoreboard" of claims.ipynb shows, and ``{{repository}}`` what follows from
RFE_REPOSITORY; ``{{reading:1-9}}`` becomes how long these chapters take (`reading`).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import content_policy
import dead_links
import editions
import execution
import lab_folder
import links
import page_cells
import page_head
import reading
import reference_pages
import repository
import slide_parts
import slides
import yaml
from book_pages import WITHOUT_SCRIPTS
from page_key import BOOK, PACKAGES, ROOT, contents, digest

#: The kind of what a page says of its widgets.
WIDGET = "application/vnd.jupyter.widget"

#: Below book/, what Jupyter Book does not read: code, and notebooks before they are executed.
NOT_STAGED = re.compile(
    r"(^|/)(\.|__pycache__)|\.ipynb$|^(rfe_book/|README)|"
    r"^(?!book_pages|page_head|previews|reference_pages|repository|simple_formulas)\w+\.py$"
)


def read_json(path: Path) -> dict:
    """A notebook as it lies in a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def chapters() -> dict[str, str]:
    """Number of each numbered page, by its file name, as the table of contents counts."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part["chapters"] for part in toc["parts"] if part.get("numbered")]
    numbered = [page["file"] for part in parts for page in part]
    return {f"{name}.ipynb": str(number) for number, name in enumerate(numbered, 1)}


def all_labels() -> dict[str, str]:
    """How the figures, tables and equations of all chapters are called, by label."""
    found = {}
    for name, number in chapters().items():
        found |= links.labels(read_json(BOOK / name)["cells"], number)
    return found


def is_converted(notebook: dict) -> bool:
    """Whether a chapter reads in JupyterLab, so that editions can be made of it."""
    source = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    return not links.RAW.search(source)


def shown_markdown(notebook: dict, words: dict[str, str]) -> dict[str, str]:
    """The Markdown that the cells of an executed notebook show, by the cell's id."""
    return {
        cell["id"]: links.to_roles("".join(output["data"]["text/markdown"]), words)
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "id" in cell and "text/markdown" in output.get("data", {})
    }


def shown_widgets(notebook: dict) -> dict[str, str]:
    """The widgets that the cells of an executed notebook show, by the cell's id, as HTML.

    Each with its state and the script that draws it: for a page that has no other.
    """
    states = notebook["metadata"].get("widgets", {}).get(f"{WIDGET}-state+json", {}).get("state")
    found = {}
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            model = output.get("data", {}).get(f"{WIDGET}-view+json", {}).get("model_id")
            if model in (states or {}) and states[model]["model_module"] == "anywidget":
                lines = [
                    _json_script("state", {"state": {model: states[model]}, "aside": {}}),
                    WITHOUT_SCRIPTS,
                    _json_script("view", {"model_id": model}),
                    '<script async src="_static/widget-loader.js"></script>',
                ]
                found[cell["id"]] = "\n".join(["<div>", *lines, "</div>", ""])
    return found


def _json_script(kind: str, content: dict) -> str:
    text = json.dumps(content).replace("</", "<\\/")
    return f'<script type="{WIDGET}-{kind}+json">{text}</script>'


def filled(page: str, text: str, shown: dict[str, dict[str, str]]) -> str:
    """A Markdown page with its ``{{notebook:cell}}`` marks replaced by what notebooks show."""

    def what(mark: re.Match) -> str:
        notebook, cell = mark.groups()
        if cell not in shown.get(notebook, {}):
            sys.exit(f"The book was not built: {page} asks for {mark[0]}, which no cell shows.")
        return shown[notebook][cell]

    text = reading.filled(text, BOOK)
    text = re.sub(r"\{\{([\w-]+):([\w-]+)\}\}", what, text)
    return text.replace("{{repository}}\n", repository.index_section(repository.address()))


def as_bytes(notebook: dict) -> bytes:
    """A notebook as a file holds it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode("utf-8") + b"\n"


def edition_files(notebooks: dict[str, Path], *, solutions: bool) -> dict[str, bytes]:
    """The student's or teacher's notebook of each chapter, by file name."""
    wanted = sorted(set(notebooks) & set(chapters()))
    files, names = {}, all_labels() if wanted else {}
    for name in wanted:
        if not is_converted(executed := read_json(notebooks[name])):
            continue
        try:
            made = editions.edition(
                executed, names, solutions=solutions, address=repository.address()
            )
        except ValueError as error:
            sys.exit(f"The notebooks were not written: book/{name}, {error}")
        files[name] = as_bytes(made)
    return files


def staged_files(notebooks: dict[str, Path]) -> dict[str, bytes]:
    """All that Jupyter Book reads, by its path below _build/src."""
    files = {}
    for path in BOOK.rglob("*"):
        name = path.relative_to(BOOK).as_posix()
        if path.is_file() and not NOT_STAGED.search(name):
            folder = "runtime/" if name.startswith("vendor/") else ""
            files[folder + name] = path.read_bytes()
    files |= reference_pages.pages(PACKAGES["rfe_core"])
    words = links.terms((BOOK / "glossary.md").read_text(encoding="utf-8"))
    shown = {}
    for name, copy in notebooks.items():
        notebook = read_json(copy)
        shown[Path(name).stem] = shown_markdown(notebook, words) | shown_widgets(notebook)
        try:
            files[name] = as_bytes(page_cells.page(notebook, words))
        except ValueError as error:
            sys.exit(f"The book was not built: book/{name}: {error}")
    read = [files[name].decode("utf-8") for name in sorted(notebooks)]
    files[f"{reference_pages.FIGURES}.md"] = reference_pages.figures_page(read)
    for name, notebook in edition_files(notebooks, solutions=False).items():
        files[f"runtime/notebooks/{name}"] = notebook
    for name in [name for name in files if name.endswith(".md")]:
        files[name] = filled(name, files[name].decode("utf-8"), shown).encode("utf-8")
    return files


def stage(files: dict[str, bytes], folder: Path) -> None:
    """Make `folder` hold exactly `files`; what is equal stays untouched, so Sphinx skips it."""
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    for path in folder.rglob("*"):
        if path.is_file() and (name := path.relative_to(folder)).as_posix() not in files:
            path.unlink()
            (execution.BUILD / "html" / name).with_suffix(".html").unlink(missing_ok=True)


def build_pages(notebooks: dict[str, Path]) -> None:
    """Bring _build/html up to date."""
    files = staged_files(notebooks)
    shown = (PACKAGES["rfe_core"], *(PACKAGES["rfe_book"] / name for name in ("figures", "tables")))
    sources = [path for folder in shown for path in folder.rglob("*.py")]  # in the reference
    inputs = contents(
        [
            ROOT / "_config.yml",
            ROOT / "requirements.lock",
            page_head.CITATION,
            *(Path(step.__file__) for step in (content_policy, dead_links, slides, slide_parts)),
            *sources,
        ]
    )
    addresses = f"{repository.address()} {page_head.site()}".encode()
    state = digest(files | inputs | {"addresses": addresses})
    stamp = execution.BUILD / ".built"
    if (
        stamp.exists()
        and stamp.read_text(encoding="utf-8") == state
        and (execution.BUILD / "html/index.html").exists()
    ):
        return print("Nothing changed since the last build.")
    stage(files, execution.BUILD / "src")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "_build/src", "-W", "-q"]
    options = ["--path-output", ".", "--config", "_config.yml", "--keep-going"]
    if subprocess.run(command + options, cwd=ROOT, stdout=subprocess.DEVNULL).returncode:
        # Sphinx remembers the pages it has read, so a second run would not warn again.
        shutil.rmtree(execution.BUILD / ".doctrees", ignore_errors=True)
        sys.exit("The book was not built: Jupyter Book reported the warnings or errors above.")
    slides.write(execution.BUILD / "html", [name.removesuffix(".ipynb") for name in chapters()])
    content_policy.write(execution.BUILD / "html")
    if dead := dead_links.faults(execution.BUILD / "html"):
        sys.exit("The book was not built: it has dead links.\n" + "\n".join(dead))
    stamp.write_text(state, encoding="utf-8")


def main(what: str = "pages") -> None:
    """Make the pages, the notebooks of both editions, or the chapters for JupyterLab."""
    if what not in ("pages", "notebooks", "lab"):
        sys.exit(f"What to build must be pages, notebooks or lab, got {what!r}.\n\n{__doc__}")
    if what == "lab":
        from jupyterlab.commands import get_app_dir  # slow, and the pages do without

        lab_folder.draw_all_cells(Path(get_app_dir()))
        return lab_folder.write(ROOT / "lab")
    for name in ("RFE_DATA", "RFE_RESULTS"):  # kernels work in another folder
        if folder := os.environ.get(name):
            os.environ[name] = str(Path(folder).absolute())
    listed = re.findall(r"file: (\S+)", (BOOK / "_toc.yml").read_text(encoding="utf-8"))
    paths = [path for path in sorted(BOOK.glob("*.ipynb")) if path.stem in listed]
    notebooks = execution.executed_notebooks(paths)
    if what == "pages":
        return build_pages(notebooks)
    for edition in ("student", "teacher"):
        files = edition_files(notebooks, solutions=edition == "teacher")
        stage(files, execution.BUILD / "notebooks" / edition)


if __name__ == "__main__":
    main(*sys.argv[1:])
