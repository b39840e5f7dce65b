"""The archive of a release: complete, described, and the same whenever it is made."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from urllib.parse import unquote

import archive
import pytest

ROOT = Path(__file__).parents[2]
FILES = {
    ".gitignore": "_build/\n",
    "Makefile": "book:\n",
    "postBuild": "#!/bin/sh\n",
    "data/results/rows with a blank.csv": "a\n1\n",
    "data/checkpoints/w.safetensors": "\0\0",
    "data/explorer/e.npz": "\0",
    "_build/html/index.html": "<!doctype html>",
    "_build/html/slides/lesson.html": "<!doctype html>",
    "_build/notebooks/student/01.ipynb": "{}",
    "_build/notebooks/teacher/01.ipynb": "{}",
}
COMMIT = ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--message", "All")


@pytest.fixture
def repository(tmp_path):
    """A small repository with one commit, its pages and notebooks built."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "CITATION.cff", tmp_path)
    for command in (("init", "--quiet"), ("add", "--all"), COMMIT):
        subprocess.run(["git", "-C", tmp_path, *command], check=True)
    return tmp_path


@pytest.fixture
def unpacked(repository):
    """The archive's files by their paths in it, and the entities of its crate by their ids."""
    with zipfile.ZipFile(archive.write(repository)) as made:
        files = {name.removeprefix("rfe-book/"): made.read(name) for name in made.namelist()}
        assert made.getinfo("rfe-book/source/postBuild").external_attr >> 16 & 0o100
    graph = json.loads(files[archive.METADATA])["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    return files, entities


def test_sums_are_of_every_other_file(unpacked):
    files, _ = unpacked
    lines = files[archive.SUMS].decode().splitlines()
    sums = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != archive.SUMS
    }


def test_the_crate_says_what_it_is(unpacked):
    _, entities = unpacked
    about, root = entities[archive.METADATA], entities["./"]
    assert about["about"] == {"@id": "./"} and "/ro/crate/1.2" in about["conformsTo"]["@id"]
    assert root["@type"] == "Dataset" and len(root["datePublished"]) == 10
    assert all(root[key] for key in ("name", "description", "license", "author", "version"))
    paper = entities[root["citation"]["@id"]]
    names = [entities[author["@id"]]["name"] for author in paper["author"]]
    assert names == ["Christoph Baur", "Shadi Albarqouni", "Nassir Navab"]


def test_every_file_is_described_once_and_is_there(unpacked):
    files, entities = unpacked
    of_kind = {
        unquote(name): entity for name, entity in entities.items() if entity["@type"] == "File"
    }
    assert set(of_kind) == set(files) - {archive.METADATA, archive.SUMS}
    for name, entity in of_kind.items():
        assert entity["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert entity["contentSize"] == str(len(files[name])) and entity["encodingFormat"]
        assert entity["description"]
    parts = [part["@id"] for e in entities.values() for part in e.get("hasPart", ())]
    assert sorted(map(unquote, parts)) == sorted([*of_kind, *archive.GROUPS])
    assert of_kind["source/postBuild"]["encodingFormat"] == "text/plain"
    weights = of_kind["source/data/checkpoints/w.safetensors"]
    assert weights["encodingFormat"] == "application/octet-stream"


def test_whatever_is_named_is_an_entity(unpacked):
    _, entities = unpacked
    named = set(re.findall(r'\{"@id": "([^"]+)"\}', json.dumps(list(entities.values()))))
    outside = {name for name in named - set(entities) if not name.startswith("https://w3id.org/")}
    assert outside == set()
    made = [entity for entity in entities.values() if entity["@type"] == "CreateAction"]
    assert {entity["name"] for entity in made} == {"make book", "make notebooks"}


def test_groups_are_what_the_repository_has():
    for folder in (group for group in archive.GROUPS if group.startswith("source/")):
        assert (ROOT / folder.removeprefix("source/")).is_dir()
    for name in (name for name in archive.DESCRIBED if name.startswith("source/")):
        assert (ROOT / name.removeprefix("source/")).is_file()


def test_made_twice_it_has_the_same_bytes(repository):
    first = archive.write(repository).read_bytes()
    for path in repository.rglob("*.html"):
        os.utime(path, (1, 1))
    assert archive.write(repository).read_bytes() == first
    assert not list((repository / "_build").glob("*.partial"))


def test_a_book_on_paper_is_there_if_it_is_of_these_pages(repository):
    paper, pages = repository / "_build/book.pdf", repository / "_build/html/index.html"
    assert "book.pdf" not in archive.contents(repository)
    paper.write_bytes(b"%PDF")
    os.utime(pages, (100, 100))
    for time, there in ((99, False), (100, True)):
        os.utime(paper, (time, time))
        assert ("book.pdf" in archive.contents(repository)) == there


@pytest.mark.parametrize(
    ("undo", "complaint"),
    [
        (lambda root: (root / "new.py").touch(), "commit 'new.py' first"),
        (lambda root: shutil.rmtree(root / "_build/html"), "run `make book` first"),
        (lambda root: shutil.rmtree(root / "_build/notebooks"), "run `make notebooks` first"),
    ],
)
def test_an_archive_of_nothing_known_is_refused(repository, undo, complaint):
    undo(repository)
    with pytest.raises(ValueError, match=complaint):
        archive.write(repository)
    assert not (repository / "_build" / "rfe-book.zip").exists()
