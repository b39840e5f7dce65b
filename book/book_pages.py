"""Sphinx extension: a page's scripts, which come from the book itself, and its buttons."""

import hashlib
import re
from pathlib import Path

import repository

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


def offer_notebooks(app, pagename, templatename, context, doctree):
    """Buttons above a page: its student notebook, and what a repository's address allows.

    The theme itself would offer the staged source, which is not published.
    """
    buttons = context.get("header_buttons", [])
    path = f"{repository.NOTEBOOKS}/{pagename}.ipynb"
    exists = (Path(app.srcdir) / "runtime" / "notebooks" / f"{pagename}.ipynb").is_file()
    for group in buttons:
        if group.get("label") == "download-buttons":
            kept = [b for b in group["buttons"] if b["label"] == "download-pdf-button"]
            notebook = _button("Notebook", context["pathto"](path, 1), "fas fa-code")
            group["buttons"] = [notebook, *kept] if exists else kept
    if address := repository.address():
        links = [
            _button("Repository", address, "fab fa-github"),
            _button("Report what is wrong", repository.issues(address), "fas fa-lightbulb"),
        ]
        if exists:
            source = f"lab/{pagename}.ipynb"  # made by postBuild
            links += [
                _button("Binder", repository.binder(address, source), "fas fa-rocket"),
                _button("Colab", repository.colab(address, pagename), "fas fa-rocket"),
            ]
        group = {"type": "group", "tooltip": "Repository", "icon": "fab fa-github"}
        buttons.append(group | {"label": "repository-buttons", "buttons": links})


def _button(text: str, url: str, icon: str) -> dict:
    label = f"{text.lower().replace(' ', '-')}-button"
    kinds = {"type": "link", "text": text, "url": url, "icon": icon}
    return kinds | {"tooltip": text, "label": label}


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
    # Sphinx writes all pages again when this value changes.
    files = (Path(__file__), Path(repository.__file__))
    own_source = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    state = f"{own_source} {repository.address()}"
    app.add_config_value("book_pages_source", state, "html")
    app.connect("builder-inited", serve_vendored_scripts)
    app.connect("html-page-context", drop_unused_formula_script, priority=900)
    app.connect("html-page-context", offer_notebooks, priority=900)
    app.connect("build-finished", drop_unused_icons)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
