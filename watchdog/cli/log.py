"""`log`: which jobs run in a process, or ran at its end, by what it wrote into its log."""

import re
import sys
import time
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.staying import stay

if TYPE_CHECKING:
    from watchdog.host.log_source import LogSource
    from watchdog.model.log_lines import LogEntry
    from watchdog.model.results import LogRead
    from watchdog.model.targets import ProcessRef
    from watchdog.rulefile.log import LogSettings

_THREADS: Final = re.compile(r"\[\d+ of (\d+) busy\]")
_IDENTITY: Final = re.compile(r"(?P<host>.+):(?P<pid>\d+):[0-9a-f]+")


def log(
    process: Annotated[str, typer.Argument(metavar="PROCESS", help="Its identity as `status` shows it, or its pid.", show_default=False)],
    config: ConfigOption = DEFAULT_CONFIG,
    unit: Annotated[
        str, typer.Option("--unit", metavar="UNIT", help="Its systemd unit, where it is dead and its log is a file.", show_default=False)
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show starts and ends of its jobs from now on, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> int:
    """
    Show which jobs run in a process of this host, or ran at its end, by its log.

    Reads systemd's journal, or the file that the config names under `log`, from the newest line backwards until it is known what each thread does; 2 s at most.
    What is missing for a proof is said. Of a job only class, jid, thread and times are shown. Needs neither an agent nor Redis, and changes nothing.
    """
    from watchdog.cli.state import settings_of

    settings = settings_of(config)
    target, alive, threads = _target(process, unit=unit, host=settings.host)
    if not alive and not target.unit:
        target = msgspec.structs.replace(target, unit=_only_unit(settings.log))
    stay()
    if follow:
        return _follow(target, settings.log, as_json)
    return _show(target, settings.log, alive=alive, threads=threads, as_json=as_json)


def _target(process: str, *, unit: str, host: str | None) -> "tuple[ProcessRef, bool, int]":
    """The process as far as it can be known, whether it lives, and how many threads work in it (0: unknown)."""
    from watchdog.host.boot import boot_id, host_name
    from watchdog.host.match import title_mismatch
    from watchdog.host.proc import read_process
    from watchdog.model.targets import ProcessRef

    here = host or host_name()
    found = _IDENTITY.fullmatch(process)
    if found is not None and found["host"] != here:
        raise UsageError(f"{process} runs on host {found['host']}, and this is {here}: its log is there")
    if found is None and not process.isdecimal():
        raise UsageError(f"{process!r} is neither the identity of a process (HOST:PID:NONCE) nor a pid")
    pid = int(found["pid"] if found else process)
    facts = read_process(pid)
    if facts is None or facts.state == "Z" or title_mismatch(facts.cmdline, version="", tag=None):
        # Dead, or its pid was given to something else.
        return ProcessRef("", process, here, pid, 0, boot_id(), unit=unit), False, 0
    busy = _THREADS.search(facts.cmdline)
    ref = ProcessRef("", process, here, pid, facts.start_ticks, boot_id(), unit=unit or facts.unit)
    return ref, True, int(busy[1]) if busy else 0


def _only_unit(settings: "LogSettings") -> str:
    """The unit of a process that nobody can be asked about any more: that of the one file that is named, if there is one."""
    from watchdog.rulefile.log import ANY

    if not settings.files or ANY in settings.files:
        return ""
    if len(settings.files) > 1:
        raise UsageError(f"it has ended, and its log can be that of {' or '.join(settings.files)}: say which by --unit")
    return next(iter(settings.files))


def _show(target: "ProcessRef", settings: "LogSettings", *, alive: bool, threads: int, as_json: bool) -> int:
    import asyncio

    from watchdog.cli.log_view import show_log
    from watchdog.cli.output import output, say_json
    from watchdog.recovery.reading_log import last_sign_of_life, read_log, source_of

    def wall() -> int:
        return time.time_ns() // 1_000_000

    async def read() -> "LogRead":
        source = source_of(target, settings)
        until = wall() if alive else await last_sign_of_life(target, source) or wall()
        return await read_log(target, settings, until=until, threads=threads, wall=wall, source=source)

    found = asyncio.run(read())
    if as_json:
        findings = [
            {
                "jid": one.jid,
                "class": one.job_class,
                "tid": one.tid,
                "certainty": one.certainty,
                "started": found.started.get(one.jid) or None,
            }
            for one in found.findings
        ]
        say_json({"pid": target.pid, "unit": target.unit, "running": alive, **msgspec.to_builtins(found), "findings": findings})
    else:
        show_log(output(), found, pid=target.pid, unit=target.unit, alive=alive, wall=wall())
    return Exit.FINE


def _follow(target: "ProcessRef", settings: "LogSettings", as_json: bool) -> int:
    import asyncio
    import signal

    from watchdog.cli.log_view import event_line, event_plain
    from watchdog.cli.output import output, say_json
    from watchdog.model.log_lines import LinesLost
    from watchdog.recovery.reading_log import source_of
    from watchdog.sidekiq.log.parse import parse

    out = output()

    def say(entry: "LogEntry") -> None:
        event = entry if isinstance(entry, LinesLost) else parse(entry)
        if event is None or getattr(event, "pid", target.pid) != target.pid:
            return
        if as_json:
            if plain := event_plain(event):
                say_json(plain)
        elif line := event_line(event):
            out.line(*line)
        sys.stdout.flush()

    async def listen(source: "LogSource") -> None:
        async for entry in source.follow():
            say(entry)

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        listening = asyncio.create_task(listen(source_of(target, settings)), name="listening")
        stopping = asyncio.create_task(stop.wait(), name="stopping")
        await asyncio.wait((listening, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not listening.done():
            listening.cancel()
        await asyncio.gather(listening, stopping, return_exceptions=True)
        if not listening.cancelled() and (error := listening.exception()):
            raise error

    asyncio.run(until_told())
    return Exit.FINE
