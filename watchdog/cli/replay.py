"""`replay`: what was recorded, once more: under the rules that were in force then, or under others, as if they had been."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import Exit, NothingToShowError, UnfinishedError, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import output, say_json
from watchdog.cli.staying import stay

if TYPE_CHECKING:
    from watchdog.cli.replayed_rules import Known
    from watchdog.engine.rules import RuleSet
    from watchdog.replay.report import Report

_DEFAULT_SINCE = "7d"


def replay(
    trace: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER",
            help="A state folder, or one with files of a trace, copied from elsewhere. [default: the state folder of the config]",
            show_default=False,
        ),
    ] = None,
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            "--rules",
            metavar="FILE",
            help="Try these rule files, folders or pack:NAME in place of the config's rules; may be given more than once.",
            show_default=False,
        ),
    ] = None,
    diff: Annotated[
        list[Path] | None,
        typer.Option(
            "--diff",
            metavar="FILE",
            help="Show what these rules would have said otherwise; ends with 1 if anything. May be given more than once.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only with the rules that were in force then: ends with 1 unless each row of the audit log comes out again."
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="From when on: how long ago (2h), or a time (2026-03-01T02:00:00Z). [default: 7d]"),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="Up to when, in the same way. [default: all there is]")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """
    Play a recorded trace through the rules; show what they say.

    With the rules that were in force then, it is what the agent decided, to the byte. Rules that are tried (--rules, --diff, or a config that has changed since) see the same
    world in dry-run, and what they would have done is laid beside what happened. Nothing is asked of anybody, and nothing is changed.

    In JSON one object: `rules` has for each rule its `firings`, how many of them while somebody deployed (`deploying`), its `recoveries`, and what was `denied` and `asked` by guard;
    `firings`, `decisions` and `recoveries` list them; `missing` is what the trace lacks; `beside` is what it was compared with, and its `differences`; `checked` is what --check found. Times are RFC 3339,
    durations milliseconds, and what is not known is null.
    """
    stay()
    if check and (rules or diff):
        raise UsageError("--check is for the rules that decided then, so it goes without --rules and --diff")
    began, ends = _range(since, until)
    folder = _folder(trace, config)
    report, remarks = _replayed(folder, config, rules or [], diff or [], since=began, until=ends, check=check, own=trace is None)
    if as_json:
        from watchdog.cli.replay_plain import plain_report

        say_json(plain_report(report, remarks))
    else:
        from watchdog.cli.replay_view import show_report

        show_report(output(), report, remarks)
    return _exit(report, check=check, diff=bool(diff))


def _exit(report: "Report", *, check: bool, diff: bool) -> Exit:
    if check and (report.checked is None or not report.checked.equal or report.differs):
        return Exit.FINDINGS
    return Exit.FINDINGS if diff and report.differs else Exit.FINE


def _replayed(
    folder: Path, config: Path, rules: list[Path], diff: list[Path], *, since: int | None, until: int | None, check: bool, own: bool
) -> "tuple[Report, list[str]]":
    from watchdog.cli.replayed_rules import known_of, named, tried_rules
    from watchdog.replay.replaying import NoTraceError
    from watchdog.replay.report import as_it_was, tried
    from watchdog.replay.trace import digests
    from watchdog.store.opening import DATABASE

    database = folder if (folder / DATABASE).exists() else None
    if check and database is None:
        raise NothingToShowError(f"there is no database in {folder} to check against")
    other = (named(diff), tried_rules(diff)) if diff else None
    known: Known | None = None if rules else known_of(config)
    remarks: list[str] = []
    try:
        if known is None or other is not None:
            mine: RuleSet = tried_rules(rules) if known is None else known.rules
            report = tried(folder, mine, since=since, until=until, other=other, database=database)
        else:
            then = digests(folder, since=since, until=until)
            fits = known.fitting(then)
            strangers = [digest for digest in then if fits is None or digest != fits.digest]
            if fits is not None and (check or not strangers):
                report = as_it_was(folder, fits, since=since, until=until, database=database)
            elif check and then:
                raise UnfinishedError(
                    "the config's rules are not those that decided then, so nothing can be checked: --config names those of then"
                )
            else:
                report = tried(folder, known.rules, since=since, until=until, database=database)
            if strangers:
                listed = ", ".join(digest[:12] for digest in strangers)
                remarks.append(
                    f"these are not the rules that decided then (the digest of the config's is {known.rules.digest[:12]}, then it was {listed})"
                )
    except NoTraceError as error:
        raise NothingToShowError(str(error)) from error
    remarks += _remarks(report, known, own=own)
    return report, remarks


def _remarks(report: "Report", known: "Known | None", *, own: bool) -> list[str]:
    """What a reader must know of where it comes from."""
    from watchdog import __version__
    from watchdog.host.boot import host_name

    covered, said = report.covered, []
    host = known.host if known is not None and known.host else host_name()
    strangers = [one for one in covered.hosts if one != host]
    if strangers:
        said.append(f"recorded on {', '.join(strangers)}, and this is {host}" if own else f"recorded on {', '.join(covered.hosts)}")
    if versions := [one for one in covered.versions if one != __version__]:
        said.append(f"recorded by version {', '.join(versions)}; this is {__version__}, which may decide otherwise")
    return said


def _folder(trace: Path | None, config: Path) -> Path:
    """Where the trace is; that of a state folder may be named itself."""
    from watchdog.cli.state import state_folder
    from watchdog.store.trace.segment import FOLDER

    if trace is None:
        return state_folder(config)
    if not trace.is_dir():
        raise UsageError(f"{trace} is no folder; name a state folder, or one with files of a trace")
    return trace.parent if trace.absolute().name == FOLDER else trace


def _range(since: str | None, until: str | None) -> tuple[int, int | None]:
    from watchdog.cli.since import read_since

    now = time.time_ns() // 1_000_000
    began = read_since(since or _DEFAULT_SINCE, now=now)
    if began > now:
        raise UsageError("--since: that is still to come, and nothing is recorded of it")
    ends = None if until is None else read_since(until, now=now, option="--until")
    if ends is not None and ends <= began:
        raise UsageError("--until is not after --since")
    return began, ends
