"""How `status` shows what people have said that holds for a time."""

from watchdog.cli.output import Output
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.picture.picture import Picture


def show_switches(out: Output, picture: Picture) -> None:
    """A line for each pause, silence and ack, with who, until when and why."""
    for pause in picture.all_pauses:
        only = " ".join(f"{name} {pattern}" for name, pattern in (("rule", pause.rule), ("target", pause.target)) if pattern)
        fleet = " for the whole fleet" if pause.source == "fleet" else ""
        endless = ", without an end" if fleet and pause.until_ms is None else ""
        out.line(
            ("Paused", "warn"), f"{fleet} by {pause.by}{f' ({only})' if only else ''}{endless or _left(pause.until_ms)}: {pause.reason}"
        )
    for ack in picture.acks:
        out.line(("Seen", "strong"), f" by {ack.by}: {ack.rule} on {ack.target}{_left(ack.until_ms)}: {ack.reason}")
    if picture.silences:
        show_silences(out, picture)


def show_silences(out: Output, picture: Picture) -> None:
    """A line for each silence, with its id."""
    if not picture.silences:
        out.line(("no silence holds", "dim"))
    for one in picture.silences:
        out.line(("Silenced", "warn"), f" {one.id} by {one.by}: {one.matches}{_left(one.until_ms)}: {one.reason}")


def _left(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f", for {display(milliseconds // 1000 * 1000, Type.DURATION)} more"
