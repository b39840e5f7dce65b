"""References as links: their numbers are right, and the page has Sphinx's roles for them."""

import links
import pytest

WORDS = {"f-score": "F-score", "dice-loss": "Dice loss"}


def markdown(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source, **mystnb):
    metadata = {"mystnb": mystnb} if mystnb else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": []}


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("[Fig. 2.1](#fig-network)", "{numref}`fig-network`"),
        ("[Table 8.1](08-prior.ipynb#tab-noise)", "{numref}`tab-noise`"),
        ("[Eq. 2.3](#eq-dice)", "{eq}`eq-dice`"),
        ("[the skips](#sec-skips)", "{ref}`the skips <sec-skips>`"),
        ("[Chapter 5](05-sampling.ipynb)", "{doc}`Chapter 5 <05-sampling>`"),
        ("[your own](own-data.md)", "{doc}`your own <own-data>`"),
        ("[F-scores](glossary.md#f-score)", "{term}`F-scores <F-score>`"),
        ("as ([Long et al., 2015](references.md#long2015))", "as {cite:p}`long2015`"),
        ("[Nair and Hinton (2010)](references.md#nair2010)", "{cite:t}`nair2010`"),
        ("[a site](https://example.org/a.md#b-c)", "[a site](https://example.org/a.md#b-c)"),
        ("```{math}\n:label: eq-a\n:enumerator: 2.1\nx\n```", "```{math}\n:label: eq-a\nx\n```"),
    ],
)
def test_links_become_roles(text, role):
    assert links.to_roles(text, WORDS) == role


def test_a_word_that_is_not_explained():
    with pytest.raises(ValueError, match=r"must name a word of the glossary, got .*#margin"):
        links.to_roles("[margin](glossary.md#margin)", WORDS)


def test_words_of_the_glossary():
    text = "# Words\n\n:::{glossary}\nF-score\n  A mean.\n\nDice loss\n  One minus it.\n:::\n"
    assert links.terms(text) == WORDS


def test_labels_are_counted_by_kind():
    cells = [
        markdown("```{math}\n:label: eq-a\nx\n```\n\n```{math}\n:label: eq-b\ny\n```"),
        code("draw()"),
        markdown("(fig-x)=\n**Fig. 2.1.** A caption."),
        code("table()"),
        markdown("(tab-y)=\n**Table 2.1.** Another."),
    ]
    assert links.labels(cells, "2") == {
        "eq-a": "Eq. 2.1",
        "eq-b": "Eq. 2.2",
        "fig-x": "Fig. 2.1",
        "tab-y": "Table 2.1",
    }


NAMES = {"fig-x": "Fig. 2.1", "eq-a": "Eq. 2.1"}


@pytest.mark.parametrize(
    "source",
    [
        "[Fig. 2.1](#fig-x), [Fig. 2.1](02-x.ipynb#fig-x) and [words](#sec-y)",
        "(fig-x)=\n**Fig. 2.1.** A caption.",
        "```{math}\n:label: eq-a\n:enumerator: 2.1\nx\n```",
    ],
)
def test_right_numbers(source):
    assert not links.complaints(source, NAMES)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[Fig. 2.2](#fig-x)", "fig-x must be called 'Fig. 2.1', got 'Fig. 2.2'"),
        ("[Fig. 2.2](#fig-z)", "fig-z must be called 'nothing, it does not exist'"),
        ("(fig-x)=\n**Fig. 2.3.** A caption.", "got 'Fig. 2.3'"),
        ("```{math}\n:label: eq-a\nx\n```", "eq-a must be called 'Eq. 2.1', got 'Eq. none'"),
    ],
)
def test_wrong_numbers(source, message):
    (found,) = links.complaints(source, NAMES)
    assert message in found


def test_links_as_words():
    text = "[Fig. 2.1](#fig-x), [F](glossary.md#f-score), [Chapter 5](05-sampling.ipynb), [s](x.md)"
    assert links.to_words(text) == "Fig. 2.1, F, [Chapter 5](05-sampling.ipynb), s"


RAW = ["{numref}`a`", "{cite:p}`b`", "{glue:text}`c:.2f`", "{{run_time}}"]


@pytest.mark.parametrize("text", RAW)
def test_raw_roles_are_seen(text):
    assert links.RAW.search(f"words {text}")
    assert not links.RAW.search("{eval}`x` and ```{math}\nx\n```")
