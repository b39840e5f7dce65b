"""Figures of the book, a module a chapter and a function a figure; each returns a Figure.

The book puts figures on white in both themes, so colours need to stand out on white only: those of
`rfe_book.style`, told apart by shape or line style as well. Notebooks show them as SVG, which is
sharp on every screen; an image in it keeps its own pixels (``image.interpolation`` in
``rfe.mplstyle``) and text is drawn as outlines, so that it looks alike everywhere.
"""

import matplotlib.pyplot as plt
from IPython import get_ipython
from matplotlib_inline.config import InlineBackend

#: No date and no version: the same figure is the same file.
METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}

plt.style.use("rfe_book.rfe")

if shell := get_ipython():
    inline = InlineBackend.instance(parent=shell)
    inline.print_figure_kwargs = {"bbox_inches": None, "metadata": METADATA}
    inline.figure_formats = {"svg"}
