"""Of every figure that a test here draws: a phone can show its type, and nothing is cut off."""

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


def _cut_off(figure):
    """Inches by which what is drawn goes beyond the figure's edges, where it is not shown."""
    figure.canvas.draw()
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    beyond = {"left": -drawn.x0, "below": -drawn.y0}
    beyond |= {"right": drawn.x1 - width, "above": drawn.y1 - height}
    return {side: round(inches, 2) for side, inches in beyond.items() if inches > 0.02}


@pytest.fixture
def as_svg():
    """A figure as notebooks show it."""

    def draw(figure):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=of_book.METADATA)
        return text.getvalue()

    return draw


@pytest.fixture(autouse=True)
def readable_and_whole():
    matplotlib.use("Agg")
    plt.close("all")
    yield
    figures = [plt.figure(number) for number in plt.get_fignums()]
    small, beyond = map(_too_small, figures), map(_cut_off, figures)
    found = [*filter(None, small)], [*filter(None, beyond)]
    plt.close("all")
    assert found == ([], [])


@pytest.fixture
def too_small():
    """Words that a phone shows smaller than 8 pixels."""
    return _too_small


@pytest.fixture
def cut_off():
    """Inches by which a figure's drawing goes beyond its edges."""
    return _cut_off


@pytest.fixture
def references():
    """What a drawing names outside itself; its document type is dropped by the page."""

    def outside(svg):
        return [name for name in re.findall(r'(?:href="|url\()([^")]+)', svg) if name[0] != "#"]

    return outside
