"""The page's edition of an executed notebook: what Jupyter Book reads.

Values stand in the text, links are roles; an exercise is the beginning of its stub below the folded
solution. Cells of imports alone are folded, and so are sections whose heading begins "Deeper:".
A Markdown cell below a code cell that begins ``(fig-x)=`` or ``(tab-x)=`` is its caption and
becomes that of a figure or of a table that Sphinx numbers.
"""

import ast
import base64
import copy
import io
import re
from collections.abc import Mapping

import exercises
import expressions
import links
from PIL import Image, ImageChops

SVG = "image/svg+xml"

#: An image inside a drawing: what names it, and its PNG in base64.
IMAGE = re.compile(r'(<image\b[^>]*?\bxlink:href="data:image/png;base64,)([^"]+)')

#: A block between fences, where "#" begins a comment; or a heading with the label above it, and
#: what follows its "#".
FENCED = r"(?s: {0,3}(?P<fence>`{3,}|~{3,}).*?(?:\n {0,3}(?P=fence)[`~]* *$|\Z))"
HEADING = re.compile(rf"(?m)^(?:{FENCED}|(?:\([\w-]+\)=\n)?(?P<level>#+) (?P<title>.*)$)")

RUN_TIME = re.compile(r"\[[^\]]+\]\(index\.md#run-time\)|\{\{run_time\}\}")


def in_words(seconds: float) -> str:
    """A run time as a reader wants it: '8 seconds', 'about 2 minutes'."""
    if seconds < 60:
        return f"{max(1, round(seconds))} second{'s' if round(seconds) > 1 else ''}"
    return f"about {(minutes := round(seconds / 60))} minute{'s' if minutes > 1 else ''}"


def text_of(cell: Mapping, run_time: str) -> str:
    """A Markdown cell's text with its values, and the measured time where it says how long."""
    text = expressions.filled("".join(cell["source"]), cell["metadata"].get(expressions.KEY, ()))
    return RUN_TIME.sub(run_time, text)


def page(notebook: Mapping, words: Mapping[str, str]) -> dict:
    """The notebook that Jupyter Book reads.

    Parameters
    ----------
    notebook : mapping
        An executed notebook with ``run_seconds`` in its metadata.
    words : mapping of str to str
        `links.terms` of the glossary.

    Raises
    ------
    ValueError
        If a caption follows no output, an exercise's own solution does not pass its checks, or the
        last section is to be folded.
    """
    notebook = copy.deepcopy(dict(notebook))
    run_time = in_words(notebook["metadata"].pop("run_seconds"))
    cells, deeper = [], ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            _link_tables(cell, words)
            _lighten_figures(cell)
            if not _tags(cell) and imports_alone("".join(cell["source"])):
                _fold(cell, "imports", "hide-input", "Imports")
            cells += _exercise(cell) if "exercise" in _tags(cell) else [cell]
            continue
        text = links.to_roles(text_of(cell, run_time), words)
        if caption := links.CAPTION.match(text):
            _put_caption(cells[-1], f"{caption[1]}-{caption[2]}", " ".join(caption[4].split()))
            continue
        cell["metadata"].pop(expressions.KEY, None)
        text, deeper = folded_sections(text, deeper)
        cells.append(cell | {"source": text})
    if deeper:
        raise ValueError('a section below a heading "Deeper:" must be followed by another section')
    return notebook | {"cells": cells}


def imports_alone(source: str) -> bool:
    """Whether a code cell does nothing but import."""
    body = [] if re.search(r"(?m)^\s*[%!]", source) else ast.parse(source).body
    return bool(body) and all(isinstance(part, ast.Import | ast.ImportFrom) for part in body)


def folded_sections(text: str, within: str) -> tuple[str, str]:
    """A cell's text with every section folded whose heading begins "Deeper:".

    Parameters
    ----------
    text : str
    within : str
        The "#" of the folded section that the cell begins in, "" outside of one.

    Returns
    -------
    tuple of str and str
        The text, and the "#" of the folded section that it ends in.
    """

    def fold(heading: re.Match) -> str:
        nonlocal within
        level, title = heading["level"], heading["title"]
        if not level:
            return heading[0]
        before = after = ""
        if within and len(level) <= len(within):
            before, within = "</details>\n\n", ""
        if title.startswith("Deeper: "):
            within = level
            after = '\n\n<details class="rfe-deeper"><summary>Show this part</summary>\n'
        return before + heading[0] + after

    return HEADING.sub(fold, text), within


