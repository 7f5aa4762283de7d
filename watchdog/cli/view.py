"""The picture of `status` as lines and tables: what needs a person first, the rest below. It judges nothing."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from watchdog.cli.approval_view import show_approvals
from watchdog.cli.armed_view import HEADINGS, armed_rows
from watchdog.cli.doors_view import show_doors
from watchdog.cli.entity_rows import (
    BEHIND_HEADINGS,
    OLD,
    PROCESS_HEADINGS,
    QUEUE_HEADINGS,
    UNIT_HEADINGS,
    behind_row,
    process_row,
    queue_row,
    unit_row,
)
from watchdog.cli.fleet_view import show_fleet
from watchdog.cli.other_servers_view import show_other_servers
from watchdog.cli.output import Output, Piece, count
from watchdog.cli.receivers_view import HEADINGS as RECEIVER_HEADINGS
from watchdog.cli.receivers_view import cells, joined
from watchdog.cli.refused_view import show_refused
from watchdog.cli.switches_view import show_switches
from watchdog.lang.display import display, lasting
from watchdog.model.kinds import Kind, Type
from watchdog.picture.picture import (
    STARTING,
    Alert,
    Budget,
    Check,
    Locks,
    Looking,
    Picture,
    Request,
    Source,
    Trace,
)
from watchdog.picture.told import told_of

_DECISIONS: Final = {"ALLOW": "good", "DENY": "warn", "ASK": "warn", "DRY_RUN": "warn"}
_SEVERITIES: Final = {"critical": "bad", "warning": "warn"}


def show(out: Output, picture: Picture, *, running: bool, age: int, only: Collection[str] = ()) -> None:
    """All of it, or the sections with these names; who says so, and that nothing is done, stands above in any case. `age` is that of the picture in milliseconds."""
    _show_agent(out, picture, running=running, age=age)
    show_refused(out, picture.refused, at=picture.agent.at)
    for name, section in SECTIONS.items():
        if not only or name in only:
            for part in section.parts:
                part(out, picture)


def _show_systemd(out: Output, picture: Picture) -> None:
    if picture.units_absent:
        out.line(
            "systemd: ",
            ("not there", "warn"),
            f" ({picture.units_absent}): no rule on units is judged, and no unit can be started or stopped",
        )


def _show_requests(out: Output, picture: Picture) -> None:
    _section(out, "Requests", ("rule", "target", "action", "answer", "asked"), [_request(request) for request in picture.requests])


def _show_processes(out: Output, picture: Picture) -> None:
    title = _title("Processes", len(picture.processes), picture.entities.get(Kind.PROCESS))
    _section(out, title, PROCESS_HEADINGS, [process_row(one) for one in picture.processes])
    _section(out, "Jobs that processes have left behind", BEHIND_HEADINGS, [behind_row(one) for one in picture.left_behind])


def _show_units(out: Output, picture: Picture) -> None:
    title = _title("Units", len(picture.units), picture.entities.get(Kind.UNIT))
    _section(out, title, UNIT_HEADINGS, [unit_row(one) for one in picture.units])


def _show_queues(out: Output, picture: Picture) -> None:
    title = _title("Queues", len(picture.queues), picture.entities.get(Kind.QUEUE))
    _section(out, title, QUEUE_HEADINGS, [queue_row(one) for one in picture.queues])


def _show_receivers(out: Output, picture: Picture) -> None:
    _section(out, "Receivers", RECEIVER_HEADINGS, cells(joined(picture.receivers, picture.outbox), at=picture.agent.at))


def _show_broken(out: Output, picture: Picture) -> None:
    broken = [(datum.key, datum.reason, _counted(datum.count)) for datum in picture.broken]
    _section(out, "Data that can't be understood", ("key", "what is wrong", "read"), broken)


def _show_agent(out: Output, picture: Picture, *, running: bool, age: int) -> None:
    agent = picture.agent
    seen = f"seen {lasting(age)} ago"
    if running:
        up = f", up {lasting(max(0, agent.at - agent.started))}" if agent.started else ""
        out.line(
            (f"sidekiq-watchdog {agent.version}", "strong"),
            f" on {agent.host}, pid {agent.pid}{up}, mode ",
            (picture.mode, "strong"),
            ", ",
            (seen, "bad" if age > OLD else "dim"),
        )
        if age > OLD:
            out.line(("It runs, but has not renewed this picture for too long.", "bad"))
    else:
        out.line(
            ("No agent is running", "bad"),
            f" on this state folder. What follows was {seen} by sidekiq-watchdog {agent.version} on {agent.host}, mode {picture.mode}.",
        )
    if agent.failing:
        out.line(("It can't write its state: ", "bad"), agent.failing)
    show_switches(out, picture)
    for one in picture.demoted:
        out.line((f"Rule {one.rule} only asks", "bad"), f" for {lasting(one.since_ms)}, until a person trusts it again: {one.reason}")
    if picture.doubt is not None:
        waits = f" Open until then: {', '.join(picture.doubt.incidents)}." if picture.doubt.incidents else ""
        out.line(
            ("In doubt, so nothing is done", "bad"), f": {'; '.join(picture.doubt.reasons)}. Look, then: sidekiq-watchdog adopt.{waits}"
        )
    if picture.tracking is False:
        out.line(("Redis does not tell of changes, so everything is sampled.", "warn"))


def _show_sources(out: Output, sources: dict[str, Source]) -> None:
    for name, source in sources.items():
        since = f" {lasting(source.since_ms)}" if source.since_ms is not None else ""
        if source.ok:
            out.line(f"{name}: ", ("ok", "good"), f", read{since} ago" if since else "")
        elif source.code == STARTING:
            out.line(f"{name}: ", (source.message, "warn"))
        else:
            out.line(f"{name}: ", ("LOST", "bad"), f" for{since}" if since else "", f" ({source.code}): {source.message}")


def _show_checks(out: Output, checks: Sequence[Check] | None) -> None:
    if checks is None:
        return
    if not checks:
        out.line(("checks: none declared, so database and web are not checked", "dim"))
    for check in checks:
        what = f"check {check.name} ({check.type}): "
        if check.ok is None:
            out.line(what, ("not known yet", "warn"), f": {check.problem}" if check.problem else "")
        elif check.ok:
            took = f", took {lasting(check.latency)}" if check.latency is not None else ""
            out.line(what, ("ok", "good"), took, f"; the last try failed: {check.problem}" if check.problem else "")
        else:
            since = f" for {lasting(check.failed_ms)}" if check.failed_ms is not None else ""
            said = check.problem or "the last try succeeded, the next must, too"
            out.line(what, ("FAILS", "bad"), f"{since}: {said}; nothing is done meanwhile")


def _show_budget(out: Output, budget: Budget | None) -> None:
    if budget is None:
        return
    rates = f"{budget.commands_per_second:.3g} commands and {budget.round_trips_per_second:.3g} round trips a second"
    out.line(f"cost to redis: about {100 * budget.share:.2g} % of a core (limit {100 * budget.limit:.3g} %), {rates}")
    if budget.backed_off > 1:
        longer = f"intervals are {budget.backed_off:.2g} times as long, everything is read again within {lasting(budget.reread_within)}"
        out.line(("Backed off", "warn"), f" because that was too much: {longer}")


def _show_trace(out: Output, trace: Trace | None, *, at: int) -> None:
    if trace is None:
        return
    if not trace.on:
        out.line(("trace: none is kept", "dim"))
        return
    since = f" of the last {lasting(max(0, at - trace.since))}" if trace.since is not None else ""
    gaps = f", {count(trace.gaps, 'gap')} with {count(trace.missed, 'event')} since the start" if trace.gaps else ""
    state = ("NOT RECORDED", "bad") if trace.failing else ("ok", "good")
    kept = f"{count(trace.segments, 'file')}, {display(trace.size, Type.SIZE)}{since}{gaps}"
    out.line("trace: ", state, f" ({trace.failing})" if trace.failing else "", f", {kept}")


def _show_looking(out: Output, looking: Looking | None) -> None:
    if looking is not None and looking.every:
        part = display(looking.last / looking.every, Type.RATIO)
        out.line(f"processes looked at on this host: {_counted(looking.processes)}, every {lasting(looking.every)}, for {part} of a core")
        if looking.trouble:
            out.line(f"deployments can't be seen: {looking.trouble}")


def _show_totals(out: Output, picture: Picture) -> None:
    totals = picture.sidekiq
    if totals is None:
        return
    parts = {
        "processes": totals.processes,
        "jobs running": picture.entities.get(Kind.JOB),
        "waiting": totals.enqueued,
        "to be retried": totals.retries,
        "scheduled": totals.scheduled,
        "dead": totals.dead,
    }
    out.line("sidekiq: ", ", ".join(f"{what} {_counted(number)}" for what, number in parts.items()))


def _show_locks(out: Output, locks: Locks | None, *, at: int) -> None:
    if locks is None or not (locks.locks or locks.trouble):
        return
    if locks.trouble:
        out.line("unique-job locks: ", ("not looked at", "dim"), f": {locks.trouble}")
    elif not locks.orphaned:
        out.line(f"unique-job locks: {_counted(locks.locks)}, of the {_counted(locks.looked_at)} oldest none is orphaned")
    else:
        since = "" if locks.since is None else f", the oldest for {lasting(max(0, at - locks.since))}"
        number = (f"{locks.orphaned:,} of the {locks.looked_at:,} oldest orphaned", "warn")
        text = ": their jobs stand nowhere, and what is pushed like them is dropped without a word"
        out.line(f"unique-job locks: {_counted(locks.locks)}, ", number, f"{since}{text}")


def _show_alerts(out: Output, picture: Picture) -> None:
    if not picture.alerts and not picture.firing:
        out.line(("No alert.", "good"))
        return
    waiting = sum(alert.phase != "firing" for alert in picture.alerts)
    title = f"Alerts: {picture.firing} firing" + (f", {waiting} pending" if waiting else "")
    _section(out, title, ("severity", "state", "for", "rule", "what", "told"), [_alert(alert) for alert in picture.alerts])


def _show_incidents(out: Output, picture: Picture) -> None:
    if not picture.incidents:
        return
    _heading(out, "Incidents")
    for incident in picture.incidents:
        out.line(
            f"  {incident.id}{' ' if incident.id else ''}",
            (incident.rule, "strong"),
            f": {incident.action} on {incident.target}{'' if incident.pid is None else f' (pid {incident.pid})'}, at ",
            (incident.stage, "strong"),
        )
        for line in incident.account:
            out.line(f"    {line}")
        if incident.held:
            out.line("    ", ("held: ", "bad"), incident.held)


def _section(out: Output, title: str, headings: Sequence[str], rows: Sequence[Sequence[Piece]]) -> None:
    if rows:
        _heading(out, title)
        out.table(headings, rows)


def _title(title: str, listed: int, there: int | None) -> str:
    """Of very many things the agent lists only the first."""
    return title if there is None or there <= listed else f"{title} (the first {listed:,} of {there:,})"


def _heading(out: Output, title: str) -> None:
    out.line("")
    out.line((title, "strong"))


def _alert(alert: Alert) -> Sequence[Piece]:
    style = _SEVERITIES.get(alert.severity, "") if alert.phase == "firing" else "dim"
    what = alert.title or alert.entity
    return (alert.severity, style), (alert.phase, style), lasting(alert.for_ms), alert.rule, what, told_of(alert.telling)


def _request(request: Request) -> Sequence[Piece]:
    decision = request.decision or "not asked yet"
    guard = f" by {request.guard}" if request.guard else ""
    reason = f": {request.reason}" if request.reason else ""
    until = f" (for {lasting(request.until_ms)} more)" if request.until_ms else ""
    return (
        request.rule,
        request.target,
        request.action,
        (f"{decision}{guard}{reason}{until}", _DECISIONS.get(decision, "")),
        count(1 + request.repeated, "time"),
    )


def _counted(number: int | None) -> str:
    return display(number, Type.COUNT)


class Section(NamedTuple):
    """A part of `status`: the keys of the picture that it shows, and what shows them."""

    keys: tuple[str, ...]
    parts: tuple[Callable[[Output, Picture], None], ...]


HEAD: Final = ("agent", "mode", "rules", "paused", "pauses", "silences", "acks", "demoted", "doubt", "tracking", "refused")
"""Keys that stand above in any case."""
SECTIONS: Final[dict[str, Section]] = {
    "sources": Section(
        ("sources", "units_absent", "checks", "budget", "trace", "looking", "doors", "streams", "other_servers"),
        (
            lambda out, picture: _show_sources(out, picture.sources),
            _show_systemd,
            lambda out, picture: _show_checks(out, picture.checks),
            lambda out, picture: _show_budget(out, picture.budget),
            lambda out, picture: _show_trace(out, picture.trace, at=picture.agent.at),
            lambda out, picture: _show_looking(out, picture.looking),
            lambda out, picture: show_doors(out, picture.doors, streams=picture.streams),
            lambda out, picture: show_other_servers(out, picture.other_servers),
        ),
    ),
    "sidekiq": Section(
        ("sidekiq", "entities", "locks"), (_show_totals, lambda out, picture: _show_locks(out, picture.locks, at=picture.agent.at))
    ),
    "fleet": Section(("fleet",), (lambda out, picture: show_fleet(out, picture.fleet, host=picture.agent.host, at=picture.agent.at),)),
    "alerts": Section(("firing", "alerts", "runbooks"), (_show_alerts,)),
    "requests": Section(("requests",), (_show_requests,)),
    "approvals": Section(("approvals",), (lambda out, picture: show_approvals(out, picture.approvals),)),
    "incidents": Section(("incidents",), (_show_incidents,)),
    "armed": Section(
        ("armed",), (lambda out, picture: _section(out, "Armed by people", HEADINGS, armed_rows(picture.armed, at=picture.agent.at)),)
    ),
    "processes": Section(("processes", "left_behind"), (_show_processes,)),
    "units": Section(("units",), (_show_units,)),
    "queues": Section(("queues",), (_show_queues,)),
    "receivers": Section(("receivers", "outbox"), (_show_receivers,)),
    "broken": Section(("broken",), (_show_broken,)),
}
"""What `status` shows, by the names under which parts of it can be asked for, in this order."""
