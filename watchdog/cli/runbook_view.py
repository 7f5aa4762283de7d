"""What a person does about an alert, as lines: for `why` and for the story of an incident."""

from collections.abc import Iterator, Sequence

from watchdog.cli.output import Piece
from watchdog.lang.harmless import harmless
from watchdog.model.runbook import LABEL, LONGEST, is_text


def runbook_lines(runbook: str) -> Iterator[Sequence[Piece]]:
    """What a person does about it, or where that is written."""
    if not is_text(runbook):
        yield ((f"{LABEL.capitalize()}: ", "strong"), harmless(runbook, LONGEST))
        return
    yield ((LABEL.capitalize(), "strong"),)
    for line in runbook.splitlines():
        yield (f"  {harmless(line, LONGEST)}",)
