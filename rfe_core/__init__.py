"""The code behind the book: one idea a module, readable on its own.

Import the module you need (``from rfe_core import losses``); this package imports nothing, so
that modules which need no torch stay quick to load.
"""

__version__ = "0.1.0"
