"""Show the source of a function beside its equation, from the module itself."""

import inspect
import textwrap
from pathlib import Path

from IPython.display import Markdown


def source(thing, *, docstring: bool = True) -> Markdown:
    """The source of a function or class as the last line of a notebook cell.

    Parameters
    ----------
    thing : function or class
        Something of rfe_core.
    docstring : bool
        False leaves the docstring out, where the chapter's text says the same.

    Raises
    ------
    TypeError
        If `thing` has no Python source.
    """
    lines, first = inspect.getsourcelines(thing)
    code = textwrap.dedent("".join(lines))
    if not docstring and thing.__doc__:
        start = code.index('"""')
        end = code.index('"""', start + 3) + 3
        code = code[:start].rstrip(" r") + code[end:].lstrip("\n")  # r: a raw docstring
    path = Path(inspect.getsourcefile(thing))
    place = "/".join(path.parts[path.parts.index("rfe_core") :])
    return Markdown(f"```python\n# {place}, line {first}\n{code}```")
