"""Sphinx extension: scripts come from the book itself, only where a page needs them."""

import hashlib
import re
from pathlib import Path

# An icon in fontawesome.js: name: [width, height, [aliases], "code", "path" or ["path", "path"]],
ICON = re.compile(
    r'(?:"([\w-]+)"|\b(\w+)):\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?'
)


def serve_vendored_scripts(app):
    """Publish runtime/vendor as _static/vendor.

    Not through html_static_path in _config.yml: Jupyter Book puts every script it finds there on
    every page.
    """
    app.config.html_static_path.append(str(Path(app.srcdir) / "runtime"))


def drop_unused_formula_script(app, pagename, templatename, context, doctree):
    """Load MathJax only where a page itself has formulas.

    Sphinx also loads it where a page below in the table of contents has some: on the index, always.
    """
    if not app.env.domaindata["math"]["has_equations"].get(pagename):
        context["script_files"][:] = [
            script
            for script in context["script_files"]
            if "mathjax" not in f"{script.filename}{script.attributes.get('body')}".lower()
        ]


def drop_unused_icons(app, exception):
    """Keep only the icons that some page shows: 1.5 MB of script becomes 0.1 MB, on every page."""
    script = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    if exception or not script.is_file():
        return
    shown = [*Path(app.outdir).glob("*.html"), *script.parent.glob("*theme.js")]
    used = {
        name
        for page in shown
        for name in re.findall(r"fa-([a-z0-9-]+)", page.read_text(encoding="utf-8"))
    }
    everything = script.read_text(encoding="utf-8")
    keep = ICON.sub(lambda icon: icon[0] if used & {icon[1], icon[2]} else "", everything)
    script.write_text(keep, encoding="utf-8")


def setup(app):
    """Called by Sphinx."""
    # Sphinx writes all pages again when this value changes, that is with every change of this file.
    own_source = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    app.add_config_value("book_pages_source", own_source, "html")
    app.connect("builder-inited", serve_vendored_scripts)
    app.connect("html-page-context", drop_unused_formula_script, priority=900)
    app.connect("build-finished", drop_unused_icons)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
