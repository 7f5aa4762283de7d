"""
What a person does about an alert, as its rule says it: an address, a file, or the steps themselves as text.

The text is written by whoever wrote the rule, and is shown as it stands; where there is little room it is cut at the end of a line.
"""

from typing import Final

LONGEST: Final = 2_000
"""Characters of a text: about a page of a screen, and no more is read at night."""
BRIEF: Final = 700
"""Characters of it in a message."""
LABEL: Final = "what to do"
_CUT: Final = "…"


def is_text(runbook: str) -> bool:
    """Whether it says what to do by itself: with a blank or a line break in it, it names no page and no file."""
    return any(char.isspace() for char in runbook)


def brief(runbook: str, most: int = BRIEF) -> str:
    """Of a text the first lines that have room in `most` characters, with a last one that says that there is more; a page or a file whole."""
    if not is_text(runbook) or len(runbook) <= most:
        return runbook
    room = most - len(_CUT) - 1
    kept = runbook[:room]
    if runbook[room] != "\n":
        # A line that is longer than all the room is cut between words.
        kept = kept.rpartition("\n")[0] or kept.rpartition(" ")[0] or kept
    return f"{kept.rstrip()}\n{_CUT}"
