"""
From the entities of a test to what sources would tell of them: deltas, and nothing twice.

The counterpart of `sidekiq` and `host`, which read the real ones. What a test doesn't say of an entity is as it is on a healthy
server, so that a test says only what matters to it.
"""

from collections.abc import Callable
from typing import Any, Final

from watchdog.model.delivery import listed_by, source_for
from watchdog.model.events import CRASHED, Delta, Gone
from watchdog.model.fields import Clock, FieldSpec
from watchdog.model.kinds import Kind, Source
from watchdog.model.vocabulary import Vocabulary
from watchdog.rulefile.actors import IMPLIED
from watchdog.rulefile.testfile import Actor, RuleTest

BOOT: Final = "boot"
_PERIOD: Final = 300_000
"""Milliseconds between two times of a schedule."""
_IDLE: Final = {
    "cpu": 0.0, "hottest_cpu": 0.0, "hottest_thread": "", "hottest_kind": "", "heartbeat_thread": True, "heartbeat_still": 0, "state": "S",
    "stopped": False, "traced": False, "blocked_threads": 0, "children": 0, "oldest_child": 0, "child_still": 0, "child": "", "child_pid": 0, "child_start_ticks": 0, "oom_kills": 0,
    "code_changed": False, "changed_file": "",
}  # fmt: skip
"""What the kernel tells of a process that is well and has nothing to do."""
_CHILD: Final = 4_711
"""The pid of the child of which a test tells."""
_Subject = tuple[Kind, str]
_Slots = dict[str, Any]


class Scene:
    """
    Who is there at which moment of a test, and what of that has been told.

    Moments count from the beginning of the test; `start` is the engine time at which it begins.
    """

    def __init__(self, test: RuleTest, vocabulary: Vocabulary, *, start: int) -> None:
        self._test = test
        self._start = start
        self._specs = {actor.kind: vocabulary.fields[actor.kind] for actor in test.actors}
        self._told: dict[Source, dict[_Subject, _Slots]] = {source: {} for source in Source}
        self._ended: set[str] = set()
        # Of those that end by themselves a test says so.
        self._crashing = {actor.id for actor in test.actors if actor.kind is Kind.PROCESS and actor.constants.get("clean_stop") is False}
        self._quiet: set[str] = set()

    def end(self, process: str) -> None:
        """A process has ended; nothing more is read of it or of its jobs."""
        self._ended.add(process)

    def was_ended(self, process: str) -> bool:
        """Whether somebody ended it."""
        return process in self._ended

    def quieten(self, process: str) -> None:
        """A process has been told to fetch no more, and says so from its next beat on."""
        self._quiet.add(process)

    def lives(self, process: str, moment: int) -> bool:
        """Whether there is such a process."""
        return any(actor.id == process and self._is_there(actor, moment) for actor in self._test.actors if actor.kind is Kind.PROCESS)

    def changes(self, source: Source, moment: int) -> tuple[Delta | Gone, ...]:
        """What the source has to tell at that moment that it has not told yet."""
        told = self._told[source]
        changes: list[Delta | Gone] = []
        present: set[_Subject] = set()
        for actor in self._test.actors:
            if not self._is_there(actor, moment):
                continue
            subject = (actor.kind, actor.id)
            slots = self._slots(actor, source, moment)
            if not slots and source is not source_for(
                actor.kind, actor.id, Source.HOST if actor.kind is Kind.HOST else listed_by(actor.kind)
            ):
                continue
            present.add(subject)
            before = told.get(subject)
            new = (
                slots
                if before is None
                else {slot: value for slot, value in slots.items() if before.get(slot) != value or slot not in before}
            )
            if new or before is None:
                changes.append(Delta(actor.kind, actor.id, new))
                told[subject] = {**(before or {}), **new}
        for subject in [subject for subject in told if subject not in present]:
            changes += self._last_of(*subject, told.pop(subject))
            changes.append(Gone(*subject, self._why_gone(*subject)))
        return tuple(changes)

    def gave_back(self, process: str) -> bool:
        """Whether one that ended by itself had given its jobs back."""
        return process not in self._crashing

    def _last_of(self, kind: Kind, entity: str, told: _Slots) -> tuple[Delta, ...]:
        """What is known of a process of this host when it is gone: that the kernel says so, and whether it stopped in good order."""
        here = kind is Kind.PROCESS and any(actor.id == entity and actor.constants.get("local") is not False for actor in self._test.actors)
        return (Delta(kind, entity, {"alive": False, "clean_stop": self.gave_back(entity)}),) if here and "listed" in told else ()

    def _why_gone(self, kind: Kind, entity: str) -> str:
        if kind is Kind.JOB:
            return "finished"
        return CRASHED if kind is Kind.PROCESS and entity in self._crashing else "left"

    def _is_there(self, actor: Actor, moment: int) -> bool:
        if actor.kind is Kind.PROCESS and actor.id in self._ended:
            return False
        if actor.kind is Kind.JOB and actor.constants.get("process", IMPLIED) in self._ended:
            return False
        return actor.since <= moment and (actor.until is None or moment < actor.until)

    def _slots(self, actor: Actor, source: Source, moment: int) -> _Slots:
        """What that source reads of the entity now, by slot."""
        slots = {
            **_USUAL.get(source, _nothing)(actor, self._start),
            **self._renewed(actor, source, moment),
        }
        step = (moment - actor.since) // self._test.every
        for name, spec in self._specs[actor.kind].items():
            if source_for(actor.kind, actor.id, spec.source) is not source:
                continue
            if name in actor.constants:
                slots[spec.slot] = _held(spec, actor.constants[name], self._start + actor.since)
            elif name in actor.series:
                values = actor.series[name].values
                number = min(step, len(values) - 1)
                slots[spec.slot] = _held(spec, values[number], self._start + actor.since + number * self._test.every)
        if "heartbeat_still" in slots:
            slots.setdefault("heartbeat_moved", slots["heartbeat_still"])
        if slots.get("child"):
            slots["child_pid"] = _CHILD
        if actor.id in self._quiet and "quiet" in slots:
            slots["quiet"] = True
        return slots

    def _renewed(self, actor: Actor, source: Source, moment: int) -> _Slots:
        """What goes on by itself unless the test says otherwise: a process beats whenever it is read, and a schedule is pushed on time."""
        if source is not Source.REDIS:
            return {}
        read_at = self._start + moment - (moment - actor.since) % self._test.every
        match actor.kind:
            case Kind.PROCESS:
                return {"confirmed_at": read_at}
            case Kind.SCHEDULE:
                return {"triggered_at": read_at, "pushed_at": read_at, "due_at": read_at + _PERIOD}
            case _:
                return {}


