"""MyST Markdown as plain Markdown, which Jupyter, VS Code and Colab show without any extension."""

import re
from collections.abc import Mapping

import links

TARGET = re.compile(r"(?m)^\([\w-]+\)=\n")
MATH = re.compile(r"```\{math\}\n((?::[a-z]+: .*\n)*)(.*?)\n```", re.DOTALL)
BOX = re.compile(r"(?ms)^:::\{(admonition|dropdown|list-table)\}(.*?)\n(.*?)^:::$")
OPTION = re.compile(r"\A(?::[\w-]+:.*\n)+")
DEFINITION = re.compile(r"(?m)^(\w[^\n]*)\n: ")
#: What is left if a cell says something that is not translated here.
LEFT = re.compile(r"\{[a-z:-]+\}`[^`]*`|^:::+.*|^```\{.*|^\([\w-]+\)=$", re.MULTILINE)


def plain(text: str, names: Mapping[str, str], *, solutions: bool) -> str:
    """A Markdown cell without anything that needs MyST.

    Parameters
    ----------
    text : str
        Values already stand in it.
    names : mapping of str to str
        `links.labels`: how equations are called.
    solutions : bool
        Whether dropdowns that hold a solution stay.

    Raises
    ------
    ValueError
        If something is left that plain Markdown cannot show.
    """

    def box(found: re.Match) -> str:
        kind, title, body = found[1], found[2].strip(), OPTION.sub("", found[3]).strip()
        if kind == "admonition":
            lines = [f"**{title}**", "", *body.splitlines()]
            return "\n".join(f"> {line}".rstrip() for line in lines)
        if kind == "list-table":
            return table(body)
        if title.startswith("Solution") and not solutions:
            return ""
        return f"<details><summary>Show: {title}</summary>\n\n{body}\n\n</details>"

    def math(found: re.Match) -> str:
        label = re.search(r":label: (\S+)", found[1])
        tag = f"\n\\tag{{{names[label[1]].removeprefix('Eq. ')}}}" if label else ""
        return f"$$\n{found[2]}{tag}\n$$"

    text = TARGET.sub("", text)
    text = MATH.sub(math, text)
    text = BOX.sub(box, text)
    text = DEFINITION.sub(r"**\1.** ", text)
    text = links.to_words(text)
    if left := LEFT.search(text):
        raise ValueError(f"plain Markdown cannot say {left[0]!r}")
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def table(body: str) -> str:
    """A pipe table of the rows of a list-table, the first of which is its head."""
    rows = []
    for row in re.split(r"(?m)^\* - ", body)[1:]:
        cells = re.split(r"(?m)^  - ", row)
        rows.append([" ".join(cell.split()).replace("|", "\\|") for cell in cells])
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
