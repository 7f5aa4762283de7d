"""
`quarantine`: the jobs that were taken out; shown, put back, or deleted.

Works whether the agent runs or not, since a person needs it most while it does: what is begun here and not finished, the agent finishes, or the next such command.
What a job was told to do is shown by `show --payload` alone, and by nothing else.
"""

import asyncio
import os
import pwd
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from watchdog.cli.command import Command
from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import Piece, clean, output, say_json
from watchdog.cli.state import settings_of, state_folder
from watchdog.model.quarantine import Kept

if TYPE_CHECKING:
    from watchdog.recovery.quarantine import Dropped, NotReleased, Quarantine, Released
    from watchdog.store.quarantine import Entry

QUARANTINE: Final = typer.Typer(
    name="quarantine", help="Jobs that were taken out: show them, put them back, delete them.", no_args_is_help=True, rich_markup_mode=None
)
_STYLES: Final = {Kept.KEPT: "", Kept.RELEASED: "good", Kept.DROPPED: "dim"}
_HERE: Final = (Kept.TAKING, Kept.KEPT, Kept.RELEASING, Kept.DROPPING)

IdsArgument = Annotated[list[int], typer.Argument(metavar="ID…", help="Numbers of entries, as `list` shows them.", min=1)]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why; it stands in the audit log with your name.")]


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


@QUARANTINE.command("release", cls=Command)
def release_jobs(ids: IdsArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """Put jobs back exactly where they came from: they run again."""
    return asyncio.run(_each(config, ids, as_json, lambda quarantine, id_: quarantine.release(id_, reason=_words(reason), by=_who())))


@QUARANTINE.command("drop", cls=Command)
def drop_jobs(ids: IdsArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """Delete jobs for good."""
    return asyncio.run(_each(config, ids, as_json, lambda quarantine, id_: quarantine.drop(id_, reason=_words(reason), by=_who())))


async def _each(
    config: Path,
    ids: Sequence[int],
    as_json: bool,
    do: Callable[["Quarantine", int], Awaitable["Released | Dropped | NotReleased"]],
) -> Exit:
    from watchdog.recovery.quarantine import Dropped, NotReleased, Released
    from watchdog.sidekiq.edit.failures import EditError

    code = Exit.FINE
    async with _opened(config) as quarantine:
        for id_ in dict.fromkeys(ids):
            try:
                came = await do(quarantine, id_)
            except EditError as error:
                code = Exit.FINDINGS
                _say(id_, "begun", f"{error}; the agent finishes it, or the next such command", as_json=as_json, style="warn")
                continue
            match came:
                case Released():
                    _say(id_, "released", "", as_json=as_json, style="good")
                case Dropped():
                    _say(id_, "dropped", "", as_json=as_json, style="good")
                case NotReleased(why):
                    code = Exit.FINDINGS
                    _say(id_, "left", why, as_json=as_json, style="bad")
    return code


@asynccontextmanager
async def _opened(config: Path) -> AsyncIterator["Quarantine"]:
    from watchdog.cli.redis import redis_of
    from watchdog.clock import Clock
    from watchdog.recovery.quarantine import Quarantine
    from watchdog.sidekiq.edit.edits import Edits
    from watchdog.sidekiq.keys import Keys
    from watchdog.sidekiq.place import place_of
    from watchdog.store.beside import open_beside

    redis, _ = redis_of(config)
    settings = settings_of(config).quarantine
    edits = Edits(url=place_of(redis), keys=Keys(namespace=redis.namespace))
    wall = Clock().wall
    try:
        async with open_beside(state_folder(config), wall=wall) as shelf:
            yield Quarantine(shelf, edits, wall=wall, kept_for=settings.keep, in_dead_set=settings.in_dead_set)
    finally:
        edits.close()


def _say(id_: int, outcome: str, why: str, *, as_json: bool, style: str) -> None:
    if as_json:
        say_json({"id": id_, "outcome": outcome, "why": why})
    else:
        output().line(f"{id_}: ", (outcome, style), f": {why}" if why else "")


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


def _words(reason: str) -> str:
    if not reason.strip():
        raise UsageError("--reason is empty; say in a few words why")
    return reason.strip()


def _who() -> str:
    """Who ordered it, also by way of sudo."""
    if called := os.environ.get("SUDO_USER"):
        return called
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
