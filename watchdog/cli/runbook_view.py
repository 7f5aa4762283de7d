"""What a person does about an alert, as lines: for `why` and for the story of an incident."""

from collections.abc import Iterator, Sequence
from typing import Final

from watchdog.cli.output import Piece
from watchdog.lang.harmless import harmless
from watchdog.model.runbook import LABEL, LONGEST, is_text

_DEEPEST: Final = 8
"""Columns that a line is set in at most, under the step that it goes on with."""


def runbook_lines(runbook: str) -> Iterator[Sequence[Piece]]:
    """What a person does about it, or where that is written."""
    if not is_text(runbook):
        yield ((f"{LABEL.capitalize()}: ", "strong"), harmless(runbook, LONGEST))
        return
    yield ((LABEL.capitalize(), "strong"),)
    for line in runbook.splitlines():
        further = " " * min(len(line) - len(line.lstrip(" ")), _DEEPEST)
        yield (f"  {further}{harmless(line, LONGEST)}",)
