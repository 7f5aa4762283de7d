"""`audit`: what the agent saw, decided and did, row by row, and whether anybody has changed the account since."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, assert_never

import msgspec
import typer

from watchdog.cli.asked import one_of, say_nothing_fits, word
from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import (
    DEFAULT_CONFIG,
    BeforeOption,
    ConfigOption,
    EntityOption,
    JsonOption,
    LimitOption,
    RuleOption,
    SinceOption,
    TargetOption,
)
from watchdog.cli.output import Output, Piece, count, errors, output, say_json, text_of
from watchdog.cli.span import Span, read_span
from watchdog.cli.state import state_folder

if TYPE_CHECKING:
    from watchdog.store.asked import AuditAsked

MOST_ROWS = 2**53
"""A number that no row ever has."""
_BESIDE = ("fleet", "head")
"""Kinds of rows that others than the engine's table write: the lock of several hosts, and what pruning leaves."""
_DECISIONS = {"ALLOW": "good", "DENY": "warn", "ASK": "warn", "DRY_RUN": "warn"}
_OUTCOMES = {"firing": "bad", "resolved": "good", "lost": "bad", "back": "good", "failed": "bad", "ended": "good"}


def audit(
    *,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    since: SinceOption = None,
    until: BeforeOption = None,
    rule: RuleOption = None,
    target: TargetOption = None,
    entity: EntityOption = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help="Only rows of this kind: alert, decision, would, intent, outcome, operator, …"),
    ] = None,
    decision: Annotated[
        str | None, typer.Option("--decision", metavar="DECISION", help="Only those with this answer: allow, deny, ask or dry-run.")
    ] = None,
    guard: Annotated[str | None, typer.Option("--guard", metavar="GUARD", help="Only those where this guard stood in the way.")] = None,
    incident: Annotated[str | None, typer.Option("--incident", metavar="ID", help="Only rows of this incident.")] = None,
    after: Annotated[
        int | None,
        typer.Option("--after", metavar="N", min=0, max=MOST_ROWS, help="Only rows behind the one with this number, the oldest first."),
    ] = None,
    limit: LimitOption = None,
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

    Works from the state folder of the config, whether the agent runs or not. The oldest row comes first. With `--limit` alone the newest so many are shown; with `--after` as well those that follow, and what to give as `--after` for the next ones is said at the end.
    """
    from watchdog.store import reading

    narrowed = {
        "--since": since, "--until": until, "--rule": rule, "--target": target, "--entity": entity, "--kind": kind, "--decision": decision, "--guard": guard,
        "--incident": incident, "--after": after, "--limit": limit,
    }  # fmt: skip
    said = [option for option, value in narrowed.items() if value is not None]
    if verify and (said or would or digest):
        others = [*said, *(["--would"] if would else []), *(["--digest"] if digest else [])]
        raise UsageError(f"--verify checks the whole chain, so it goes without {', '.join(others)}")
    if would and digest:
        raise UsageError("say either --would or --digest")
    if would or digest:
        usual = {"--since", "--rule"} if digest else {"--since", "--until", "--rule"}
        if beside := [option for option in said if option not in usual]:
            how = "by --since and --rule" if digest else "by --since, --until and --rule"
            raise UsageError(
                f"{'--digest' if digest else '--would'} puts rows together, so it goes without {', '.join(beside)}; narrow it down {how}"
            )
    span = read_span(since, until)
    asked = _asked(
        span, {"rule": rule, "target": target, "entity": entity, "incident": incident, "kind": kind, "decision": decision, "guard": guard}
    )
    folder = state_folder(config)
    if verify:
        return _verify(folder, as_json)
    if (would or digest) and rule and next(reading.read_audit(folder, asked, limit=1), None) is None:
        say_nothing_fits(folder, rule, what="row")
    if digest:
        return _digest(folder, read_span(since or "7d", None).since or 0, rule, as_json)
    if would:
        _show_would(reading.read_audit(folder, asked), as_json)
        return Exit.FINE
    rows = reading.read_audit(folder, asked, after=after) if after is not None else reading.read_audit(folder, asked, limit=limit)
    shown = _show(rows, as_json, most=limit)
    if not shown.last:
        say_nothing_fits(folder, rule, what="row")
    elif shown.more:
        errors().line((f"more rows follow: --after {shown.last}", "dim"))
    return Exit.FINE


def _asked(span: Span, said: dict[str, str | None]) -> "AuditAsked":
    """What was said, each name as it is spelled. Raises `UsageError`."""
    from watchdog.model.guards import GUARDS
    from watchdog.model.records import RECORD_KINDS
    from watchdog.model.verdicts import Decision
    from watchdog.store.asked import AuditAsked

    asked = AuditAsked(
        since=span.since,
        until=span.until,
        kind=one_of("--kind", said["kind"], (*RECORD_KINDS, *_BESIDE), what="kind of row"),
        decision=one_of("--decision", said["decision"], Decision.__members__, what="decision"),
        guard=one_of("--guard", said["guard"], [spec.name for spec in GUARDS], what="guard"),
    )
    return msgspec.structs.replace(asked, **{name: word(f"--{name}", said[name]) for name in ("rule", "target", "entity", "incident")})


def _verify(folder: Path, as_json: bool) -> int:
    from watchdog.store.chain import BrokenRow, Verified
    from watchdog.store.reading import read_last, verify

    match verify(folder):
        case Verified(rows):
            last, digest = read_last(folder)
            if as_json:
                say_json({"ok": True, "rows": rows, "last": last, "hash": digest})
            else:
                output().line((f"{count(rows, 'row')}, chain whole", "good"))
                output().line((f"last row {last}, hash {digest}", "dim"))
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


class _Shown(msgspec.Struct, frozen=True):
    """`last` is the number of the last row that was shown, 0 where there was none; `more` says that others follow."""

    last: int = 0
    more: bool = False


def _show(rows: Iterable[dict[str, Any]], as_json: bool, *, most: int | None) -> _Shown:
    out, last = output(), 0
    for number, row in enumerate(rows):
        if most is not None and number >= most:
            return _Shown(last, more=True)
        last = row["seq"]
        if as_json:
            say_json(row)
        else:
            show_row(out, row)
    return _Shown(last)


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
