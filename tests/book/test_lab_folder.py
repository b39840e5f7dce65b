"""The folder that `make lab` opens: its pages need no Sphinx, and their links lead somewhere."""

import json
import re
from pathlib import Path

import lab_folder
import pytest
from jupyterlab.commands import get_app_dir
from jupyterlab_server.settings_utils import get_settings
from page_key import BOOK

#: What JupyterLab would show as it stands, or as an error.
SPHINX = re.compile(r"\{(?:doc|ref|numref|eq|cite)[:a-z]*\}`|\{\{|^`{3}\{(?!math)", re.MULTILINE)
LINK = re.compile(r"\]\(([\w-]+\.(?:ipynb|md))(?:#[\w-]*)?\)")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    lab_folder.write(folder)
    return folder


def text_of(path):
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def test_links_lead_to_files_of_the_folder(lab):
    links = {name for path in lab.iterdir() for name in LINK.findall(text_of(path))}
    assert {"references.md", "glossary.md", "own-data.md", "05-sampling.ipynb"} <= links
    assert {name for name in links if not (lab / name).exists()} == set()


def test_pages_say_in_words_what_only_sphinx_can_make(lab):
    found = {path.name: SPHINX.findall(text_of(path)) for path in lab.glob("*.md")}
    assert found == {f"{name}.md": [] for name in lab_folder.PAGES}
    index = text_of(lab / "index.md")
    assert "([Baur et al., 2017](references.md#baur2017))" in index
    assert "[5.5](05-sampling.ipynb#sec-draw)" in index
    assert "shows what [The paper's claims, and our verdicts](claims.ipynb) computes" in index
    assert "- [Random Feature Embedding](05-sampling.ipynb)\n" in index


def test_references_are_a_list_of_all_that_is_cited(lab):
    entries = re.findall(r"(?m)^@\w+\{", (BOOK / "references.bib").read_text(encoding="utf-8"))
    listed = re.findall(r"(?m)^- ", text_of(lab / "references.md"))
    assert len(listed) == len(entries) > 20
    assert "Róger Bermúdez" in text_of(lab / "references.md")
    assert lab_folder.cited("nair2010") == ("Nair and Hinton", "2010")
    assert lab_folder.cited("bermudez2016") == ("Bermúdez-Chacón et al.", "2016")


def test_a_readers_work_stays_and_pages_are_brought_up_to_date(lab):
    (lab / "02-unet.ipynb").write_text('{"cells": []}', encoding="utf-8")
    (lab / "glossary.md").write_text("old", encoding="utf-8")
    lab_folder.write(lab)
    assert text_of(lab / "02-unet.ipynb") == ""
    assert text_of(lab / "glossary.md").startswith("(glossary)=")


def test_jupyterlab_is_told_to_draw_all_cells(tmp_path, capsys):
    lab_folder.draw_all_cells(tmp_path)
    (path,) = (tmp_path / "settings" / "overrides.d").iterdir()
    assert json.loads(path.read_text(encoding="utf-8")) == lab_folder.SETTINGS
    assert capsys.readouterr().err == ""


def test_the_setting_is_one_that_jupyterlab_has():
    schemas = str(Path(get_app_dir(), "schemas"))
    ((name, chosen),) = lab_folder.SETTINGS.items()
    plugin, _ = get_settings("", schemas, "", name, overrides=lab_folder.SETTINGS)
    windowing = plugin["schema"]["properties"]["windowingMode"]
    assert windowing["default"] == chosen["windowingMode"] == "none"
    assert "none" in [choice["const"] for choice in windowing["oneOf"]]


def test_where_jupyterlab_is_not_ours_it_is_said_what_to_set(tmp_path, capsys):
    (tmp_path / "settings").write_text("a file, so no folder can be made", encoding="utf-8")
    lab_folder.draw_all_cells(tmp_path)
    assert "Notebook, Windowing mode: none" in capsys.readouterr().err
