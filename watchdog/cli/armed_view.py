"""Rules of which a person has said how far they go, as rows of a table of `status`."""

from collections.abc import Sequence
from typing import Final

from watchdog.cli.output import Piece
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.picture.picture import Armed

HEADINGS: Final = ("rule", "goes", "its file said", "for", "by", "reason")


def armed_rows(armed: Sequence[Armed], *, at: int) -> list[list[Piece]]:
    """One row each; what the config lets it not go is said beside it."""
    return [[one.rule, _goes(one), one.file, display(max(0, at - one.since), Type.DURATION), one.by, one.reason] for one in armed]


def _goes(one: Armed) -> Piece:
    return (one.goes, "strong") if one.goes == one.mode else (f"{one.goes} ({one.mode} is above the config)", "warn")
