"""Sphinx extension: scripts come from the book itself, only where a page needs them."""

from pathlib import Path


def serve_vendored_scripts(app):
    """Publish runtime/vendor as _static/vendor.

    Not through html_static_path in _config.yml: Jupyter Book puts every script it finds there on
    every page.
    """
    app.config.html_static_path.append(str(Path(app.srcdir) / "runtime"))


def setup(app):
    """Called by Sphinx."""
    app.connect("builder-inited", serve_vendored_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
