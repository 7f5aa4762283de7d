"""Every endpoint below `/api/v1` that answers with JSON: the one table that the router, the OpenAPI document and the reference are made of. What answers with something else stands in `texts.py`."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final

from watchdog.picture.picture import Picture, Unit
from watchdog.timeline.timeline import Brief, Timeline
from watchdog.web.endpoint import Call, Endpoint, Method, Param
from watchdog.web.inside import Inside
from watchdog.web.orders.saying import endpoint_of
from watchdog.web.orders.sayings import SAYINGS
from watchdog.web.paging import MOST, USUAL, Slice
from watchdog.web.views import (
    alerts,
    approvals,
    audit,
    blocked,
    changes,
    charts,
    incidents,
    jobs,
    matrix,
    overview,
    processes,
    queues,
    rules,
    switches,
    units,
    why,
    would,
)
from watchdog.web.views.status import status

ROOT: Final = "/api/v1"
_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 300}
_WALL: Final = {"type": "integer", "minimum": 0, "maximum": 253_402_300_799_000}
AFTER: Final = Param("after", "What the piece before gave as `next`.", {"type": "string", "maxLength": 1_000})
LIMIT: Final = Param("limit", f"Items at most, {USUAL} where nothing is said.", {"type": "integer", "minimum": 1, "maximum": MOST})
_PAGED: Final = (AFTER, LIMIT)
_SINCE: Final = Param("since", "From when on, UTC milliseconds.", _WALL)
_UNTIL: Final = Param("until", "Up to when, UTC milliseconds.", _WALL)


def _only(name: str, what: str) -> Param:
    return Param(name, f"Only {what}.", _NAME)


def _choice(name: str, doc: str, choices: list[str]) -> Param:
    return Param(name, doc, {"type": "string", "enum": choices})


def _look(
    path: str, doc: str, answer: Any, function: Callable[..., Awaitable[Any]], *params: Param, example: str = "", **called: str
) -> Endpoint:
    """An endpoint that gives what the function of a view does; `called` are parameters of other names than the function's, by the function's."""
    names = {theirs: ours for ours, theirs in called.items()}

    async def run(call: Call) -> Any:
        return await function(call.inside, **{names.get(name, name): value for name, value in call.values.items()})

    return Endpoint(method=Method.GET, path=path, doc=doc, answer=answer, run=run, params=params, example=example)


def _ordered(function: Callable[..., Awaitable[Any]], order: type[StrEnum]) -> Callable[..., Awaitable[Any]]:
    async def run(inside: Inside, **values: Any) -> Any:
        return await function(inside, **{name: order(value) if name == "order" else value for name, value in values.items()})

    return run


def _one(name: str, doc: str) -> Param:
    return Param(name, doc, _NAME, required=True, in_path=True)


async def _audit(call: Call) -> Slice[audit.Row]:
    values = dict(call.values)
    paging = {name: values.pop(name) for name in (AFTER.name, LIMIT.name) if name in values}
    return await audit.audit(call.inside, audit.Asked(**values), **paging)


_ID: Final = _one("id", "Its id.")
LOOKS: Final[tuple[Endpoint, ...]] = (
    _look("/overview", "How things stand, in one look: cheap, for who asks often.", overview.Overview, overview.overview),
    Endpoint(method=Method.GET, path="/status", doc="All that `status` shows, in one piece.", answer=Picture, run=status),
    _look(
        "/matrix", "Each rule with what it looks at: what fires first, then what is nearest to it.", matrix.Matrix, matrix.matrix,
        _only("rule", "this rule, all that it looks at"), _only("entity", "this entity, with what each rule for its kind says of it"), *_PAGED, example="/matrix?rule=stuck&limit=20",
    ),
    _look("/rules", "The rules in force.", Slice[rules.RuleSeen], rules.rules, *_PAGED),
    _look(
        "/alerts", "What fires, and what is about to.", Slice[alerts.AlertSeen], alerts.alerts, _choice("phase", "Only those.", ["pending", "firing"]),
        _only("rule", "of this rule"), _only("entity", "on this entity"), *_PAGED, example="/alerts?phase=firing",
    ),
    _look(
        "/processes", "Sidekiq's processes, each with the jobs that have run in it for longest.", Slice[processes.ProcessSeen], _ordered(processes.processes, processes.Order),
        _choice("order", "What stands first.", [one.value for one in processes.Order]), _only("host", "those of this host"), _only("queue", "those that fetch from this queue"), *_PAGED, example="/processes?order=longest&limit=10",
    ),
    _look("/processes/{id}", "One process.", processes.ProcessSeen, processes.process, _ID, id_="id", example="/processes/web1:4711:0a1b2c"),
    _look(
        "/jobs", "Jobs in flight, never with their arguments.", Slice[jobs.JobSeen], jobs.jobs, _only("process", "in this process"), _only("queue", "of this queue"),
        _only("class", "of this class"), *_PAGED, job_class="class", example="/jobs?queue=push",
    ),
    _look("/queues", "The queues.", Slice[queues.QueueSeen], _ordered(queues.queues, queues.Order), _choice("order", "What stands first.", [one.value for one in queues.Order]), *_PAGED, example="/queues?order=latency"),
    _look("/units", "The services of systemd.", Slice[Unit], units.units, *_PAGED),
    _look(
        "/incidents", "What was done, and what is being done; the newest first.", Slice[Brief], incidents.incidents, Param("open", "Only what is open.", {"type": "boolean"}),
        _SINCE, _UNTIL, _only("rule", "of this rule"), _only("target", "on this target"), _only("outcome", "that ended so"), *_PAGED, open_only="open", example="/incidents?open=true",
    ),
    _look("/incidents/{id}", "The story of one: what was seen, decided, done, verified and told.", Timeline, incidents.incident, _ID, id_="id", example="/incidents/1700000000000.1"),
    _look("/under-way", "Incidents that are open, and how far each is.", tuple[incidents.UnderWay, ...], incidents.under_way),
    _look(
        "/approvals", "What a person is asked.", Slice[approvals.ApprovalSeen], approvals.approvals,
        Param("live", "Only what can still be answered; otherwise that of the last day as well.", {"type": "boolean"}), *_PAGED, live_only="live", example="/approvals?live=false",
    ),
    _look("/approvals/{id}", "One of these.", approvals.ApprovalSeen, approvals.approval, _ID, id_="id", example="/approvals/k3f9"),
    _look(
        "/blocked", "What is wanted and not done: which guard stands in the way, why, and until when.", Slice[blocked.Blocked], blocked.blocked,
        _only("rule", "of this rule"), _only("guard", "by this guard"), *_PAGED, example="/blocked?guard=coverage",
    ),
    _look("/would", "What dry-run left out, beside what was done.", would.Would, would.would, _SINCE, _only("rule", "of this rule"), LIMIT, example="/would?since=1700000000000"),
    _look("/switches", "Pauses, silences, what somebody has seen, and rules that are armed.", switches.Switches, switches.switches),
    _look("/silences", "The silences in force.", tuple[switches.SilenceSeen, ...], switches.silences),
    Endpoint(
        method=Method.GET, path="/audit", example="/audit?kind=decision&rule=stuck&limit=20", doc="The audit log, the newest first.", answer=Slice[audit.Row], run=_audit,
        params=(
            _SINCE, _UNTIL, *(_only(name, f"rows with this {name}") for name in ("kind", "rule", "entity", "target", "decision", "guard", "incident")), *_PAGED,
        ),
    ),
    _look("/chain", "Whether the end of the audit log is as it was written.", audit.Chain, audit.chain),
    _look("/changes", "What has changed in Sidekiq, as recorded; the newest first.", Slice[changes.ChangeSeen], changes.changes, _SINCE, _only("entity", "of this entity"), *_PAGED, example="/changes?limit=100"),
    _look(
        "/why/{rule}", "Why a rule fires, or not, and what stands in the way of what it would do.", why.Why, why.why, _one("rule", "Its name."),
        Param("entity", "What it looks at.", _NAME, required=True), example="/why/stuck?entity=web1:4711:0a1b2c",
    ),
    _look("/charts", "The last hours, a value each half minute.", charts.Charts, charts.charts, _only("group", "this chart")),
)  # fmt: skip
"""What can be looked at."""
ENDPOINTS: Final[tuple[Endpoint, ...]] = (*LOOKS, *map(endpoint_of, SAYINGS))
