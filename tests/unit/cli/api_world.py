"""An agent as the API tells of it: made of the structs of the views, so that what they say no more can't be shown any more."""

from typing import Any

from watchdog.picture.picture import Agent, Budget, Incident, Picture, Source
from watchdog.picture.told import Telling
from watchdog.timeline.timeline import Brief, Moment, MomentKind, Timeline
from watchdog.web.paging import Slice
from watchdog.web.views.alerts import AlertSeen
from watchdog.web.views.approvals import ApprovalSeen, GroundSeen
from watchdog.web.views.audit import Row
from watchdog.web.views.blocked import Blocked
from watchdog.web.views.cells import Cell, CellState
from watchdog.web.views.jobs import JobSeen
from watchdog.web.views.matrix import Line, Matrix
from watchdog.web.views.overview import Overview, SidekiqSeen
from watchdog.web.views.processes import ProcessSeen
from watchdog.web.views.queues import QueueSeen
from watchdog.web.views.switches import PauseSeen, Switches
from watchdog.web.views.why import AlertNow, GuardSaid, Part, Why

WALL = 1_790_000_000_000
"""2026-09-21 13:33:20 UTC."""
NAME = "web1:4711:0a1b2c3d4e5f"


def job(jid: str = "j1", **more: Any) -> JobSeen:
    """A job that runs."""
    known = {"job_class": "LinkCrawlWorker", "queue": "pull", "elapsed": 754_000, "process": NAME, "thread": "t1", "retries": 0}
    return JobSeen(jid=jid, **{**known, **more})


def process(id_: str = NAME, **more: Any) -> ProcessSeen:
    """A process of this host."""
    known = {
        "target": "web1/mastodon-sidekiq", "host": "web1", "pid": 4711, "unit": "mastodon-sidekiq.service", "tag": "mastodon", "version": "6.5.12",
        "queues": ("default", "push", "pull"), "threads": 25, "busy": 7, "quiet": False, "beat_age": 4_000, "uptime": 86_400_000, "local": True, "alive": True,
        "mismatch": None, "cpu": 0.31, "memory": 629_145_600, "rss": 600_000_000, "stopped": False, "traced": False, "running": 7, "longest": 754_000,
        "jobs": (job(), job("j2", elapsed=3_000, queue="push", job_class="DeliveryWorker")),
    }  # fmt: skip
    return ProcessSeen(id=id_, **{**known, **more})


def queue(name: str = "pull", **more: Any) -> QueueSeen:
    """A queue."""
    known = {
        "size": 1_234,
        "latency": 65_000,
        "threads": 25,
        "listeners": 1,
        "busy": 5,
        "processed": 9_999,
        "arrived": 11_000,
        "paused": False,
    }
    return QueueSeen(name=name, **{**known, **more})


def alert(id_: str = "17.0", **more: Any) -> AlertSeen:
    """A job that has run for too long."""
    known: dict[str, Any] = {
        "rule": "stuck-job", "kind": "job", "entity": f"{NAME}|t1|j1", "phase": "firing", "severity": "critical", "title": "LinkCrawlWorker runs for 12m 34s",
        "target": "web1/mastodon-sidekiq", "for_ms": 154_000, "since_wall": WALL - 154_000, "counted_ms": 0, "enough_ms": 60_000, "counting": False,
        "telling": Telling(told=("ops",)),
    }  # fmt: skip
    return AlertSeen(id=id_, **{**known, **more})


def approval(id_: str = "bcdfg", **more: Any) -> ApprovalSeen:
    """A question."""
    known: dict[str, Any] = {
        "rule": "stuck-job", "entity": f"{NAME}|t1|j1", "target": "web1/mastodon-sidekiq", "action": "recover_process", "standing": "open", "severity": "critical",
        "grounds": (GroundSeen("baseline", "it was so already when the rule began to act"),), "condition": "job.elapsed > 10m", "seen": ("job.elapsed 12m 34s",),
        "stages": ("quiet", "drain for 150s", "SIGTERM"), "asked_wall": WALL - 60_000, "left_ms": 3_540_000, "needed": 1, "approved_by": (), "settled": "",
        "incident": "",
    }  # fmt: skip
    return ApprovalSeen(id=id_, **{**known, **more})


