"""Of every figure that a test here draws: a phone can show its type, and it stands on its own."""

import io
import re

import matplotlib
import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Text

import rfe_book.figures as of_book

PHONE, LEAST = 390, 8  # pixels: a figure is as wide as the screen (book.css)


def _too_small(figure):
    """Words that a phone shows smaller than 8 pixels, with their size there."""
    scale = PHONE / (72 * max(figure.get_figwidth(), PHONE / 96))
    return {
        text.get_text(): round(text.get_fontsize() * scale, 1)
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text.get_fontsize() * scale < LEAST
    }


@pytest.fixture
def as_svg():
    """A figure as notebooks show it."""

    def draw(figure):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=of_book.METADATA)
        return text.getvalue()

    return draw


@pytest.fixture(autouse=True)
def readable_on_a_phone():
    matplotlib.use("Agg")
    plt.close("all")
    yield
    for number in plt.get_fignums():
        assert _too_small(plt.figure(number)) == {}


@pytest.fixture
def too_small():
    """Words that a phone shows smaller than 8 pixels."""
    return _too_small


@pytest.fixture
def references():
    """What a drawing names outside itself; its document type is dropped by the page."""

    def outside(svg):
        return [name for name in re.findall(r'(?:href="|url\()([^")]+)', svg) if name[0] != "#"]

    return outside
