"""What a release consists of, in one file: _build/rfe-book.zip.

    python book/archive.py

The repository at its commit, the built pages with their slides, the notebooks of both editions and,
if it is there and no older than the pages, the PDF; with SHA256SUMS and an RO-Crate 1.2
(``ro-crate-metadata.json``) that says what each file is. The same commit and pages give the same
bytes: names are sorted, and every file has the time of the commit.
"""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import yaml
from descriptions import described

from rfe_core.files import replacing

ROOT = Path(__file__).resolve().parents[1]
METADATA, SUMS = "ro-crate-metadata.json", "SHA256SUMS"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
BSD = "https://spdx.org/licenses/BSD-3-Clause"
LICENCES = {
    CC_BY: "Creative Commons Attribution 4.0 International: text, figures, rows and weights",
    BSD: "BSD 3-Clause: code",
}
#: Folders of the archive: what they hold, their licence, and the command that makes them.
GROUPS = {
    "source/": ("The repository at its commit", BSD, None),
    "source/data/checkpoints/": ("Weights of the networks that chapters load", CC_BY, None),
    "source/data/explorer/": ("What models predict on a few test slices", CC_BY, None),
    "source/data/results/": (
        "Rows of all trainings and measurements; each names the commit, settings and machine that "
        "made it",
        CC_BY,
        None,
    ),
    "pages/": ("The built book, to be opened at index.html, and its slides", CC_BY, "make book"),
    "notebooks/student/": ("Chapters with exercises to solve", CC_BY, "make notebooks"),
    "notebooks/teacher/": ("Chapters with the solutions", CC_BY, "make notebooks"),
}
#: Single files that a reader may look for, or that say nothing of themselves.
DESCRIBED = {
    "book.pdf": "The whole book to print",
    "pages/objects.inv": "Names that other books can link to",
    "pages/searchindex.js": "Words of all pages, for the search",
    "source/CITATION.cff": "How to cite the book, and the paper that it rebuilds",
    "source/LICENSE": "The licence of the code",
    "source/Makefile": "The commands that make everything else",
    "source/book/LICENSE.md": "The licence of text, figures, rows and weights",
    "source/book/_toc.yml": "The order of the pages",
    "source/book/references.bib": "Works that the book cites",
    "source/environment.yml": "The environment, for conda and Binder",
    "source/pyproject.toml": "The packages, what they need, and how they are checked",
    "source/requirements.lock": "The environment: every Python package with its version",
}
FORMATS = {
    "application": "json pdf toml yml:yaml cff:yaml npz:zip ipynb:x-ipynb+json",
    "font": "ttf woff woff2",
    "image": "png svg:svg+xml",
    "text": "css csv html js:javascript md:markdown py:x-python bib:x-bibtex",
}
SUFFIXES = {
    f".{word.partition(':')[0]}": f"{kind}/{word.rpartition(':')[2]}"
    for kind, words in FORMATS.items()
    for word in words.split()
}