def why(**more: Any) -> Why:
    """Why the rule says so of that job."""
    known: dict[str, Any] = {
        "rule": "stuck-job", "kind": "job", "entity": f"{NAME}|t1|j1", "on": None, "blind": (), "truth": "true", "condition": condition(754_000), "mode": "act",
        "alert": AlertNow(
            phase="firing", since_ms=154_000, since_wall=WALL - 154_000, counting=False, counted_ms=0, enough_ms=60_000, title="", next="resolved", next_in_ms=None,
            telling=Telling(told=("ops",)),
        ),
        "armed": None, "tells": ("ops",), "action": "recover_process", "target": "web1/mastodon-sidekiq", "decision": "DENY", "incident": None,
        "guards": (
            GuardSaid(guard="paused", answer="PASS", reason="", until_ms=None),
            GuardSaid(guard="cooldown", answer="DENY", reason="the last action on it ended 4m ago", until_ms=660_000),
            GuardSaid(guard="surge", answer="ASK", reason="the queue grows by itself", until_ms=None),
            GuardSaid(guard="last_look", answer="PASS", reason="", until_ms=None),
        ),
    }  # fmt: skip
    return Why(**{**known, **more})


def condition(elapsed: int) -> Part:
    """A job of a queue that runs for longer than ten minutes, or does not."""
    truth = "true" if elapsed > 600_000 else "false"
    minutes = abs(elapsed - 600_000) // 60_000
    margin = f"{'+' if truth == 'true' else '-'}{minutes}m"

    def part(text: str, type_: str, value: str, **rest: Any) -> Part:
        return Part(text=text, type=type_, value=value, **{"truth": None, "margin": None, "distance": None, "deciding": None, **rest})

    return part(
        'job.queue in ["push", "pull"] and job.elapsed > 10m', "bool", "yes" if truth == "true" else "no", truth=truth, margin=margin, distance=elapsed - 600_000,
        deciding=1,
        parts=(
            part('job.queue in ["push", "pull"]', "bool", "yes", truth="true", parts=(part("job.queue", "string", "pull"),)),
            part(
                "job.elapsed > 10m", "bool", "no", truth=truth, margin=margin, distance=elapsed - 600_000,
                parts=(part("job.elapsed", "duration", f"{elapsed // 60_000}m"),),
            ),
        ),
    )  # fmt: skip


def matrix() -> Matrix:
    """Two rules, one of which fires."""
    firing = Cell(
        entity=f"{NAME}|t1|j1", state=CellState.FIRING, part="job.elapsed > 10m", type="duration", value=754_000, limit=600_000, margin=154_000, held_ms=0,
        enough_ms=60_000, since_wall=WALL - 154_000, title="LinkCrawlWorker runs for 12m 34s",
    )  # fmt: skip
    near = Cell(
        entity="pull", state=CellState.FALSE, part="queue.latency > 5m", type="duration", value=65_000, limit=300_000, margin=-235_000
    )
    blind = Cell(
        entity="push",
        state=CellState.UNKNOWN,
        part="queue.latency > 5m",
        type="duration",
        value=None,
        limit=300_000,
        margin=None,
        blind=("redis",),
    )
    return Matrix(
        wall=WALL,
        seq=1,
        looked_ms=0,
        lines=(
            Line(
                rule="stuck-job", kind="job", on=None, condition="job.elapsed > 10m", severity="critical", mode="act", entities=7, firing=1, pending=0, unknown=0,
                cells=(firing,),
            ),
            Line(
                rule="slow-queue", kind="queue", on=None, condition="queue.latency > 5m", severity="warning", mode="dry-run", entities=2, firing=0, pending=0,
                unknown=1, cells=(near, blind),
            ),
        ),
    )  # fmt: skip


