"""Values of labels: names of other people's things, made fit to be shown to a program that keeps them for years."""

from typing import Final

MOST: Final = 200
"""Label sets of one metric at most."""
OTHER: Final = "other"
"""What stands for all that found no room."""
LONGEST: Final = 128
"""Characters of a value at most."""
_UNSEEN: Final = "\N{REPLACEMENT CHARACTER}"


def label(text: str) -> str:
    """Cut where it is too long, and with nothing in it that can't be seen: a name can hold line ends, half characters, and marks that turn the text round."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    return text if text.isprintable() else "".join(char if char.isprintable() else _UNSEEN for char in text)
