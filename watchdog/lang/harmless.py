"""
Text of strangers made fit to be shown: names of classes and hosts, errors, whatever a job or a server could have chosen.

What would be obeyed or could hide something is made visible, as a terminal's escape is printed in place of being sent. What is left is plain text; whoever writes markup still quotes it for that markup.
Addresses stay as they are: a program that makes a link of one leads to just what is read there.
"""

import re
import unicodedata
from itertools import islice
from typing import Final

WIDTH: Final = 300
"""So many characters a line has at most where nothing else is said."""
CUT: Final = "…"
"""Stands at the end of what was cut."""
_MARKS: Final = 2
"""So many accents a letter may bear: the languages that need most of them need no more."""
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are drawn as nothing."""
_SPACES: Final = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_SCANNED: Final = 4
"""Of a text that is too long no more is looked at than so many times what is shown."""
_EVERYBODY: Final = re.compile(r"(?<![A-Za-z0-9_])@(?=(?:room|everyone|here|channel|all|group|thread)(?![A-Za-z0-9_]))", re.IGNORECASE)
_NO_CALL: Final = "\N{FULLWIDTH COMMERCIAL AT}"
_PILL: Final = re.compile(r"(matrix\.to/)(?=#)", re.IGNORECASE)


def harmless(text: str, width: int = WIDTH) -> str:
    """
    The text on one line of at most `width` characters.

    Ends of lines and every kind of blank become a blank, control characters and what has no shape of its own (marks of direction, joiners, tags, halves of surrogates) an escape (`u202e` behind a backslash), and accents that pile up are
    left out. `@room` and its like call nobody: their sign becomes one that only looks like it.
    """
    room = max(width, 1)
    text = text.strip()
    shown: list[str] = []
    length = marks = 0
    blank, is_cut = True, len(text) > room * _SCANNED
    for char in text[: room * _SCANNED]:
        piece = _shown(char, marks, first=not shown)
        marks = marks + 1 if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me") else 0
        if piece == " " and blank:
            continue
        blank = piece == " "
        shown.append(piece)
        length += len(piece)
        if length > room:
            is_cut = True
            break
    line = _PILL.sub(r"\1 ", _EVERYBODY.sub(_NO_CALL, "".join(shown))).strip()
    return f"{line[: room - 1].rstrip()}{CUT}" if is_cut or len(line) > room else line


def harmless_lines(text: str, width: int = WIDTH, most: int = 30) -> str:
    """The same of a text of several lines: no more than `most` of them, each made harmless by itself, and none that is empty."""
    looked_at = text[: most * width * _SCANNED]
    lines = list(islice((line for part in looked_at.splitlines() if part.strip() and (line := harmless(part, width))), most + 1))
    if len(lines) > most or len(text) > len(looked_at):
        lines = [*lines[: most - 1], CUT]
    return "\n".join(lines)


def _shown(char: str, marks: int, *, first: bool) -> str:
    if char == " " or char in _SPACES:
        return " "
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in ("Mn", "Me") and char not in _BLANK:
        return _escaped(char) if first else char if marks < _MARKS else ""
    return char if char.isprintable() and char not in _BLANK else _escaped(char)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
