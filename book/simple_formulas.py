"""Sphinx extension: a page whose formulas are all simple has them as HTML, and loads no MathJax.

MathJax and its fonts weigh 0.3 MB, more than all the rest of a page of text. Simple are letters,
numbers, indices, powers, small fractions and roots inside a line. A page with any other formula is
left as it is. To a screen reader a formula is read in words, "n sub E equals 20".
"""

import hashlib
import html
import re
from pathlib import Path

#: A formula of a page as Sphinx writes it for MathJax: in a line, or one that stands alone.
INLINE = re.compile(r'<span class="math notranslate nohighlight">\\\((.*?)\\\)</span>', re.DOTALL)
ANY = re.compile(r'<(?:span|div) class="math ')
#: A heading is shown in the contents of the page, too.
HEADING = re.compile(r"<h[1-6]>.*?</h[1-6]>", re.DOTALL)
SCRIPT = "tex-chtml.js"

TOKEN = re.compile(r"\s*(\\mathcal\{L\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S)")
NUMBER = re.compile(r"\d+(\.\d+)?")

#: Each sign with how it is shown and read. Space stands on both sides of a relation or an
#: operation, if something stands before it.
RELATIONS = {
    "=": ("=", "equals"),
    "<": ("&lt;", "less than"),
    ">": ("&gt;", "greater than"),
    r"\le": ("≤", "at most"),
    r"\ge": ("≥", "at least"),
    r"\approx": ("≈", "approximately"),
}
OPERATIONS = {
    "+": ("+", "plus"),
    "-": ("−", "minus"),
    r"\cdot": ("·", "times"),
    r"\times": ("×", "times"),
    r"\cap": ("∩", "intersected with"),
}
SIGNS = {
    "/": ("/", "over"),
    ",": (",\u00a0", ","),
    "(": ("(", "("),
    ")": (")", ")"),
    "|": ("|", "bar"),
    r"\%": ("%", "percent"),
    r"\,": ("\u202f", ""),
    r"\sum": ("∑\u202f", "sum of"),
    r"\cos": ("cos", "cosine"),
    r"\lambda": ("<i>λ</i>", "lambda"),
    r"\mathcal{L}": ("ℒ", "L"),
}
#: After these a minus is a sign, no operation.
OPENING = ("", "(", ",", "/", *RELATIONS, *OPERATIONS)
#: Letters that stand upright, and how.
UPRIGHT = {r"\mathbf": "<b>{}</b>", r"\mathrm": "{}"}


class NotSimple(ValueError):
    """A formula that only MathJax can show."""


def as_html(tex: str) -> str:
    """A simple formula as HTML.

    Raises
    ------
    NotSimple
        If it is not; the message names what in it.
    """
    tokens = TOKEN.findall(tex)
    shown, read = _row(tokens)
    if tokens:
        raise NotSimple(f"a formula's braces must match, got {tex!r}")
    words = re.sub(r"\s+(?=[,)])|(?<=\()\s+", "", " ".join(filter(None, read)))
    return f'<span class="rfe-formula" role="math" aria-label="{html.escape(words)}">{shown}</span>'


def _row(tokens: list[str]) -> tuple[str, list[str]]:
    """HTML and words of all up to the brace that closes it, which is not taken."""
    shown, read, before, relations = "", [], "", 0
    while tokens and tokens[0] != "}":
        token = tokens[0]
        if token in RELATIONS or token in OPERATIONS:
            sign, word = (RELATIONS | OPERATIONS)[tokens.pop(0)]
            binary = before not in OPENING
            if token == r"\cdot" and not binary:  # where an argument would stand
                word = "dot"
            elif binary:  # a line may end before the second relation, not before the first
                may_end = "<wbr>" * (relations > 0 and token in RELATIONS)
                sign = f"\u00a0{may_end}{sign}\u00a0"
            relations += token in RELATIONS
            part, words = sign, [word]
        else:
            part, words = _with_indices(tokens)
        shown, read, before = shown + part, read + words, token
    return shown, read


def _with_indices(tokens: list[str]) -> tuple[str, list[str]]:
    """The next piece with what stands below and above to its right."""
    shown, read = _piece(tokens)
    while tokens and tokens[0] in ("_", "^"):
        name, word = {"_": ("sub", "sub"), "^": ("sup", "to the power")}[tokens.pop(0)]
        part, words = _piece(tokens)
        shown += f"<{name}>{part}</{name}>"
        read += ["squared"] if (word, words) == ("to the power", ["2"]) else [word, *words]
    return shown, read


def _piece(tokens: list[str]) -> tuple[str, list[str]]:
    """A letter, a number, a sign, what stands in braces, or a command with that."""
    token = tokens.pop(0) if tokens else ""
    if token == "{" and tokens[:1] != [","]:  # that would be of a number's thousands
        shown, read = _row(tokens)
        if not tokens:
            raise NotSimple("a formula's braces must match")
        tokens.pop(0)
        return shown, read
    if re.fullmatch(r"[A-Za-z]", token):
        return f"<i>{token}</i>", [token]
    if NUMBER.fullmatch(token):
        return token, [token]
    if token in SIGNS:
        shown, word = SIGNS[token]
        return shown, [word]
    if token in UPRIGHT:
        shown, read = _piece(tokens)
        return UPRIGHT[token].format(re.sub("</?i>", "", shown)), read
    if token == r"\sqrt":
        shown, read = _piece(tokens)
        return f'√<span class="rfe-root">{shown}</span>', ["square root of", *read]
    if token == r"\frac":
        (above, first), (below, second) = _digits(tokens), _digits(tokens)
        return f"<sup>{above}</sup>⁄<sub>{below}</sub>", [*first, "over", *second]
    raise NotSimple(f"letters, numbers, indices and a few signs are simple, got {token!r}")


def _digits(tokens: list[str]) -> tuple[str, list[str]]:
    """The next argument of a small fraction: ``\\frac12`` has two, and no braces."""
    if tokens and re.fullmatch(r"\d\d+", tokens[0]):
        first, tokens[0] = tokens[0][0], tokens[0][1:]
        return first, [first]
    return _piece(tokens)


def with_simple(text: str) -> str:
    """HTML in which each simple formula inside a line stands as HTML; others stay as they are."""

    def simple(formula: re.Match) -> str:
        try:
            return as_html(html.unescape(formula[1]))
        except NotSimple:
            return formula[0]

    return INLINE.sub(simple, text)


def show_without_mathjax(app, pagename, templatename, context, doctree):
    """Write a page's formulas as HTML if all are simple; without others it loads no MathJax.

    Sphinx loads it where a page below in the table of contents has some, too: on the index, always.
    """
    body = context.get("body", "")
    simple = with_simple(body)
    if ANY.search(simple) or any(ANY.search(heading) for heading in HEADING.findall(body)):
        return
    context["body"] = simple
    context["script_files"][:] = [
        script
        for script in context["script_files"]
        if "mathjax" not in f"{script.filename}{script.attributes.get('body')}".lower()
    ]


def setup(app):
    """Called by Sphinx."""
    # Sphinx writes all pages again when this value changes.
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    app.add_config_value("simple_formulas_source", own, "html")
    app.connect("html-page-context", show_without_mathjax, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
