"""References as Markdown links, whose text reads as words wherever a notebook is opened.

=====================================  ============================================
In a notebook                          On the page
=====================================  ============================================
``[Fig. 2.1](#fig-network)``           `numref`, with the number that Sphinx counts
``[Table 8.1](08-prior.ipynb#tab-x)``  `numref`, in another chapter
``[Eq. 2.3](#eq-dice)``                `eq`
``[the network](#sec-network)``        `ref`
``[Chapter 5](05-sampling.ipynb)``     `doc`
``[F-score](glossary.md#f-score)``     `term`
``([Long et al., 2015](references.md#long2015))``  `cite:p`; without brackets, `cite:t`
=====================================  ============================================

The numbers are typed, so they can be read in JupyterLab; `complaints` finds one that is wrong.
"""

import re
from collections.abc import Iterable, Mapping

CITED = re.compile(r"\[[^\]]+\]\(references\.md#([\w-]+)\)")
IN_BRACKETS = re.compile(rf"\({CITED.pattern}\)")
TERM = re.compile(r"\[([^\]]+)\]\(glossary\.md#([\w-]+)\)")
LABEL = re.compile(r"\[([^\]]+)\]\((?:[\w-]+\.(?:ipynb|md))?#([a-z]+)-([\w-]+)\)")
PAGE = re.compile(r"\[([^\]]+)\]\(([\w-]+)\.(?:ipynb|md)\)")
WITHIN = re.compile(r"\[([^\]]+)\]\((?:[\w-]+\.(?:ipynb|md))?#[\w-]+\)|\[([^\]]+)\]\([\w-]+\.md\)")
CAPTION = re.compile(
    r"\((fig|tab)-([\w-]+)\)=\n\*\*((?:Fig\.|Table) [\d.]*\d)\.\*\* (.+)", re.DOTALL
)
EQUATION = re.compile(r"```\{math\}\n:label: (eq-[\w-]+)\n(?::enumerator: ([\d.]+)\n)?")
KINDS = {"fig": "Fig.", "tab": "Table", "eq": "Eq."}
#: What only Sphinx or jupyterlab-myst can read and this rule replaces.
RAW = re.compile(r"\{(?!eval\})[a-z]+(?::[a-z]+)?\}`[^`]*`|\{\{[\w:-]+\}\}")


def _slug(term: str) -> str:
    return re.sub(r"\W+", "-", term.lower())


def terms(glossary: str) -> dict[str, str]:
    """The words that a glossary page explains, by the anchor that links use."""
    (words,) = re.findall(r"(?ms)^:::\{glossary\}\n(.*?)^:::", glossary)
    return {_slug(word): word for word in re.findall(r"(?m)^(\w.*)$", words)}


def labels(cells: Iterable[Mapping], chapter: str) -> dict[str, str]:
    """How the figures, tables and equations of a chapter are called, by label: "Fig. 2.1"."""
    counts, found = dict.fromkeys(KINDS, 0), {}
    for cell in cells:
        source = "".join(cell["source"])
        named = []
        if cell["cell_type"] == "markdown":
            named = [label for label, _ in EQUATION.findall(source)]
            if caption := CAPTION.match(source):
                named = [f"{caption[1]}-{caption[2]}"]
        for label in named:
            kind = label.partition("-")[0]
            counts[kind] += 1
            found[label] = f"{KINDS[kind]} {chapter}.{counts[kind]}"
    return found


def complaints(source: str, names: Mapping[str, str]) -> list[str]:
    """What is wrong with the numbers typed in a Markdown cell, given `labels` of all chapters."""
    typed = [(f"{kind}-{label}", text) for text, kind, label in LABEL.findall(source)]
    typed += [(label, f"Eq. {number or 'none'}") for label, number in EQUATION.findall(source)]
    if caption := CAPTION.match(source):
        typed.append((f"{caption[1]}-{caption[2]}", caption[3]))
    return [
        f"{label} must be called {names.get(label, 'nothing, it does not exist')!r}, got {text!r}"
        for label, text in typed
        if label.partition("-")[0] in KINDS and names.get(label) != text
    ]


def to_roles(text: str, words: Mapping[str, str]) -> str:
    """Markdown with its links as the roles of Sphinx; `words` are the `terms` of the glossary.

    Raises
    ------
    ValueError
        If a link names a word that the glossary lacks.
    """

    def term(link: re.Match) -> str:
        if link[2] not in words:
            raise ValueError(f"a link must name a word of the glossary, got {link[0]}")
        return f"{{term}}`{link[1]} <{words[link[2]]}>`"

    def label(link: re.Match) -> str:
        name = f"{link[2]}-{link[3]}"
        if link[2] in ("fig", "tab"):
            return f"{{numref}}`{name}`"
        return f"{{eq}}`{name}`" if link[2] == "eq" else f"{{ref}}`{link[1]} <{name}>`"

    text = IN_BRACKETS.sub(r"{cite:p}`\1`", text)
    text = CITED.sub(r"{cite:t}`\1`", text)
    text = TERM.sub(term, text)
    text = PAGE.sub(r"{doc}`\1 <\2>`", text)
    text = LABEL.sub(label, text)
    return re.sub(r"(?m)^:enumerator: .*\n", "", text)


def to_words(text: str) -> str:
    """Markdown in which links into pages are their text; those to whole notebooks stay."""
    return WITHIN.sub(lambda link: link[1] or link[2], text)