def overview(**more: Any) -> Overview:
    """All is well but for one job."""
    known: dict[str, Any] = {
        "wall": WALL, "seq": 1, "host": "web1", "version": "0.9", "mode": "act", "paused": False, "paused_in_part": False, "doubt": False, "firing": 1, "pending": 2,
        "under_way": 0, "questions": 1, "held_back": 1, "rules": 12, "blind": (), "sources": {"redis": Source(ok=True)}, "entities": {"process": 3}, "checks": (),
        "sidekiq": SidekiqSeen(processes=3, threads=75, busy=12, enqueued=1_234, retries=56, dead=7),
    }  # fmt: skip
    return Overview(**{**known, **more})


def switches(*pauses: PauseSeen, **more: Any) -> Switches:
    """What people have said."""
    return Switches(**{"paused": bool(pauses), "pauses": pauses, "silences": (), "acks": (), "armed": (), "demoted": (), **more})


def pause(**more: Any) -> PauseSeen:
    """A pause of everything."""
    known = {
        "by": "ada", "reason": "new disks", "source": "command", "rule": "", "target": "", "until_ms": 7_200_000, "until_wall": WALL + 7_200_000,
        "resumable": True,
    }  # fmt: skip
    return PauseSeen(**{**known, **more})


def one(*items: Any) -> Any:
    """All of a list."""
    return Slice(items, len(items))


def answers() -> dict[str, Any]:
    """What that agent answers to everything that `top` asks."""
    brief = Brief(
        id="12.1", rule="stuck-job", entity=f"{NAME}|t1|j1", target="web1/mastodon-sidekiq", action="recover_process", began=WALL - 3_600_000,
        ended=WALL - 3_400_000, outcome="recovered", last="it beats again",
    )  # fmt: skip
    timeline = Timeline(
        incident="12.1", rule="stuck-job", entity=brief.entity, target=brief.target, action=brief.action, summary="A wedged process was recovered.",
        outcome="recovered", severity=None, began=brief.began, opened=brief.began, ended=brief.ended, resolved=brief.ended, told=("ops",),
        entries=(Moment(wall=brief.began, kind=MomentKind.RULE, text="stuck-job fires"), Moment(wall=brief.began + 61_000, kind=MomentKind.STEP, text="quiet is sent")),
    )  # fmt: skip
    return {
        "status": Picture(agent=Agent(version="0.9"), budget=Budget(share=0.001), incidents=(Incident(rule="a", target="b"),)),
        "overview": overview(),
        "switches": switches(),
        "processes": one(process(), process("web1:4712:ffff", pid=4712, target="web1/ingress", busy=0, beat_age=95_000, quiet=True, jobs=(), longest=None)),
        f"processes/{NAME}": process(),
        "jobs": one(job(), job("j2", elapsed=3_000)),
        "queues": one(queue(), queue("push", size=3, listeners=0)),
        "alerts": one(alert(), alert("18.0", phase="pending", severity="warning", rule="slow-queue", entity="pull", title="pull waits", target="")),
        "matrix": matrix(),
        "incidents": one(brief),
        "incidents/12.1": timeline,
        "approvals": one(approval()),
        "blocked": one(
            Blocked(
                id="9.0", rule="stuck-job", target="web1/ingress", entity="x", action="recover_process", decision="DENY", guard="coverage", reason="too few threads",
                until_ms=None, repeated=11, since_wall=WALL,
            )
        ),
        "audit": one(Row(seq=41, wall=WALL, kind="alert", rule="stuck-job", entity="x", outcome="firing", reason="job.elapsed > 10m", detail={"told": "ops"})),
        "why/stuck-job": why(),
    }  # fmt: skip