def _fold(cell: dict, name: str, tag: str, title: str) -> None:
    """Fold a code cell below a bar with a title, told apart by its own tag."""
    cell["metadata"] |= {"tags": [*_tags(cell), name, tag]}
    cell["metadata"].setdefault("mystnb", {}).update(
        {"code_prompt_show": title, "code_prompt_hide": title}
    )


def _tags(cell: Mapping) -> list[str]:
    return cell["metadata"].get("tags", [])


def _link_tables(cell: dict, words: Mapping[str, str]) -> None:
    """Tables and links in Markdown that a cell shows are read as MyST, the links as roles."""
    for output in cell.get("outputs", ()):
        text = "".join(output.get("data", {}).get("text/markdown", ""))
        if text.startswith("|") or links.to_roles(text, words) != text:
            output["data"] = {"text/markdown": links.to_roles(text, words)}
            cell["metadata"].setdefault("mystnb", {})["markdown_format"] = "myst"


def _lighten_figures(cell: dict) -> None:
    """The images that figures hold in at most 256 colours, a third of the bytes."""
    for output in cell.get("outputs", ()):
        if svg := "".join(output.get("data", {}).get(SVG, "")):
            output["data"][SVG] = lighter_svg(svg)


def lighter_svg(svg: str) -> str:
    """A drawing without its document type, which names another host; its images with a palette."""
    drawing = svg[svg.index("<svg") :]
    return IMAGE.sub(lambda image: image[1] + with_palette(image[2]), drawing)


def with_palette(png: str) -> str:
    """A PNG in base64 with at most 256 colours, or the same one if that would not be smaller.

    Grays stay as they are, and so does what is translucent.
    """
    figure = Image.open(io.BytesIO(base64.b64decode("".join(png.split()))))
    if figure.convert("RGBA").getextrema()[3][0] < 255:
        return png
    colours, small = figure.convert("RGB"), io.BytesIO()
    if ImageChops.difference(colours, (few := colours.convert("L")).convert("RGB")).getbbox():
        palette = Image.Quantize.MEDIANCUT
        few = colours.quantize(256, method=palette, dither=Image.Dither.NONE)
    few.save(small, "png", optimize=True)
    lighter = base64.b64encode(small.getvalue()).decode()
    return min(lighter, png, key=len)


def _put_caption(cell: dict, name: str, caption: str) -> None:
    shown = [output for output in cell.get("outputs", ()) if "data" in output]
    if not shown:
        raise ValueError(f"a caption must follow the cell that draws it, got {name} alone")
    mystnb = cell["metadata"].setdefault("mystnb", {})
    if name.startswith("fig"):
        mystnb["figure"] = {"caption": caption, "name": name}
        return
    rows = "".join(shown[-1]["data"]["text/markdown"]).strip()
    shown[-1]["data"] = {
        "text/markdown": f":::{{table}} {caption}\n:name: {name}\n:class: compact\n\n{rows}\n\n:::"
    }
    mystnb["markdown_format"] = "myst"


def _exercise(cell: dict) -> list[dict]:
    """The solution with its checks and what they print, folded, and below it what to begin with."""
    source = "".join(cell["source"])
    if not exercises.has_markers(source):
        return [cell]
    printed = "".join(
        "".join(output.get("text", ""))
        for output in cell["outputs"]
        if output["output_type"] == "stream"
    )
    if "Not yet" in printed:
        raise ValueError(f"a solution must pass its own checks, got {printed!r}")
    solved = copy.deepcopy(cell) | {"source": exercises.solution(source)}
    solved["metadata"] = {}
    _fold(solved, "solution", "hide-cell", "Solution")
    if "id" in cell:
        solved["id"] = f"{cell['id'][:50]}-solution"
    return [solved, cell | {"source": exercises.beginning(source), "outputs": []}]