def git(root: Path, *arguments: str) -> bytes:
    """What git says of the repository."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def contents(root: Path) -> dict[str, bytes]:
    """Every file of the archive but its own two, by its path in it.

    Raises
    ------
    ValueError
        If there are changes without a commit, or pages or notebooks are not built.
    """
    if changed := git(root, "status", "--porcelain").decode().splitlines():
        raise ValueError(f"an archive is of a commit: commit {changed[0][3:]!r} first, or undo it")
    files = {}
    with tarfile.open(fileobj=io.BytesIO(git(root, "archive", "--format=tar", "HEAD"))) as tar:
        for member in filter(tarfile.TarInfo.isfile, tar):
            files[f"source/{member.name}"] = tar.extractfile(member).read()
    build = root / "_build"
    for folder, into, target in (("html", "pages", "book"), ("notebooks",) * 3):
        found = [p for p in (build / folder).rglob("*") if p.is_file() and p.name != ".buildinfo"]
        if not found:
            raise ValueError(f"_build/{folder} is empty: run `make {target}` first")
        files |= {f"{into}/{p.relative_to(build / folder).as_posix()}": p for p in found}
    files = {name: p if isinstance(p, bytes) else p.read_bytes() for name, p in files.items()}
    paper, pages = build / "book.pdf", build / "html" / "index.html"
    if paper.is_file() and paper.stat().st_mtime >= pages.stat().st_mtime:
        files["book.pdf"] = paper.read_bytes()
    return dict(sorted(files.items()))


def group_of(name: str) -> str:
    """The deepest group that a file or group lies in; the root, if none."""
    within = [group for group in GROUPS if name.startswith(group) and name != group]
    return max(within, key=len, default="./")


def crate(files: Mapping[str, bytes], citation: Mapping, commit: str, date: str) -> dict:
    """The RO-Crate of these files.

    Parameters
    ----------
    files : mapping of str to bytes
    citation : mapping
        What CITATION.cff holds.
    commit, date : str
        Of the repository; the date is that of the publication.
    """
    (paper,) = citation["references"]
    doi = f"https://doi.org/{paper['doi']}"
    people = [f"{who['given-names']} {who['family-names']}" for who in paper["authors"]]
    ours = [who["name"] for who in citation["authors"]]
    us = {"@id": _local(ours[0])} if len(ours) == 1 else [{"@id": _local(who)} for who in ours]
    parts = {name: [] for name in ("./", *GROUPS)}
    for name in (*GROUPS, *files):
        parts[group_of(name)].append({"@id": quote(name)})
    about = {"@id": METADATA, "@type": "CreativeWork", "about": {"@id": "./"}}
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": citation["title"],
        "description": f"Book, results, weights and environment, at commit {commit}.",
        "datePublished": date,
        "version": citation["version"],
        "license": [{"@id": address} for address in LICENCES],
        "author": us,
        "publisher": us,
        "citation": {"@id": doi},
        "hasPart": parts["./"],
        "mentions": [],
    }
    graph = [about | {"conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"}}, root]
    for name, (said, licence, command) in GROUPS.items():
        one = {"@id": name, "@type": "Dataset", "name": name.rstrip("/"), "description": said}
        graph.append(one | {"license": {"@id": licence}, "hasPart": parts[name]})
        if command:
            made = {"@type": "CreateAction", "name": command, "object": {"@id": "source/"}}
            made |= {"instrument": {"@id": "source/Makefile"}, "result": {"@id": name}}
            action = {"@id": _local(f"{command} {name}")}
            root["mentions"].append(action)
            graph.append(action | made)
    graph += [_file(name, content) for name, content in files.items()]
    for address, said in LICENCES.items():
        licence = {"@id": address, "@type": "CreativeWork", "name": said.partition(":")[0]}
        graph.append(licence | {"description": said})
    article = {"@id": doi, "@type": "ScholarlyArticle", "name": paper["title"]}
    article |= {"author": [{"@id": _local(name)} for name in people]}
    graph.append(article | {"datePublished": str(paper["year"])})
    graph += [{"@id": _local(name), "@type": "Person", "name": name} for name in people]
    graph += [{"@id": _local(name), "@type": "Organization", "name": name} for name in ours]
    return {"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph}


def _local(name: str) -> str:
    return f"#{quote(name.strip('/').replace('/', '-').replace(' ', '-').lower())}"


def _file(name: str, content: bytes) -> dict:
    form = SUFFIXES.get(Path(name).suffix)
    form = form or ("text/plain" if b"\0" not in content[:1000] else "application/octet-stream")
    one = {"@id": quote(name), "@type": "File", "name": Path(name).name, "encodingFormat": form}
    one["description"] = DESCRIBED.get(name) or described(name, content)
    size, digest = str(len(content)), hashlib.sha256(content).hexdigest()
    return one | {"contentSize": size, "sha256": digest}


def write(root: Path) -> Path:
    """Write the archive of a repository, complete or not at all."""
    files = contents(root)
    commit, seconds = git(root, "log", "-1", "--format=%H %ct").decode().split()
    when = time.gmtime(int(seconds))
    citation = yaml.safe_load(files["source/CITATION.cff"])
    about = crate(files, citation, commit, time.strftime("%Y-%m-%d", when))
    files[METADATA] = json.dumps(about, indent=1, ensure_ascii=False).encode() + b"\n"
    sums = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    files[SUMS] = "".join(sums).encode()
    target = root / "_build" / "rfe-book.zip"
    with (
        replacing(target) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"rfe-book/{name}", when[:6])
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (0o755 if content[:2] == b"#!" else 0o644) << 16
            archive.writestr(entry, content)
    return target


if __name__ == "__main__":
    try:
        written = write(ROOT)
    except ValueError as error:
        sys.exit(f"The archive was not made: {error}.")
    print(f"{written.relative_to(ROOT)}, {written.stat().st_size / 1e6:.0f} MB")
