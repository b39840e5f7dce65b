"""Sphinx extension: a page loads only what it needs, from the book itself; its buttons."""

import hashlib
import json
import re
from pathlib import Path

import repository
from fontTools import subset
from PIL import Image

# An icon in fontawesome.js: name: [width, height, [aliases], "code", "path" or ["path", "path"]],
ICON = re.compile(
    r'(?:"([\w-]+)"|\b(\w+)):\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?'
)

# The names of an icon in a style sheet, and its character in the font.
FONT_ICON = re.compile(r'((?:\.fa-[\w-]+:{1,2}before,?)+)\{content:"\\([0-9a-f]+)"')
THEME_ICON = re.compile(r'--pst-icon-[\w-]+:\s*"\\([0-9a-f]+)"')
FIGURE = re.compile(r'<img (?=[^>]*\bsrc="(?:\.\./)*_images/([^"]+)")')
SVG_SIZE = re.compile(r'<svg\b[^>]*?\bwidth="([\d.]+)pt"[^>]*?\bheight="([\d.]+)pt"')
WIDGET = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-view\+json">(?=\{"model_id": "(\w+)")'
)
#: What the theme writes that a screen reader is told wrongly, and what it should be: a name that is
#: not what stands there, a button without one, a list without list items.
MENDED = {
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    r'<summary>(?=<span class="toctree-toggle")': '<summary aria-label="Pages below">',
    r'(class="btn search-button-field[^"]*") title="Search" aria-label="Search"': r"\1",
    r'(<i class="theme-switch [^>]*?)\s+title="[^"]*"': r"\1",
    r'<div role="list" class="citation-list">': '<div class="citation-list">',
    r' role="doc-biblioentry"': "",
}
STATES = "application/vnd.jupyter.widget-state+json"
WITHOUT_SCRIPTS = (
    '<noscript><p class="rfe-still">Here stands a widget, which needs JavaScript. All else on this '
    "page can be read without.</p></noscript>"
)


def serve_vendored_scripts(app):
    """Publish runtime/ as _static/: what pages load only if they need it.

    Not through html_static_path in _config.yml: Jupyter Book puts every script it finds there on
    every page.
    """
    app.config.html_static_path.append(str(Path(app.srcdir) / "runtime"))


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


def hold_widgets_ready(app, pagename, templatename, context, doctree):
    """A page itself holds its first widget; a browser loads the others when a reader comes near.

    Each of them is a file _static/widgets/<page>-<number>.js: a script, because a page that is
    opened as a file may load nothing else. What is no anywidget (a progress bar, say) is left out.
    Where a widget would stand, a page without JavaScript says so.
    """
    for script in context["script_files"]:
        if script.attributes.get("type") != STATES:
            continue
        states = json.loads(script.attributes["body"])["state"]
        shown = [
            model
            for model in WIDGET.findall(context["body"])
            if states[model]["model_module"] == "anywidget"
        ]
        kept = {"state": {model: states[model] for model in shown[:1]}, "aside": {}}
        for number, model in enumerate(shown[1:], 2):
            text = f"rfeWidgetState({json.dumps(model)}, {json.dumps(states[model])});"
            path = Path(app.outdir) / "_static" / "widgets" / f"{pagename}-{number}.js"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            version = hashlib.sha256(text.encode()).hexdigest()[:8]
            name = states[model]["state"].get("name", states[model]["model_name"])
            kept["aside"][model] = {"name": name, "file": f"{path.name}?v={version}"}
        script.attributes["body"] = json.dumps(kept).replace("</", "<\\/")
        context["body"] = WIDGET.sub(
            lambda view, ours=shown: WITHOUT_SCRIPTS * (view[1] in ours) + view[0],
            context["body"],
        )


def load_figures_when_near(app, pagename, templatename, context, doctree):
    """A browser loads a figure when the reader comes near, and keeps its room free until then."""
    sources = {name: Path(app.srcdir) / path for path, name in app.builder.images.items()}

    def lazy(tag):
        width, height = size_of(sources[tag[1]])
        return f'{tag[0]}loading="lazy" width="{width}" height="{height}" '

    known = re.compile(r"\.(svg|png|jpe?g|gif|webp)$")
    if "body" in context:
        context["body"] = FIGURE.sub(
            lambda tag: lazy(tag) if tag[1] in sources and known.search(tag[1]) else tag[0],
            context["body"],
        )


