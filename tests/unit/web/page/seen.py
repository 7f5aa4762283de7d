"""What a page shows, made by hand: every view with something in it, so that every line of the templates is drawn. `name` is what strangers have called everything."""

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.model.notices import Severity
from watchdog.picture.picture import Agent, Armed, Budget, Check, Demoted, Incident, Refused, Source, Trace, Unit
from watchdog.picture.receivers import Box, Hears, Receiver
from watchdog.picture.told import Telling
from watchdog.timeline.timeline import Brief, Jobs, KeptEvidence, Moment, MomentKind, Timeline, Waited
from watchdog.web.endpoint import Caller
from watchdog.web.page.curves import Curve
from watchdog.web.page.drawing import draw
from watchdog.web.page.notices import Notice
from watchdog.web.page.sections import SECTIONS
from watchdog.web.page.stories import PAGES
from watchdog.web.page.values import cell_values, change_values, process_state
from watchdog.web.paging import Slice
from watchdog.web.views.alerts import AlertSeen
from watchdog.web.views.approvals import ApprovalSeen, GroundSeen
from watchdog.web.views.audit import Chain, Row
from watchdog.web.views.blocked import Blocked
from watchdog.web.views.cells import Cell, CellState
from watchdog.web.views.changes import ChangeSeen
from watchdog.web.views.incidents import UnderWay
from watchdog.web.views.jobs import JobSeen
from watchdog.web.views.matrix import Line, Matrix
from watchdog.web.views.overview import Overview, SidekiqSeen
from watchdog.web.views.processes import ProcessSeen
from watchdog.web.views.queues import QueueSeen
from watchdog.web.views.switches import AckSeen, PauseSeen, SilenceSeen, Switches
from watchdog.web.views.why import AlertNow, GuardSaid, Part, Why
from watchdog.web.views.would import Deed, Denial, StageSeen, Would

NOW = 1_772_334_725_000
"""2026-03-01 03:12:05 UTC."""
_MINUTE = 60_000


def curve(title: str, type_: Type = Type.COUNT, scale: float = 40.0) -> Curve:
    """A line of four hours with a gap in it."""
    values = tuple(None if 200 < at < 230 else scale * (1 + math.sin(at / 37) + (at > 420) * 2) for at in range(480))
    return Curve(title, values, lambda value: display(value, type_), display(values[-1], type_))


def process(name: str, number: int = 0, jobs: int = 3) -> ProcessSeen:
    """One process with as many jobs."""
    return ProcessSeen(
        id=f"{name}:{4_000 + number}:9f0a1b2c3d4e", target=f"{name}-sidekiq-{number}.service", host=name, pid=4_000 + number, unit=f"{name}-sidekiq-{number}.service", tag=name,
        version="7.3.2", queues=(name, "push", "pull", "default", "mailers"), threads=25, busy=25, quiet=number % 2 == 0, beat_age=4_000 + 40_000 * (number == 0), uptime=8 * 3_600_000, local=True,
        alive=True, mismatch=name if number == 0 else None, cpu=0.97, memory=612_000_000, rss=598_000_000, stopped=False, traced=False, running=25, longest=14 * _MINUTE,
        jobs=tuple(
            JobSeen(jid="b4a577edbccf1d805744efa9", job_class=f"{name}::DeliveryWorker", queue="push", elapsed=14 * _MINUTE, process=f"{name}:4000", domain="mastodon.example", retries=2)
            for _ in range(jobs)
        ),
    )  # fmt: skip


def cell(name: str, state: CellState, number: int = 0) -> Cell:
    """What a rule says of one entity."""
    held = state in (CellState.FIRING, CellState.PENDING)
    return Cell(
        entity=f"{name}:4000:9f0a|{number}", state=state, part="job.elapsed > 10m", type="duration", value=14 * _MINUTE + 7_000, limit=10 * _MINUTE, margin=4 * _MINUTE * (1 if held else -1), held_ms=held * 20_000,
        enough_ms=30_000 * (state is CellState.PENDING), since_wall=NOW - 4 * _MINUTE if held else None, title=f"{name} has been running for 14m", incident="41.2" if state is CellState.FIRING else "",
        blind=("host",) if state is CellState.UNKNOWN else (),
    )  # fmt: skip


def line(name: str, rule: str, cells: tuple[Cell, ...]) -> Line:
    """One rule."""
    return Line(
        rule=rule, kind="job", on=None, condition=f'job.queue in ["push", "{name}"] and job.elapsed > 10m', severity="critical", mode="ask", entities=25_000, firing=1, pending=1, unknown=1, cells=cells,
        next="3|x",
    )  # fmt: skip


