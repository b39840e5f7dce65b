"""Figures of the book, a module a chapter and a function a figure; each returns a Figure.

The book puts figures on white in both themes, so colours need to stand out on white only: those of
`rfe_book.style`, told apart by shape or line style as well.
"""

import matplotlib.pyplot as plt

plt.style.use("rfe_book.rfe")
