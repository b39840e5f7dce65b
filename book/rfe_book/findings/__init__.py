"""What a chapter says of its results, a name for each number: see README.md."""

import difflib
import os


class Findings:
    """Named values in the words in which a sentence says them: ``noise.dice_low`` is ``"0.05"``.

    Parameters
    ----------
    **values : str or int
        As the text shows them: numbers with decimals are formatted, ``f"{dice:.2f}"``.

    Raises
    ------
    TypeError
        If a value is neither words nor a whole number.
    """

    def __init__(self, **values: str | int):
        for name, value in values.items():
            if type(value) not in (str, int):
                raise TypeError(f"{name} must be words or an int, got {value!r}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"findings are computed, not set: {name}")

    def __getattr__(self, name: str) -> str | int:
        near = difflib.get_close_matches(name, self.__dict__)
        raise AttributeError(f"there is no finding {name!r}; near it: {near}")

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.__dict__.items())


def must_hold(sentence: str, holds: bool) -> None:
    """Refuse to go on if a chapter's sentence is not what the numbers say.

    Only where the environment has RFE_STRICT=1, as the builder and the tests set it. In a reader's
    notebook, which may be older than the rows, a line says so, and the notebook goes on.

    Raises
    ------
    ValueError
        With the sentence.
    """
    if holds:
        return
    if os.environ.get("RFE_STRICT") == "1":
        raise ValueError(f"the chapter must not say {sentence!r}: its numbers say otherwise")
    print(f"These rows are newer than this text: it may no longer hold that {sentence!r}")