def question(name: str) -> ApprovalSeen:
    """What a person is asked."""
    return ApprovalSeen(
        id="412.0", rule="stuck-job", entity=f"{name}|job", target=f"{name}-sidekiq-push.service", action="recover_process", standing="open", severity="critical",
        grounds=(GroundSeen("baseline", f"{name}: it was so already when the rule began to act"),), condition=f'job.queue in ["{name}"] and job.elapsed > 10m', seen=("job.elapsed 14m 7s", f"job.class {name}"),
        stages=("copy what is in flight", "have it fetch no more (TSTP)", "wait up to 2m 30s for the 24 others", "TERM, then KILL after 30s", "put 24 jobs back"), asked_wall=NOW - 6 * _MINUTE,
        left_ms=54 * _MINUTE, needed=2, approved_by=(name,), settled="", incident="41.2",
    )  # fmt: skip


def alert(name: str, number: int = 0) -> AlertSeen:
    """What fires."""
    return AlertSeen(
        id=f"{500 + number}.0", rule="stuck-job", kind="job", entity=f"{name}|{number}", phase="firing", severity="critical" if number == 0 else "warning", title=f"{name}::DeliveryWorker in push has been running for 14m 7s",
        target=f"{name}-sidekiq-push.service", for_ms=4 * _MINUTE, since_wall=NOW - 4 * _MINUTE, counted_ms=0, enough_ms=0, counting=False, incident="41.2" if number == 0 else "", acked_by=name if number == 1 else "",
        silenced=number == 1, baseline=number == 2, telling=Telling(told=("ops", name), escalated=(name,)) if number == 0 else Telling(nobody="a silence of ada"),
    )  # fmt: skip


def switches(name: str) -> Switches:
    """All that people have said."""
    return Switches(
        paused=True,
        pauses=(
            PauseSeen(by=name, reason=f"new disks {name}", source="command", rule="", target="", until_ms=90 * _MINUTE, until_wall=NOW + 90 * _MINUTE, resumable=True),
            PauseSeen(by=name, reason="", source="", rule=name, target=name, until_ms=None, until_wall=None, resumable=False),
        ),
        silences=(SilenceSeen(id="7.0", by=name, reason=f"known {name}", matches=f"rule {name}", until_ms=_MINUTE, until_wall=NOW + _MINUTE),),
        acks=(AckSeen(by=name, reason="", rule="stuck-job", target=name, until_ms=_MINUTE, until_wall=NOW + _MINUTE),),
        armed=(Armed(rule="stuck-job", mode="act", by=name),), demoted=(Demoted(name, 3_600_000, f"two of four did not help {name}"),), doubt=(f"the state folder was moved {name}",),
    )  # fmt: skip


def calm() -> Switches:
    """Nobody has said anything."""
    return Switches(paused=False, pauses=(), silences=(), acks=(), armed=(), demoted=())


def overview(name: str) -> Overview:
    """How it stands."""
    return Overview(
        wall=NOW, seq=4_711, host=name, version="0.9", mode="act", paused=False, paused_in_part=False, doubt=False, firing=3, pending=1, under_way=1, questions=1, held_back=2, rules=10, blind=("host",), failing=f"disk full {name}",
        sources={"redis": Source(ok=True, since_ms=800), "host": Source(ok=False, code="refused", message=f"/proc is closed {name}", since_ms=70_000)}, entities={"process": 3, "job": 75},
        sidekiq=SidekiqSeen(processes=3, threads=75, busy=61, utilisation=0.81, enqueued=12_480, retries=2_113, scheduled=418, dead=77, processed=10**8, failed=10**5, versions=1),
        checks=(Check(name=name, type="postgres", ok=False, problem=f"no login {name}"), Check(name="web", type="http", ok=True)),
    )  # fmt: skip


