"""A server with instances of a template, two rules that start one more and stop one, and what the tests of scaling read of a conversation."""

from typing import Any

from tests.scenario.conversation import Conversation, found, host, process, redis, rules
from watchdog.model.effects import KeepIncident
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Result, UnitCalled, UnitLook, UnitOutcome
from watchdog.model.verdicts import Mode

TEMPLATE = "ingress@.service"
TARGET = f"web1/{TEMPLATE}"
GIB = 1 << 30
OUT = """
rules:
  - rule: backlog
    each: queue
    when: queue.size > 100
    for: 20s
    then:
      - scale_out: {template: ingress@.service, max: 3, start_within: 1m}
    guards: {cooldown: 5m}
    notify: [ops]
"""
IN = """
rules:
  - rule: idle
    each: queue
    when: queue.size == 0
    for: 20s
    then:
      - scale_in: {template: ingress@.service, min: 1, drain: 60s, start_within: 1m, stuck_after: 10m}
    guards: {cooldown: 5m, keep: 40%}
    notify: [ops]
"""
SPARE = UnitLook(load_state="loaded", state="inactive", queues=("ingress",))
DONE = UnitCalled(UnitOutcome.DONE)


def identity(number: int) -> str:
    """Of the process in that instance."""
    return f"web1:{100 + number}:abc"


def unit(number: int, state: str = "active", **more: Any) -> Observed:
    """What systemd tells of that instance."""
    name = f"ingress@{number}.service"
    told = {"name": name, "template": TEMPLATE, "state": state, "job": "", "running": state == "active", "invocation": f"run-{number}", "stop_timeout": 15_000,
            "sidekiq_timeout": 25_000, "entered_at": 500, **more}  # fmt: skip
    return Observed(Source.SYSTEMD, (Delta(Kind.UNIT, name, told),))


def room(**host_readings: Any) -> tuple[Observed, Observed]:
    """A host and a Redis that have room for another."""
    readings = {"cores": 4.0, "cpu": 0.3, "memory_available": 8 * GIB, "memory_pressure": 0.0, **host_readings}
    server = {"memory": GIB, "maxmemory": 0, "clients": 50, "max_clients": 10_000, "latency": 1}
    return Observed(Source.HOST, (Delta(Kind.HOST, "web1", readings),)), redis(Delta(Kind.REDIS, "redis", server))


def beat(talk: Conversation, *numbers: int, quiet: int = 0, **more: Any) -> list[str]:
    """These processes beat now; the one of that number is quiet."""
    return talk.hear(
        redis(*(process(identity(number), talk.at, queues=("ingress",), quiet=number == quiet, rss=GIB, **more) for number in numbers))
    )


def talking(
    text: str, *running: int, size: int, mode: Mode = Mode.ACT, queues: tuple[str, ...] = ("ingress",), **host_readings: Any
) -> Conversation:
    """These instances run, and the rule has wanted something for as long as it takes."""
    talk = Conversation(rules(text, mode))
    queue = Delta(Kind.QUEUE, "ingress", {"name": "ingress", "size": size})
    there = [process(identity(number), 1_000, queues=queues, rss=GIB) for number in running]
    talk.hear(redis(*there, queue, complete=True), at=1_000)
    talk.hear(Observed(Source.SYSTEMD, (), complete=True))
    for number in running:
        talk.hear(host(found(identity(number), unit=f"ingress@{number}.service")))
        talk.hear(unit(number))
    for reading in room(**host_readings):
        talk.hear(reading)
    talk.wait(20_000)
    talk.at = 21_000
    talk.hear(redis(*(process(identity(number), 21_000, queues=queues, rss=GIB) for number in running)))
    talk.wait(22_000)
    return talk


def newest(talk: Conversation, result: Result, *, at: int | None = None) -> list[str]:
    """The newest command that is open is answered; waits that nobody heeds any more are left."""
    last = list(talk.open)[-1]
    talk.open = {last: talk.open[last]}
    return talk.answer(result, at=at)


def asked(lines: list[str]) -> list[str]:
    """What was asked of the world."""
    return [line for line in lines if line.split()[0] not in ("audit", "notify")]


def denial(talk: Conversation) -> tuple[str, str]:
    """Guard and reason of the only request."""
    (request,) = talk.state.ledger.requests.values()
    return request.guard, request.reason


def ends(talk: Conversation) -> list[tuple[str, str]]:
    """Outcome and reason of every incident that is over."""
    return [(row.outcome, row.reason) for row in talk.audit("incident") if row.outcome in ("ended", "failed", "abandoned")]


def kept(talk: Conversation) -> Any:
    """The last incident that was kept."""
    return [effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)][-1]
