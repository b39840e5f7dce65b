"""The page, the student's and the teacher's notebook of one made-up chapter."""

import base64
import io
import re
import sys

import nbformat
import numpy as np
import pytest
from editions import edition, lab
from page_cells import folded_sections, page, with_palette
from PIL import Image
from plain_markdown import plain

from rfe_study import results

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"
)
CHAPTER = "https://github.com/someone/rfe-book"
EXERCISE = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\n\nf()"
INTRODUCTION = """\
(ch-x)=
# Title

:::{admonition} In this chapter
:class: note
**Minutes** [some](index.md#run-time), see [F](glossary.md#f-score).
:::

Dice is {eval}`dice` ([Fig. 1.1](#fig-a)).

```{math}
:label: eq-a
:enumerator: 1.1
x^2
```"""
KERNEL = {"name": "python3", "display_name": "Python 3"}
NAMES = {"eq-a": "Eq. 1.1", "fig-a": "Fig. 1.1"}


def chapter(**changes):
    result = {"status": "ok", "data": {"text/plain": "'0.5'"}, "metadata": {}}
    computed = {"user_expressions": [{"expression": "dice", "result": result}]}
    image = {"output_type": "display_data", "data": {"image/png": PIXEL}, "metadata": {}}
    rows = {"output_type": "display_data", "data": {"text/markdown": "| a |"}, "metadata": {}}
    printed = {"output_type": "stream", "name": "stdout", "text": "Right: f\n"}
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    parts = {
        "introduction": ("markdown", INTRODUCTION, {"metadata": computed}),
        "hidden": ("code", "import numpy", {"metadata": {"tags": ["remove-cell"]}}),
        "drawn": ("code", "draw();", {"outputs": [image]}),
        "caption": ("markdown", "(fig-a)=\n**Fig. 1.1.** A\ncaption.", {}),
        "shown": ("code", "table(x)", {"outputs": [rows]}),
        "rows": ("markdown", "(tab-b)=\n**Table 1.1.** Rows.", {}),
        "question": ("markdown", "**Exercise 1.1**\n\n:::{dropdown} Hint 1\nThink.\n:::", {}),
        "exercise": ("code", EXERCISE, {"outputs": [printed], "metadata": {"tags": ["exercise"]}}),
        "thought": ("markdown", "Why?\n\n:::{dropdown} Solution\nBecause.\n:::", {}),
    } | changes
    cells = [make[kind](source, **more) for kind, source, more in parts.values()]
    metadata = {"run_seconds": 8, "kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def sources(notebook):
    return [cell["source"] for cell in notebook["cells"]]


def test_page_has_values_roles_captions_and_a_folded_solution():
    made = page(chapter(), {"f-score": "F-score"})
    text, _, drawn, shown, _, solved, stub, _ = made["cells"]
    assert "**Minutes** 8 seconds, see {term}`F <F-score>`." in text["source"]
    assert "Dice is 0.5 ({numref}`fig-a`)." in text["source"]
    assert "enumerator" not in text["source"] and "user_expressions" not in text["metadata"]
    assert drawn["metadata"]["mystnb"]["figure"] == {"caption": "A caption.", "name": "fig-a"}
    table = ":::{table} Rows.\n:name: tab-b\n:class: compact\n\n| a |\n\n:::"
    assert shown["outputs"][0]["data"] == {"text/markdown": table}
    assert shown["metadata"]["mystnb"] == {"markdown_format": "myst"}
    assert stub["source"].endswith('raise NotImplementedError("your code")') and not stub["outputs"]
    assert "return 1" in solved["source"] and solved["outputs"]
    assert solved["metadata"]["tags"] == ["solution", "hide-cell"]
    assert "run_seconds" not in made["metadata"]


def test_page_folds_sections_that_are_deeper_and_imports_alone():
    notebook = chapter(
        imports=("code", "import numpy as np\nfrom a import b", {}),
        deeper=("markdown", "Before.\n\n### Deeper: more of it\n\nText.", {}),
        code=("code", "import c\nc.d()", {}),
        within=("markdown", "#### Part\n\nStill deeper.", {}),
        after=("markdown", "After it.\n\n(sec-b)=\n## Next", {}),
    )
    imports, deeper, code, within, after = page(notebook, {"f-score": "F-score"})["cells"][-5:]
    assert imports["metadata"]["tags"] == ["imports", "hide-input"]
    assert "tags" not in code["metadata"]
    begin = '<details class="rfe-deeper"><summary>Show this part</summary>'
    assert deeper["source"] == f"Before.\n\n### Deeper: more of it\n\n{begin}\n\n\nText."
    assert within["source"] == "#### Part\n\nStill deeper."
    assert after["source"] == "After it.\n\n</details>\n\n(sec-b)=\n## Next"
    with pytest.raises(ValueError, match="must be followed by another section"):
        page(chapter(last=("markdown", "# Deeper: x", {})), {"f-score": "F-score"})


@pytest.mark.parametrize(
    ("begin", "end"), [("```python", "\n```"), ("  ~~~~", "\n~~~~~"), ("```", "")]
)
def test_a_comment_between_fences_is_no_heading(begin, end):
    code = f"{begin}\n# Deeper: a comment\n{end}"
    assert folded_sections(f"Text.\n\n{code}", "##") == (f"Text.\n\n{code}", "##")
    text, within = folded_sections(f"{code}\n\n## Next", "##")
    assert (text.startswith(code), within) == (True, "" if end else "##")


def test_page_refuses_a_caption_without_a_figure():
    with pytest.raises(ValueError, match="must follow the cell that draws it, got fig-a"):
        page(chapter(drawn=("code", "draw();", {})), {"f-score": "F-score"})


def test_page_refuses_a_solution_that_fails_its_checks():
    printed = {"output_type": "stream", "name": "stdout", "text": "Not yet: f\n"}
    wrong = ("code", EXERCISE, {"outputs": [printed], "metadata": {"tags": ["exercise"]}})
    with pytest.raises(ValueError, match="must pass its own checks, got 'Not yet: f"):
        page(chapter(exercise=wrong), {"f-score": "F-score"})


def test_student_has_stubs_and_nothing_that_needs_myst():
    made = edition(chapter(), NAMES, solutions=False)
    nbformat.validate(nbformat.from_dict(made))
    _, text, hidden, _, caption, _, _, question, stub, thought = made["cells"]
    assert text["source"] == (
        "# Title\n\n> **In this chapter**\n>\n> **Minutes** 8 seconds, see F.\n\n"
        "Dice is 0.5 (Fig. 1.1).\n\n$$\nx^2\n\\tag{1.1}\n$$"
    )
    assert hidden["metadata"]["jupyter"] == {"source_hidden": True}
    assert caption["source"] == "**Fig. 1.1.** A\ncaption."
    assert question["source"].endswith(
        "<details><summary>Show: Hint 1</summary>\n\nThink.\n\n</details>"
    )
    assert "NotImplementedError" in stub["source"] and "return 1" not in stub["source"]
    assert thought["source"] == "Why?"
    assert not any(cell.get("outputs") for cell in made["cells"])


def test_teacher_has_the_solutions():
    text = "\n".join(sources(edition(chapter(), NAMES, solutions=True)))
    assert "return 1" in text and "###" not in text and "Because." in text


def test_only_a_repository_brings_an_installing_cell():
    assert "git clone" not in "".join(sources(edition(chapter(), NAMES, solutions=False)))
    first, *_ = sources(edition(chapter(), NAMES, solutions=False, address=CHAPTER))
    assert f"git clone --quiet --depth 1 {CHAPTER}" in first


def test_a_notebook_says_that_it_needs_the_book(monkeypatch):
    first, *_ = sources(edition(chapter(), NAMES, solutions=False))
    exec(first)  # here is the book
    monkeypatch.setitem(sys.modules, "rfe_book", None)
    with pytest.raises(SystemExit, match="This notebook needs the book: get its repository"):
        exec(first)


def test_a_notebook_says_that_it_needs_the_data(monkeypatch, tmp_path):
    first, *_ = sources(edition(chapter(), NAMES, solutions=False))
    monkeypatch.setattr(results, "DATA", tmp_path)
    with pytest.raises(SystemExit, match=f"lie in {re.escape(str(tmp_path))}: .* set RFE_DATA to"):
        exec(first)


def test_the_cell_is_named_that_plain_markdown_cannot_say():
    with pytest.raises(ValueError, match=r"cell 4: plain Markdown cannot say '\{numref\}`a`'"):
        edition(chapter(shown=("markdown", "{numref}`a`", {})), NAMES, solutions=False)
    unbalanced = ("code", EXERCISE.replace("    ### END SOLUTION\n", ""), {})
    with pytest.raises(ValueError, match="cell 7: line 2: '### BEGIN SOLUTION' without an end"):
        edition(chapter(exercise=unbalanced), NAMES, solutions=False)


def test_lab_keeps_myst_and_hides_solutions():
    made = lab(chapter())
    first, begin, *_ = sources(made)
    assert first == INTRODUCTION.replace("[some](index.md#run-time)", "a minute")
    assert "Run All Cells" in begin
    assert "return 1" not in "".join(sources(made))


def test_a_list_table_becomes_a_pipe_table():
    text = ":::{list-table}\n:header-rows: 1\n* - A\n  - B\n* - a | b\n  - on two\n    lines\n:::"
    table = "| A | B |\n| --- | --- |\n| a \\| b | on two lines |"
    assert plain(text, {}, solutions=False) == table


def test_a_definition_is_a_paragraph():
    text = "Flat windows\n: No pattern.\n\nThe border\n: As well."
    paragraphs = "**Flat windows.** No pattern.\n\n**The border.** As well."
    assert plain(text, {}, solutions=False) == paragraphs


def png_of(image):
    content = io.BytesIO()
    image.save(content, "png")
    return base64.b64encode(content.getvalue()).decode()


def test_figures_have_a_palette_unless_they_are_translucent():
    rng = np.random.default_rng(0)
    grays = np.repeat(rng.integers(0, 256, (90, 90, 1), np.uint8), 3, axis=2)
    figure = Image.fromarray(grays)
    light = with_palette(png_of(figure))
    assert len(light) < 0.6 * len(png_of(figure))
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(light))).convert("RGB"))
    assert np.abs(shown.astype(int) - grays).max() <= 2
    figure.putalpha(128)
    assert with_palette(png_of(figure)) == png_of(figure)