def _held(spec: FieldSpec, value: Any, at: int) -> Any:
    """As a delta holds it: of what grows by itself the moment from which it counts."""
    return at - value if spec.clock in (Clock.BEAT, Clock.ENGINE) and value is not None else value


def _usual(actor: Actor, start: int) -> _Slots:
    """What Redis tells of an entity of which the test says nothing."""
    match actor.kind:
        case Kind.JOB:
            process = actor.constants.get("process", IMPLIED)
            return {
                "jid": actor.id, "job_class": "Job", "queue": "default", "process": process, "host": _host(process), "thread": f"t-{actor.id}",
                "retries": 0, "started_at": start + actor.since,
            }  # fmt: skip
        case Kind.PROCESS:
            _, pid, *_ = (*actor.id.split(":"), "", "")
            return {
                "host": _host(actor.id), "pid": int(pid) if pid.isdecimal() else 1, "tag": "app", "queues": ("default",), "threads": 5, "busy": 0,
                "quiet": False, "listed": True, "booted_at": start + actor.since, "outdated": False, "labels": (), "embedded": False,
                "beat_every": 10_000, "clean_stop": False,
            }  # fmt: skip
        case Kind.QUEUE:
            return {
                "name": actor.id,
                "size": 0,
                "latency": 0,
                "threads": 5,
                "listeners": 1,
                "busy": 0,
                "processed": 0,
                "arrived": 0,
                "paused": False,
            }
        case Kind.DOMAIN:
            return {"name": actor.id, "rest": False}
        case Kind.FEDERATION:
            return {
                "failing_domains": 0, "rejecting_domains": 0, "unreachable_domains": 0, "tls_domains": 0, "newly_failing_domains": 0,
                "newly_unreachable_domains": 0,
            }  # fmt: skip
        case Kind.JOB_CLASS:
            return {"name": actor.id, "processed": 0, "failed": 0, "took": 0}
        case Kind.SCHEDULE:
            return {
                "name": actor.id, "job_class": "Job", "queue": "default", "enabled": True, "timing": "every", "text": "5m", "period": _PERIOD,
                "served": True, "pushes": 1, "overdue": False,
            }  # fmt: skip
        case Kind.SIDEKIQ:
            return {
                "processed": 0, "failed": 0, "retries": 0, "scheduled": 0, "dead": 0, "enqueued": 0, "processes": 1, "stale": 0, "versions": 1,
                "threads": 5, "busy": 0, "arrived": 0, "next_retry_overdue": 0, "schedule_overdue": 0, "classes": 0, "unique_locks": 0, "reaper": True,
            }  # fmt: skip
        case Kind.REDIS:
            return {
                "version": "7.0.15", "role": "master", "memory": 2**27, "maxmemory": 0, "policy": "noeviction", "rss": 2**27, "peak": 2**27,
                "fragmentation": 1.0, "evicted": 0, "expired": 0, "clients": 10, "max_clients": 10_000, "blocked": 5, "rejected": 0, "ops": 100.0, "latency": 1, "restarts": 0,
                "loading": False, "save_ok": True, "unsaved": 0, "append_only": False, "append_ok": True, "replicas": 0,
            }  # fmt: skip
        case _:
            return {}


