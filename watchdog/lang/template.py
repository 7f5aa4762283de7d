"""
Text for people with holes for values: `{{ job.class }} runs for {{ job.elapsed }}`.

What stands in a hole is an expression of the language, checked when the rule is read. Rendering never fails and never
does harm: what can't be known is a question mark, what could move a terminal's cursor or turn text around is made visible,
and the result has a bounded length. Holes see fields only, and no field holds a job's arguments.
"""

import unicodedata
from typing import Final, final

import msgspec

from watchdog.errors import Problem
from watchdog.lang.check import Checker
from watchdog.lang.checked import Checked
from watchdog.lang.complaint import Complaints
from watchdog.lang.demands import Scope
from watchdog.lang.display import display
from watchdog.lang.evaluate import evaluate
from watchdog.lang.gather import Demands, gather
from watchdog.lang.names import NO_NAMES, Names, resolve
from watchdog.lang.nowhere import NOWHERE
from watchdog.lang.parser import LONGEST, parse
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind
from watchdog.model.rows import Row

LONGEST_RESULT: Final = 1000
"""Characters of a rendered text; a longer one ends in `…`."""
_LONGEST_VALUE: Final = 300
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_HARMFUL: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@final
class Template(msgspec.Struct, frozen=True):
    """
    `text` as it was written; `pieces` are literal texts and checked expressions in their order.

    `demands` is what it asks of the engine, as a condition does.
    """

    text: str
    pieces: tuple[str | Checked, ...]
    demands: Demands = Demands()

    def render(self, row: Row, now: int, scope: Scope = NOWHERE) -> str:
        """The text for a row of the template's kind at engine time `now`: one line of at most 1,000 characters."""
        shown = "".join(piece if isinstance(piece, str) else _shown(piece, row, now, scope) for piece in self.pieces)
        line = harmless(shown[: LONGEST_RESULT + 1])
        return line if len(line) <= LONGEST_RESULT else f"{line[: LONGEST_RESULT - 1]}…"


def _shown(piece: Checked, row: Row, now: int, scope: Scope) -> str:
    shown = display(evaluate(piece, row, now, scope), piece.type)
    return shown if len(shown) <= _LONGEST_VALUE else f"{shown[: _LONGEST_VALUE - 1]}…"


def harmless(text: str) -> str:
    """The text on one line; control and formatting characters, surrogates and unassigned characters are replaced."""
    if text.isprintable():
        return text
    return "".join(_harmless(character) for character in text)


def _harmless(character: str) -> str:
    if character in "\n\r\t":
        return " "
    return _REPLACED if unicodedata.category(character) in _HARMFUL else character


def read_template(text: Text, kind: Kind, names: Names = NO_NAMES) -> tuple[Template | None, tuple[Problem, ...]]:
    """
    The template that the text is, for rules that look at `kind`, and all problems with it.

    The template is None exactly if there is a problem. Never raises, whatever the text.
    """
    complaints = Complaints(text)
    if len(text.value) > LONGEST:
        complaints.add("E317", 0, 1, f"the text is too long: {len(text.value):,} characters", hint=f"at most {LONGEST:,}")
        return None, complaints.found
    checker = Checker(complaints, kind, vocabulary=names.vocabulary, words=names.definitions)
    pieces: list[str | Checked] = []
    position = 0
    while (opening := text.value.find("{{", position)) >= 0 and not complaints.full:
        if opening > position:
            pieces.append(text.value[position:opening])
        closing = _closing(text.value, opening + 2)
        if closing is None:
            complaints.add("E320", opening, 2, "'{{' is never closed", hint="a hole is written {{ job.class }}")
            return None, complaints.found
        node = parse(complaints, start=opening + 2, end=closing)
        piece = None if node is None else checker.value(resolve(complaints, node, names))
        if piece is not None:
            pieces.append(piece)
        position = closing + 2
    pieces.append(text.value[position:])
    if complaints.any:
        return None, complaints.found
    demands = gather(*(piece for piece in pieces if not isinstance(piece, str)))
    return Template(text.value, tuple(piece for piece in pieces if piece), demands), ()


def _closing(text: str, start: int) -> int | None:
    """The offset of the `}}` that ends a hole; one within a string does not."""
    quotes = False
    position = start
    while position < len(text):
        character = text[position]
        if quotes and character == "\\":
            position += 1
        elif character == '"':
            quotes = not quotes
        elif not quotes and text.startswith("}}", position):
            return position
        position += 1
    return None
