"""A reload that was refused, as a line of `status`."""

import msgspec

from watchdog.cli.output import Output
from watchdog.lang.display import display
from watchdog.model.kinds import Type


class Refused(msgspec.Struct, frozen=True):
    """A reload that was refused, when (UTC milliseconds) and for which mistake: what is in force is older than the files."""

    at: int = 0
    why: str = ""


def show_refused(out: Output, refused: Refused | None, *, at: int) -> None:
    """That the files are not in force, for how long, and why."""
    if refused is not None:
        out.line(
            ("Reload refused", "bad"), f" {display(max(0, at - refused.at), Type.DURATION)} ago, what was in force stays: {refused.why}"
        )
