"""How `init` shows what it found and what it has written; for people, and for programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from watchdog.cli.options import DEFAULT_CONFIG
from watchdog.cli.output import Output, count
from watchdog.survey.config_text import Text, described
from watchdog.survey.judging import served
from watchdog.survey.looking import Seen
from watchdog.survey.remarks import Remark
from watchdog.survey.survey import Survey


def show_survey(out: Output, found: Survey) -> None:
    """What is on this machine."""
    out.line(("services", "strong"))
    for unit in found.units:
        out.line(f"  {unit.name}  ", (described(unit), "dim"))
    if not found.units:
        out.line("  none of systemd")
    here = [one for one in found.processes if not one.container]
    out.line(f"  {'1 process' if len(here) == 1 else f'{len(here)} processes'} of Sidekiq here")
    queues = served(found)
    if queues:
        out.line(("queues", "strong"))
        width = max(map(len, queues))
        for queue, names in queues.items():
            out.line(f"  {queue.ljust(width)}  ", (", ".join(names), "dim"))
    out.line(("redis", "strong"))
    if found.redis is not None:
        places = ", ".join(f"{name} ({source})" for name, source in found.redis.sources.items())
        out.line(f"  {found.redis.settings.shown}  ", (places or "the default: nobody names one", "dim"))
    match found.seen:
        case Seen(namespace=None, version=version):
            out.line("  Redis ", version, " answers, with nothing of Sidekiq in it")
        case Seen() as seen:
            namespace = f", namespace {seen.namespace}" if seen.namespace else ""
            number = len(seen.processes)
            beating = "1 process of Sidekiq beats in it" if number == 1 else f"{number} processes of Sidekiq beat in it"
            queues_used = f", {count(len(seen.queues), 'queue')}" if seen.queues else ""
            out.line("  Redis ", seen.version, ("  answers", "good"), f", {beating}{queues_used}{namespace}")
        case str() as why:
            out.line(("  does not answer", "bad"), f": {why}")


def show_remarks(out: Output, remarks: Sequence[Remark]) -> None:
    """What is to be said, each with what to do about it."""
    if remarks:
        out.line()
        out.line(("worth a look", "strong"))
    for one in remarks:
        out.line("  ", (one.name, "warn"), f"  {one.text}")
        out.line(("      " + one.mend, "dim"))


def show_text(out: Output, text: Text, folder: Path, *, is_written: bool) -> None:
    """Which files there are now, and what comes next."""
    names = ", ".join(str(folder / name) for name in (*text.secrets, "config.yml"))
    out.line()
    out.line(("written: " if is_written else "would be written: ", "good" if is_written else "strong"), names)
    if is_written:
        config = folder / DEFAULT_CONFIG.name
        of_the_service = config == DEFAULT_CONFIG
        doctor = "sidekiq-watchdog doctor" + ("" if of_the_service else f" --config {config}")
        begin = "systemctl enable --now sidekiq-watchdog" if of_the_service else f"sidekiq-watchdog run --config {config}"
        width = max(len(doctor), len(begin))
        out.line("next: ", (doctor.ljust(width), "strong"), "  says what is still missing, and how to mend it")
        out.line("then: ", (begin.ljust(width), "strong"), "  begins to watch, in dry-run")


def show_nothing(out: Output, found: Survey, remarks: Sequence[Remark]) -> None:
    """There is no sign of Sidekiq; where it was looked for."""
    out.line(("there is no sign of Sidekiq here", "bad"), ", so nothing is written")
    out.line("  services: none of systemd is called mastodon-sidekiq* or sidekiq*, and none starts it")
    out.line("  processes: none has Sidekiq's title")
    where = found.redis.settings.shown if found.redis is not None else "Redis"
    out.line(f"  {where}: ", found.seen if isinstance(found.seen, str) else "answers, with nothing of Sidekiq in it")
    out.line("  where it runs elsewhere: --application DIR, the folder of the application")
    show_remarks(out, [one for one in remarks if not one.name.startswith("redis-")])


def plain_survey(found: Survey, remarks: Sequence[Remark], text: Text, *, path: Path | None) -> Any:
    """The same for programs, without any secret; `path` is that of the config, None where nothing was written."""
    seen = found.seen
    return {
        "written": None if path is None else str(path),
        "nothing": found.nothing,
        "units": [
            {
                "name": unit.name,
                "user": unit.user,
                "folder": unit.folder,
                "queues": None if unit.service is None else list(unit.service.queues),
                "threads": None if unit.service is None else unit.service.threads,
                "stop_timeout": unit.stop_timeout,
                "sidekiq_timeout": unit.sidekiq_timeout,
                "restart": unit.restart,
                "state": unit.state,
                "file_state": unit.file_state,
            }
            for unit in found.units
        ],
        "processes": [{"pid": one.pid, "version": one.version, "unit": one.unit, "container": one.container} for one in found.processes],
        "served": served(found),
        "redis": None
        if found.redis is None
        else {"where": found.redis.settings.shown, "namespace": found.redis.settings.namespace, "sources": found.redis.sources},
        "seen": {"why_not": seen}
        if isinstance(seen, str)
        else {
            "version": seen.version,
            "role": seen.role,
            "processes": [one.identity for one in seen.processes],
            "queues": list(seen.queues),
        },
        "secrets": sorted(text.secrets),
        "remarks": msgspec.to_builtins(list(remarks)),
    }