def sections(
    name: str = "web1", *, said: Switches | None = None, processes: int = 3, queues: int = 4, rules: int = 2, cells: int = 1
) -> dict[str, dict[str, Any]]:
    """Section → what its template is given."""
    said = said or switches(name)
    deed = Deed(
        incident="41.2", rule="stuck-job", entity=name, target=f"{name}-sidekiq-push.service", wall=NOW - 90 * _MINUTE,
        stages=(StageSeen(wall=NOW - 90 * _MINUTE, action="recover_process", target=f"{name}-sidekiq-push.service", stage="quiet", reason=f"because {name}", outcome="done"),),
    )  # fmt: skip
    states = (CellState.FIRING, CellState.PENDING, CellState.TRUE, CellState.UNKNOWN, CellState.FALSE)
    lines = {
        f"{name}:{4_000 + number}:9f0a1b2c3d4e": curve(f"processor time of {name}", Type.RATIO, 0.3) for number in range(min(20, processes))
    }
    return {
        "standing": {"overview": overview(name), "switches": said, "refused": Refused(NOW, f"rules.yml:7:11: E203 {name}")},
        "needs": {
            "questions": Slice((question(name),), 1), "alerts": Slice(tuple(alert(name, number) for number in range(3)), 30, "3|x"), "switches": said,
            "under_way": (UnderWay(id="41.2", rule="stuck-job", entity=name, target=f"{name}.service", action="recover_process", stage="drain", held=f"held {name}", pid=4_000, severity="critical", opened_wall=NOW - _MINUTE, account=(f"TSTP sent to {name}",)),),
        },
        "matrix": {
            "matrix": Matrix(wall=NOW, seq=1, looked_ms=20, lines=tuple(line(name, f"stuck-job-{number}", tuple(cell(name, state, number) for state in states[: 5 if cells == 1 else cells])) for number in range(rules))),
            "values": cell_values,
        },
        "queues": {
            "queues": Slice(tuple(QueueSeen(name=f"{name}-{number}", size=12_480 // (number + 1), latency=254_000, threads=50 * (number > 0), listeners=2, busy=31, processed=4_000, arrived=5_000, paused=number == 1) for number in range(queues)), 400, "1|x"),
            "charts": [curve("waiting"), curve("running"), curve("processed", Type.RATE)], "lines": {f"{name}-{number}": curve(f"jobs that wait in {name}") for number in range(min(20, queues))}, "blind": False,
        },
        "processes": {"blind": False, "units": Slice((Unit(name=f"{name}.service", state="failed", sub_state="dead", since_ms=_MINUTE, result=name, restarts=3, processes=0, job=name),), 30, "1|x"), "processes": Slice(tuple(process(name, number) for number in range(processes)), 1_000, "1|x"), "lines": lines, "state": process_state},
        "would": {"would": Would(since=NOW - 86_400_000, until=NOW, would=(deed,), done=(deed,), cut=True, denied=(Denial(wall=NOW - _MINUTE, rule="stuck-job", entity=name, target=name, action="restart_unit", decision="DENY", guard="coverage", reason=f"too few threads {name}"),)), "problem": ""},
        "blocked": {"blocked": Slice((Blocked(id="7", rule="stuck-job", target=name, entity=name, action="recover_process", decision="DENY", guard="cooldown", reason=f"acted 4m ago {name}", until_ms=11 * _MINUTE, repeated=212, since_wall=NOW, incident="41.2"),), 9, "1|x")},
        "receivers": {
            "receivers": {name: Receiver("matrix", Hears(NOW, f"not joined {name}")), "boss": Receiver("email")}, "outbox": {name: Box(waiting=3, delivered=410, given_up=1, last_error=f"HTTP 503 {name}", failures=4, failing=NOW)},
            "budget": Budget(share=0.0009, limit=0.02, backed_off=2.0), "trace": Trace(on=True, segments=14, size=400_000_000, failing=f"disk full {name}"), "agent": Agent(pid=812, version="0.9", host=name, started=NOW - 8 * 3_600_000), "charts": [curve("cpu", Type.RATIO, 0.001)],
        },
        "audit": {"rows": tuple(row(name, number) for number in range(15)), "chain": Chain(seq=4_711, hash="9f0a1b2c3d4e5f60", checked=500), "problem": ""},
    }  # fmt: skip


def row(name: str, number: int = 0) -> Row:
    """A row of the audit log."""
    return Row(seq=4_711 - number, wall=NOW - number * 7_000, kind="decision", rule="stuck-job", entity=name, target=f"{name}-sidekiq-push.service", mode="act", decision="DENY", guard="coverage", reason=f"push would be left with 25 of 50 threads, {name}", action="recover_process", incident="41.2", hash="9f0a")  # fmt: skip


def story(name: str = "web1") -> Timeline:
    """The story of an incident with every kind of moment in it."""
    return Timeline(
        incident="41.2", rule="stuck-job", entity=name, target=f"{name}-sidekiq-push.service", action="recover_process", summary=f"{name}::DeliveryWorker had been running for 14m 7s.", outcome="verified", severity=Severity.CRITICAL,
        began=NOW - 9 * _MINUTE, opened=NOW - 8 * _MINUTE, ended=NOW - _MINUTE, resolved=NOW, condition=f"job.elapsed > 10m and {name}", seen=("job.elapsed 14m 7s", name), plan=("copy what is in flight", name),
        entries=tuple(Moment(wall=NOW - 9 * _MINUTE + number * 20_000, kind=kind, text=f"something of {name}", detail={"guard": "coverage", "by": name}, row=40 + number) for number, kind in enumerate(MomentKind)),
        account=(f"24 jobs put back {name}",), jobs=Jobs(in_flight=25, finished=3, put_back=21, quarantined=1, said=(f"in quarantine: {name}",)), evidence=(KeptEvidence(process=name, taken=NOW, until=NOW, pieces=("threads", "log"), suspects=(name,)),),
        told=("ops", name), next=f"verified until 03:20 {name}", missing=(f"rows were pruned {name}",), cut=3, queues=(Waited(queue=name, size=12_480, latency=254_000, at=NOW),), runbook="1. Look.\n2. Wait.",
    )  # fmt: skip


def stories(name: str = "web1") -> dict[str, dict[str, Any]]:
    """Template of a page about one thing → what it is given."""
    leaf = Part(
        text="job.elapsed > 10m", type="boolean", value="yes", truth="true", margin=f"4m 7s {name}", distance=247_000.0, deciding=None
    )
    tree = Part(
        text=f'job.queue in ["{name}"] and job.elapsed > 10m',
        type="boolean",
        value="yes",
        truth="false",
        margin=None,
        distance=None,
        deciding=1,
        parts=(leaf, Part(text=name, type="string", value=name, truth=None, margin=None, distance=None, deciding=None)),
    )
    why = Why(
        runbook="https://example.org/slow", rule="stuck-job", kind="process", entity=name, on="ProcessCrashed", blind=("host",), truth="false", condition=tree, mode="ask", armed=Armed(rule="stuck-job", mode="act", by=name, reason=name), action="recover_process", target=name, decision="DENY",
        alert=AlertNow(phase="firing", since_ms=4 * _MINUTE, since_wall=NOW, counting=True, counted_ms=1, enough_ms=2, title=name, next="resolved", next_in_ms=_MINUTE, telling=Telling(told=(name,))),
        guards=(GuardSaid(guard="coverage", answer="DENY", reason=f"too few {name}", until_ms=_MINUTE), GuardSaid(guard="cooldown", answer="PASS", reason="", until_ms=None)), incident=Incident(rule="stuck-job", target=name, id="41.2", stage="drain", held=name),
    )  # fmt: skip
    brief = Brief(
        id="41.2",
        rule="stuck-job",
        entity=name,
        target=name,
        action="recover_process",
        began=NOW - _MINUTE,
        ended=None,
        outcome="open",
        last=f"put back {name}",
    )
    looked_at = line(name, "stuck-job", (cell(name, CellState.FIRING),))
    return {
        "incident.html": {"title": name, "story": story(name)},
        "incidents.html": {"title": "Incidents", "piece": Slice((brief,), 7, "3|x"), "asked": {"rule": name}},
        "why.html": {"title": name, "rule": "stuck-job", "why": why, "line": None, "values": cell_values},
        "why.html of all": {"title": name, "rule": "stuck-job", "why": None, "line": looked_at, "values": cell_values},
        "process.html": {"title": name, "one": process(name, jobs=25), "alerts": Slice((alert(name),), 1), "lines": {}, "state": process_state},
        "alerts.html": {"title": "Alerts", "piece": Slice((alert(name), alert(name, 1)), 2, "3|x"), "asked": {"rule": name}},
        "audit.html": {"title": "Audit", "piece": Slice((row(name),), None, "3"), "chain": Chain(seq=3, hash="9f", checked=3, broken=2, what=name), "asked": {"rule": name}, "filters": ("rule", "kind")},
        "changes.html": {"title": "Changes", "piece": Slice((ChangeSeen(at=NOW, change="QueueGrew", kind="queue", id=name, entity=name, before=3, after=12_480, reason=f"because {name}"),), None, "3"), "asked": {"entity": name}, "values": change_values},
    }  # fmt: skip


def drawn_sections(given: Mapping[str, Mapping[str, Any]], *, may_change: bool = True) -> dict[str, str]:
    """Section → its HTML."""
    return {
        one.name: draw(
            f"sections/{one.name}.html", section=one, now=NOW, may_change=may_change, form_token="t0ken", back="/", **given[one.name]
        )
        for one in SECTIONS
    }


def page(
    template: str = "all.html",
    *,
    name: str = "web1",
    may_change: bool = True,
    notice: Notice | None = None,
    theme: str = "",
    given: Mapping[str, Any] | None = None,
) -> str:
    """A whole page; the one screen where nothing else is said."""
    if template == "all.html":
        parts = {key: Markup(html) for key, html in drawn_sections(sections(name), may_change=may_change).items()}
        given = given or {"sections": SECTIONS, "parts": parts, "title": ""}
    else:
        file = template.partition(" ")[0]
        given = {"story_page": next((one for one in PAGES.values() if one.template == file), None), **(given or stories(name)[template])}
    caller = Caller("ada" if may_change else "", may_change=may_change)
    return draw(
        template.partition(" ")[0], host=name, now=NOW, caller=caller, may_change=may_change, form_token="t0ken", theme=theme, path="/", back="/", stream="/api/v1/events", versions="{}", notice=notice, **given
    )  # fmt: skip