def size_of(path):
    """Width and height of an image in pixels of CSS; a drawing's are given in points."""
    if path.suffix == ".svg":
        found = SVG_SIZE.search(path.read_text(encoding="utf-8"))
        if not found:
            raise ValueError(f"a drawing must have a width and height in points, got {path.name}")
        return tuple(round(float(points) * 96 / 72) for points in found.groups())
    with Image.open(path) as image:
        return image.size


def mend_labels(app, exception):
    """Tell screen readers what stands on a page (`MENDED`)."""
    for path in () if exception else Path(app.outdir).rglob("*.html"):
        text = mended = path.read_text(encoding="utf-8")
        for wrong, right in MENDED.items():
            mended = re.sub(wrong, right, mended)
        if mended != text:
            path.write_text(mended, encoding="utf-8")


def names_of_icons(app):
    """Icons that some page shows."""
    scripts = Path(app.outdir) / "_static" / "scripts"
    shown = [*Path(app.outdir).glob("*.html"), *scripts.glob("*theme.js")]
    return {
        name
        for page in shown
        for name in re.findall(r"fa-([a-z0-9-]+)", page.read_text(encoding="utf-8"))
    }


def drop_unused_characters(app, exception):
    """Keep only the icons that some page shows in the font too: 156 kB become a few.

    The style sheet then names the TrueType file alone, which needs no other package to write.
    """
    styles = Path(app.outdir) / "_static" / "styles"
    font = styles.parent / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf"
    if exception or not font.is_file():
        return
    sheets = {path: path.read_text(encoding="utf-8") for path in styles.glob("*.css")}
    used, keep = names_of_icons(app), set()
    for path, sheet in sheets.items():
        keep |= {int(code, 16) for code in THEME_ICON.findall(sheet)}
        for names, code in FONT_ICON.findall(sheet):
            if used & set(re.findall(r"fa-([\w-]+):", names)):
                keep.add(int(code, 16))
        own = path.name.startswith("sphinx-book")
        keep |= {int(code, 16) for code in re.findall(r'content:"\\(f[0-9a-f]{3})"', sheet) if own}
    options = subset.Options(hinting=False, ignore_missing_unicodes=True)
    loaded = subset.load_font(str(font), options)
    smaller = subset.Subsetter(options)
    smaller.populate(unicodes=keep)
    smaller.subset(loaded)
    subset.save_font(loaded, str(font), options)
    for path, sheet in sheets.items():
        source = r'url\([^)]*fa-solid-900\.woff2\) format\("woff2"\),'
        path.write_text(re.sub(source, "", sheet), encoding="utf-8")


def drop_unused_icons(app, exception):
    """Keep only the icons that some page shows: 1.5 MB of script becomes 0.1 MB, on every page."""
    script = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    if exception or not script.is_file():
        return
    used = names_of_icons(app)
    everything = script.read_text(encoding="utf-8")
    keep = ICON.sub(lambda icon: icon[0] if used & {icon[1], icon[2]} else "", everything)
    script.write_text(keep, encoding="utf-8")


def setup(app):
    """Called by Sphinx."""
    # Sphinx writes all pages again when this value changes.
    static = Path(app.srcdir) / "_static"  # a page names the digests of styles and scripts
    named = sorted([*static.glob("*.css"), *static.glob("*.js")])
    files = (Path(__file__), Path(repository.__file__), *named)
    own_source = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    state = f"{own_source} {repository.address()}"
    app.add_config_value("book_pages_source", state, "html")
    app.connect("builder-inited", serve_vendored_scripts)
    app.connect("html-page-context", offer_notebooks, priority=900)
    app.connect("html-page-context", load_figures_when_near)
    app.connect("html-page-context", hold_widgets_ready, priority=900)
    app.connect("build-finished", mend_labels)
    app.connect("build-finished", drop_unused_icons)
    app.connect("build-finished", drop_unused_characters)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
