"""`audit`: what the agent saw, decided and did, row by row, and whether anybody has changed the account since."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, assert_never

import msgspec
import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import Output, Piece, count, output, say_json, text_of
from watchdog.cli.state import state_folder

_DECISIONS = {"ALLOW": "good", "DENY": "warn", "ASK": "warn", "DRY_RUN": "warn"}
_OUTCOMES = {"firing": "bad", "resolved": "good", "lost": "bad", "back": "good", "failed": "bad", "ended": "good"}


def audit(
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="Only rows from then on: how long ago (2h), or a time (2026-03-01T02:00:00Z)."),
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="Only rows of this rule.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Only the newest so many.")] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the chain of hashes instead of showing rows; ends with 1 at a broken row.")
    ] = False,
    would: Annotated[
        bool,
        typer.Option("--would", help="Only what dry-run has left out: what act would have done, stage by stage, and what a guard denied."),
    ] = False,
    digest: Annotated[
        bool, typer.Option("--digest", help="Only what has come of each rule, in sentences: since then, or in the last 7 days.")
    ] = False,
) -> int:
    """
    Show what the agent saw, decided and did.

    Works from the state folder of the config, whether the agent runs or not.
    """
    from watchdog.store import reading

    if verify and (since, rule, limit, would, digest) != (None, None, None, False, False):
        raise UsageError("--verify checks the whole chain, so it goes without --since, --rule, --limit, --would and --digest")
    if (would or digest) and limit is not None:
        raise UsageError("--limit counts rows, and --would and --digest put rows together; narrow it down by --since and --rule")
    if would and digest:
        raise UsageError("say either --would or --digest")
    folder = state_folder(config)
    if verify:
        return _verify(folder, as_json)
    if digest:
        return _digest(folder, _begin(since or "7d"), rule, as_json)
    rows = reading.read_audit(folder, since=None if since is None else _begin(since), rule=rule, limit=limit)
    if would:
        _show_would(rows, as_json)
    else:
        _show(rows, as_json)
    return Exit.FINE


def _begin(since: str) -> int:
    from watchdog.cli.since import read_since

    return read_since(since, now=time.time_ns() // 1_000_000)


def _verify(folder: Path, as_json: bool) -> int:
    from watchdog.store.chain import BrokenRow, Verified
    from watchdog.store.reading import verify

    match verify(folder):
        case Verified(rows):
            if as_json:
                say_json({"ok": True, "rows": rows})
            else:
                output().line((f"{count(rows, 'row')}, chain whole", "good"))
            return Exit.FINE
        case BrokenRow(seq, what):
            if as_json:
                say_json({"ok": False, "seq": seq, "what": what})
            else:
                output().line((f"row {seq} is broken", "bad"), f": {what}")
            return Exit.FINDINGS
        case never:
            assert_never(never)


def _digest(folder: Path, since: int, rule: str | None, as_json: bool) -> int:
    from watchdog.cli.digest import show_digest

    return show_digest(folder, since=since, rule=rule, as_json=as_json)


def _show_would(rows: Iterable[dict[str, Any]], as_json: bool) -> None:
    from watchdog.cli.would import left_out, show

    if not as_json:
        show(output(), left_out(rows))
        return
    for one in left_out(rows):
        say_json(msgspec.to_builtins(one))


def _show(rows: Iterable[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        for row in rows:
            say_json(row)
        return
    out = output()
    for row in rows:
        show_row(out, row)


def show_row(out: Output, row: dict[str, Any]) -> None:
    """One row as a line: number, time and kind; on what; what was done or said, and why."""
    get: Callable[[str], str] = lambda name: row.get(name) or ""  # noqa: E731  (absent, empty and null are the same to the reader)
    words: list[Piece] = [
        (f"{row['seq']:>6}  {row['at']}", "dim"),
        f"{row['kind']:<8}",
        (get("rule"), "strong"),
        get("target") or get("entity"),
        get("action"),
        (get("stage"), "strong"),
        (get("outcome"), _OUTCOMES.get(get("outcome"), "")),
        (get("decision"), _DECISIONS.get(get("decision"), "")),
        f"by {get('guard')}" if get("guard") else "",
        get("reason"),
        (f"(act would have at {get('would_at')})" if get("would_at") else "", "warn"),
    ]
    said = [word for word in words if text_of(word)]
    out.line(*(piece for word in said for piece in (word, "  ")))
