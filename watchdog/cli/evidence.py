"""
`evidence`: what was seen of a process before it was touched, and who is suspected.

Lines of its log are shown by `--log` alone: whatever a job wrote can stand in them.
"""

import time
from typing import Annotated, Any, Final

import typer

from watchdog.cli.evidence_view import show_evidence
from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import Piece, output, say_json
from watchdog.cli.state import state_folder

ALL: Final = "list"
_SURE: Final = {"proven": "bad", "likely": "warn"}


def evidence(
    incident: Annotated[
        str, typer.Argument(metavar="INCIDENT", help="Number of the incident, as `audit` shows it; or `list`, for what there is.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    log: Annotated[bool, typer.Option("--log", help="Show the last lines of the log, too. They can hold private posts.")] = False,
) -> int:
    """
    Show what was seen of a process before it was touched.

    Works from the state folder of the config, whether the agent runs or not.
    """
    if incident == ALL:
        if log:
            raise UsageError("--log goes with the number of an incident")
        return _list(config, as_json)
    return _show(incident, config, as_json, log)


def _list(config: Any, as_json: bool) -> int:
    from watchdog.store.reading import read_evidence

    kept = read_evidence(state_folder(config))
    if as_json:
        for summary in kept:
            say_json(_public(summary))
        return Exit.FINE
    out = output()
    if not kept:
        out.line("no evidence is kept")
        return Exit.FINE
    out.table(("INCIDENT", "TARGET", "PROCESS", "TAKEN", "UNTIL", "KEPT", "SUSPECT"), [_cells(summary) for summary in kept])
    return Exit.FINE


def _show(incident: str, config: Any, as_json: bool, log: bool) -> int:
    from watchdog.store.reading import read_evidence_of

    found = read_evidence_of(state_folder(config), incident)
    if not found:
        raise UsageError(f"no evidence is kept of an incident {incident}; `evidence list` shows what there is")
    for summary, bodies in found:
        shown = {kind: body for kind, body in bodies.items() if isinstance(body, dict)}
        if not log and "log" in shown:
            shown["log"] = {name: value for name, value in shown["log"].items() if name != "lines"}
        public = _public(summary)
        if as_json:
            say_json({**public, "evidence": shown})
        else:
            show_evidence(output(), public, shown)
    return Exit.FINE


def _public(summary: Any) -> dict[str, Any]:
    from watchdog.store.moments import rfc3339

    return {
        "incident": summary.incident,
        "target": summary.target,
        "process": summary.process,
        "taken": rfc3339(summary.taken),
        "until": rfc3339(summary.until),
        "pieces": [{"kind": piece.kind, "came": piece.came.value, "why": piece.why} for piece in summary.pieces],
        "suspects": [
            {"jid": one.jid, "class": one.job_class, "tid": one.tid, "certainty": one.suspicion.value, "why": one.why}
            for one in summary.suspects
        ],
        "note": summary.note,
    }


def _cells(summary: Any) -> list[Piece]:
    from watchdog.recovery.quarantine import WARN_BEFORE

    public = _public(summary)
    first = public["suspects"][0] if public["suspects"] else None
    soon = summary.until - time.time_ns() // 1_000_000 <= WARN_BEFORE
    return [
        summary.incident,
        summary.target,
        summary.process,
        public["taken"],
        (public["until"], "warn" if soon else ""),
        ",".join(piece["kind"] for piece in public["pieces"] if piece["came"] == "kept"),
        (f"{first['class']} {first['jid']} ({first['certainty']})", _SURE.get(first["certainty"], "")) if first else summary.note,
    ]
