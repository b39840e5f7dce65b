"""The reference: pages made from docstrings, and links to them from names.

A page a module of `rfe_core`, and one of what captions name after "Made by"; Sphinx's autodoc
writes them and viewcode the source beside it. In the text of any page, code that names a public
function or class of the core (``dice_loss``, ``losses.dice_loss``) is a link, and so is the full
name in a caption.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes

FOLDER = "reference"

#: The page of what captions name.
FIGURES = "figures"

FIGURES_BEGIN = """\
# Figures and tables

Each caption in a chapter names the function that made the figure or table above it. Here they are,
by module, in the order of the chapters. "Scores by model" map a model's name to a table: a row a
seed, a column a head.
"""

#: In a caption: the module and the name of the function that made what stands above.
MADE_BY = re.compile(r"\*Made by\* `(rfe_book\.[\w.]+)\.(\w+)`")

#: A name that can mean nothing else than something of ours: two words, or a module's.
TELLING = re.compile(r"[A-Za-z]\w*_\w+|[A-Z][a-z]\w*[A-Z]\w*|[a-z]\w*\.\w+(\.\w+)*")

EXTENSIONS = ("sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode")

SETTINGS = {
    "autodoc_typehints": "none",
    "autodoc_preserve_defaults": True,
    "default_role": "py:obj",
    "napoleon_google_docstring": False,
    "napoleon_use_param": False,
    "napoleon_use_rtype": False,
    "toc_object_entries": False,
}


def modules(core: Path) -> list[str]:
    """Modules of the core by dotted name, without the package's own."""
    names = [path.relative_to(core).with_suffix("") for path in sorted(core.rglob("*.py"))]
    return [".".join(name.parts) for name in names if name.name != "__init__"]


def pages(core: Path) -> dict[str, bytes]:
    """Markdown of each module's page, by its path below the book."""
    found = {}
    for name in modules(core):
        text = f"# {name}\n\n```{{eval-rst}}\n.. automodule:: {core.name}.{name}\n"
        text += "   :members:\n   :member-order: bysource\n```\n"
        found[f"{FOLDER}/{name}.md"] = text.encode()
    return found


def figures_page(chapters: Iterable[str]) -> bytes:
    """Markdown of the functions that captions in chapters name, in their order, by module."""
    found: dict[str, dict[str, None]] = {}
    for module, name in MADE_BY.findall("\n".join(chapters)):
        found.setdefault(module, {})[name] = None
    text = FIGURES_BEGIN
    for module, functions in found.items():
        text += f"\n## {module.removeprefix('rfe_book.')}\n\n"
        text += f"```{{eval-rst}}\n.. automodule:: {module}\n"
        text += f"   :members: {', '.join(functions)}\n   :member-order: bysource\n```\n"
    return text.encode()


def names(objects: dict) -> dict[str, tuple[str, str]]:
    """Page and anchor of all that is public: by its full name, and by shorter ones if unambiguous.

    `objects` are those of Sphinx's Python domain. Figures have no shorter names.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for name, entry in objects.items():
        if entry.objtype not in ("function", "class", "method", "exception", "property"):
            continue
        parts = name.split(".")
        for start in range(1 if entry.docname == FIGURES else len(parts)):
            found.setdefault(".".join(parts[start:]), set()).add((entry.docname, entry.node_id))
    return {name: places.pop() for name, places in found.items() if len(places) == 1}


def link_names(app, doctree, docname):
    """Make code that names something public a link to its place in the reference."""
    if docname.startswith(FOLDER + "/"):
        return
    known = names(app.env.get_domain("py").objects)
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext().removesuffix("()")
        if not TELLING.fullmatch(name) or name not in known:
            continue
        if any(map(takes_no_link, parents(literal))):
            continue
        page, anchor = known[name]
        address = f"{app.builder.get_relative_uri(docname, page)}#{anchor}"
        link = nodes.reference("", "", internal=True, refuri=address, classes=["rfe-name"])
        literal.replace_self(link)
        link += literal


def lead_sources_back(app):
    """A function's source leads back to the page of its own module, as that page now is.

    Sphinx would send it to the page that was read last, which may be of a module that imports it;
    and it would keep the source's page, with its links, until the source itself changes.
    """
    shutil.rmtree(Path(app.outdir) / "_modules", ignore_errors=True)
    objects = app.env.get_domain("py").objects
    for _, _, used, module in filter(None, app.env._viewcode_modules.values()):
        full = {name: f"{module}.{name}" for name in used}
        used |= {name: objects[known].docname for name, known in full.items() if known in objects}
    return []


def takes_no_link(node):
    """Whether a node is a link or a heading. A table's caption is a title, but no heading."""
    heading = isinstance(node, nodes.title) and not isinstance(node.parent, nodes.table)
    return heading or isinstance(node, nodes.reference)


def parents(node):
    """All that a node stands in."""
    while (node := node.parent) is not None:
        yield node


def setup(app):
    """Called by Sphinx."""
    for extension in EXTENSIONS:
        app.setup_extension(extension)
    for name, value in SETTINGS.items():
        app.config[name] = value
    # Sphinx writes all pages again when this value changes.
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    app.add_config_value("reference_pages_source", own, "html")
    app.connect("doctree-resolved", link_names)
    app.connect("html-collect-pages", lead_sources_back, priority=400)  # before viewcode's
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
