"""What a reader's functions gave, and how much they computed, while a check tried them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType

from torch import Tensor
from torch.overrides import TorchFunctionMode

#: Characters of a value that are still read in a line, and how many calls are told.
LONGEST, TOLD = 40, 2


@contextmanager
def watched(is_right: Callable[[], bool]) -> Iterator[list[str]]:
    """While it lasts, calls that a check itself makes to functions of its cell are written down.

    Yields
    ------
    list of str
        As in ``"double(3) gives 9"``; calls inside of another one are left out.
    """
    said: list[str] = []
    names = getattr(is_right, "__globals__", {})
    code = getattr(is_right, "__code__", None)
    own = {
        name: names[name]
        for name in _names(code)
        if isinstance(names.get(name), FunctionType)
        and names[name].__code__.co_filename == code.co_filename
    }
    inside = [0]
    names.update({name: _written_down(name, own[name], said, inside) for name in own})
    try:
        yield said
    finally:
        names.update(own)


def _names(code: object) -> Iterator[str]:
    """Names that some code uses, also within its comprehensions."""
    yield from getattr(code, "co_names", ())
    for part in getattr(code, "co_consts", ()):
        if isinstance(part, CodeType):
            yield from _names(part)


def _written_down(name: str, function: FunctionType, said: list[str], inside: list[int]):
    def called(*values, **options):
        inside[0] += 1
        try:
            given = function(*values, **options)
        finally:
            inside[0] -= 1
        if not inside[0]:
            passed = [*map(_short, values), *(f"{key}={_short(options[key])}" for key in options)]
            said.append(f"{name}({', '.join(passed)}) gives {_short(given)}")
            del said[:-TOLD]
        return given

    return called


def numbers_made(function: Callable, *values) -> int:
    """How many numbers the tensors have that PyTorch makes in a call: its work, without a clock.

    What is linear makes at most twice as many of twice the input, what visits pairs four times.
    """
    with _Counted() as counted:
        function(*values)
    return counted.made


class _Counted(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        parts = result if isinstance(result, tuple | list) else (result,)
        self.made += sum(part.numel() for part in parts if isinstance(part, Tensor))
        return result


def _short(value) -> str:
    """A value as a line can say it: of an array its number or its shape, of an object its kind."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    text, kind = " ".join(repr(value).split()), type(value).__name__
    if len(text) <= LONGEST and " at 0x" not in text:
        return text
    if (shape := getattr(value, "shape", None)) is not None:
        return f"{kind} of shape {tuple(shape)}"
    if isinstance(value, str | list | tuple | dict | set):
        return f"{text[: LONGEST - 2].rstrip()} …"
    return kind