def _usual_here(actor: Actor, _start: int) -> _Slots:
    """What the host tells: every process is its own, unless the test says otherwise."""
    if actor.kind is Kind.HOST:
        return {"name": actor.id, "deploying": False, "deploy_command": ""}
    if actor.kind is not Kind.PROCESS:
        return {}
    if actor.constants.get("local") is False:
        return {"local": False}
    return {"local": True, "alive": True, "unit": "", "start_ticks": 1, "boot_id": BOOT, **_IDLE}


def _usual_unit(actor: Actor, start: int) -> _Slots:
    """What systemd tells: the unit is up, and one process runs in it."""
    if actor.kind is not Kind.UNIT:
        return {}
    stem, at, instance = actor.id.removesuffix(".service").partition("@")
    return {
        "name": actor.id, "template": f"{stem}@.service" if at else "", "instance": instance, "load_state": "loaded", "state": "active",
        "sub_state": "running", "entered_at": start + actor.since, "failed": False, "result": "success", "restarts": 0, "restart_policy": "always",
        "stop_timeout": 90_000, "sidekiq_timeout": 25_000, "pid": 1, "processes": 1, "exit": "", "exit_status": 0, "invocation": "1", "job": "",
        "reload_needed": False, "file_state": "enabled", "running": True,
    }  # fmt: skip


def _usual_check(actor: Actor, _start: int) -> _Slots:
    """What a declared check tells: all is well."""
    return (
        {}
        if actor.kind is not Kind.CHECK
        else {
            "name": actor.id,
            "type": "postgres",
            "ok": True,
            "latency": 5,
            "free_connections": 100,
            "max_connections": 197,
            "problem": "",
        }
    )


def _usual_peer(actor: Actor, _start: int) -> _Slots:
    """What Mastodon's records tell of another server: deliveries to it succeed."""
    if actor.kind is not Kind.PEER:
        return {}
    return {"name": actor.id, "domain": actor.id, "watched": True, "failing_days": 0, "circuits": 0}


def _usual_setting(actor: Actor, start: int) -> _Slots:
    """What the files of the application tell: it is as it should be."""
    if actor.kind is not Kind.SETTING:
        return {}
    return {
        "name": actor.id,
        "file": ".env.production",
        "key": actor.id,
        "present": True,
        "as_expected": True,
        "changed_at": start + actor.since,
    }


def _usual_traffic(actor: Actor, start: int) -> _Slots:
    """What the web log tells: somebody has just delivered something, and does so often."""
    if actor.kind not in (Kind.PEER, Kind.FEDERATION):
        return {}
    return {"inbound": 0, "inbound_refused": 0, "inbound_at": start + actor.since, "inbound_gap": 600_000} | (
        {"inbound_failed": 0, "heard_peers": 50} if actor.kind is Kind.FEDERATION else {}
    )


def _nothing(_actor: Actor, _start: int) -> _Slots:
    return {}


_USUAL: Final[dict[Source, Callable[[Actor, int], _Slots]]] = {
    Source.REDIS: _usual,
    Source.HOST: _usual_here,
    Source.SYSTEMD: _usual_unit,
    Source.CHECKS: _usual_check,
    Source.SETTINGS: _usual_setting,
    Source.DELIVERIES: _usual_peer,
    Source.WEB_LOG: _usual_traffic,
}
"""Source → what it tells of an entity of which the test says nothing."""


def _host(identity: str) -> str:
    return identity.split(":", 1)[0]
