"""
`quarantine`: the jobs that were taken out, and what can be done about them.

What a job was told to do is shown by `show --payload` alone, and by nothing else.
"""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from watchdog.cli.command import Command
from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import Piece, clean, output, say_json
from watchdog.cli.release import drop_jobs, release_jobs
from watchdog.cli.state import state_folder
from watchdog.cli.take import take_jobs
from watchdog.model.quarantine import Kept

if TYPE_CHECKING:
    from watchdog.store.quarantine import Entry

QUARANTINE: Final = typer.Typer(
    name="quarantine",
    help="Jobs that were taken out: show them, put them back, delete them, take more.",
    short_help="Jobs that were taken out: show, put back, delete, take more.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
QUARANTINE.command("release", cls=Command)(release_jobs)
QUARANTINE.command("drop", cls=Command)(drop_jobs)
QUARANTINE.command("take", cls=Command, short_help="Take jobs out of Redis into quarantine.")(take_jobs)
_STYLES: Final = {Kept.KEPT: "", Kept.RELEASED: "good", Kept.DROPPED: "dim"}
_HERE: Final = (Kept.TAKING, Kept.KEPT, Kept.RELEASING, Kept.DROPPING)


@QUARANTINE.command("list", cls=Command)
def list_jobs(
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have been put back or deleted.")] = False,
) -> int:
    """List the jobs in quarantine, oldest first."""
    from watchdog.store.reading import read_quarantine

    entries = read_quarantine(state_folder(config), tuple(Kept) if everything else _HERE)
    if as_json:
        for entry in entries:
            say_json(_public(entry))
        return Exit.FINE
    out = output()
    if not entries:
        out.line("no job is in quarantine")
        return Exit.FINE
    headings = ("ID", "STATE", "CLASS", "JID", "QUEUE", "CAME FROM", "TAKEN", "UNTIL", "WHY")
    out.table(headings, [_cells(entry) for entry in entries])
    return Exit.FINE


@QUARANTINE.command("show", cls=Command)
def show_job(
    id_: Annotated[int, typer.Argument(metavar="ID", help="Number of the entry.", min=1)],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    payload: Annotated[
        bool, typer.Option("--payload", help="Print the job itself, byte for byte, and nothing else. It can hold private posts.")
    ] = False,
) -> int:
    """Show what is known of one job."""
    from watchdog.store.reading import read_quarantined

    if payload and as_json:
        raise UsageError("--payload prints the job as it is, so it goes without --json")
    entry, job = read_quarantined(state_folder(config), id_)
    if entry is None:
        raise UsageError(f"there is no entry {id_} in the quarantine")
    if payload:
        return _print_payload(id_, job)
    shown = _public(entry)
    if as_json:
        say_json(shown)
    else:
        out = output()
        for name, value in shown.items():
            if value not in ("", 0, False, None, []):
                out.line((f"{name.replace('_', ' '):<13}", "dim"), str(value))
    return Exit.FINE


def _print_payload(id_: int, payload: bytes | None) -> int:
    if payload is None:
        raise UsageError(f"the job of entry {id_} is here no longer")
    if sys.stdout.isatty():
        print(clean(payload.decode("utf-8", "backslashreplace")))
    else:
        sys.stdout.buffer.write(payload)
        sys.stdout.buffer.flush()
    return Exit.FINE


def _public(entry: "Entry") -> dict[str, Any]:
    from watchdog.store.moments import rfc3339

    job = entry.job
    return {
        "id": entry.id,
        "state": entry.state.value,
        "jid": job.jid,
        "class": job.job_class,
        "queue": job.queue,
        "came_from": job.came_from.value,
        "score": job.score,
        "error_class": job.error_class,
        "reason": job.reason,
        "rule": job.rule,
        "incident": job.incident,
        "by": job.by,
        "strikes": job.strikes,
        "bytes": job.size,
        "in_dead_set": job.in_dead_set,
        "locks": list(job.locks),
        "taken": rfc3339(job.taken),
        "until": rfc3339(job.until),
        "ended": None if entry.ended is None else rfc3339(entry.ended),
    }


def _cells(entry: "Entry") -> list[Piece]:
    from watchdog.recovery.quarantine import WARN_BEFORE

    shown = _public(entry)
    soon = entry.state is Kept.KEPT and entry.job.until - time.time_ns() // 1_000_000 <= WARN_BEFORE
    return [
        str(entry.id),
        (entry.state.value, _STYLES.get(entry.state, "warn")),
        entry.job.job_class,
        entry.job.jid,
        entry.job.queue,
        entry.job.came_from.value,
        shown["taken"],
        (shown["until"], "warn" if soon else ""),
        entry.job.reason,
    ]
