"""A reload that was refused, as a line of `status`."""

from watchdog.cli.output import Output
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.picture.picture import Refused


def show_refused(out: Output, refused: Refused | None, *, at: int) -> None:
    """That the files are not in force, for how long, and why."""
    if refused is not None:
        out.line(
            ("Reload refused", "bad"), f" {display(max(0, at - refused.at), Type.DURATION)} ago, what was in force stays: {refused.why}"
        )
