"""Conversations under routes: queues that are long or not, and who was told what."""

from typing import Any

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.config.zones import routing_of
from watchdog.engine.rules import RuleSet
from watchdog.model.effects import Notify
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.model.notices import Notice
from watchdog.model.verdicts import Mode
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.settings import draft_settings

CONFIG = (
    "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
    "receivers: {ops: {type: webhook, url: 'https://h'}, chat: {type: webhook, url: 'https://h'}, pager: {type: webhook, url: 'https://h'}}\n"
)
MINUTE = 60_000
HOUR = 3_600_000
RULES = """
rules:
  - {rule: long-queue, each: queue, when: queue.size > 10, labels: {team: mail}, summary: "{{ queue.name }} is long"}
  - {rule: slow-queue, each: queue, when: queue.latency > 5m, severity: critical, summary: "{{ queue.name }} is slow"}
  - {rule: full, each: redis, when: redis.memory > 100B, severity: critical, summary: Redis is full}
"""


def under(routing: str, text: str = RULES, mode: Mode = Mode.ACT) -> RuleSet:
    """The rules under these routes and inhibitions of a config; a problem in them fails the test."""
    draft, problems = draft_settings("config.yml", CONFIG + routing)
    assert [str(problem) for problem in problems] == []
    findings = Findings()
    found = rules(text, mode).but(routing=routing_of(draft.routing, findings))
    assert findings.in_order() == ()
    return found


def talking(routing: str, text: str = RULES) -> Conversation:
    """Everything was read, and nothing is wrong."""
    talk = Conversation(under(routing, text))
    talk.hear(redis(queue("push"), queue("pull"), complete=True), at=1_000)
    return talk


def queue(name: str, size: int = 0, latency: int = 0) -> Delta:
    """A queue of so many jobs, the first of which has waited so long."""
    return Delta(Kind.QUEUE, name, {"name": name, "size": size, "latency": latency})


def long(talk: Conversation, *names: str, at: int | None = None) -> list[str]:
    """These queues are long from now on."""
    return talk.hear(redis(*(queue(name, 20) for name in names)), at=at)


def short(talk: Conversation, *names: str, at: int | None = None) -> list[str]:
    """They are long no more."""
    return talk.hear(redis(*(queue(name) for name in names)), at=at)


def slow(talk: Conversation, *names: str, at: int | None = None) -> list[str]:
    """Their jobs wait."""
    return talk.hear(redis(*(queue(name, latency=10 * MINUTE) for name in names)), at=at)


def full(talk: Conversation, memory: int = 200, at: int | None = None) -> list[str]:
    """Redis uses so much memory."""
    return talk.hear(redis(Delta(Kind.REDIS, "redis", {"role": "master", "memory": memory, "maxmemory": 0})), at=at)


def told(talk: Conversation, receiver: str, *, since: int = 0) -> list[str]:
    """What that receiver was told, as kind and entity; of effects from that one on."""
    return [f"{notice.kind.removeprefix('alert.')} {notice.entity}" for notice in notices(talk, receiver, since=since)]


def notices(talk: Conversation, receiver: str, *, since: int = 0) -> list[Notice]:
    """The same whole."""
    return [one.notice for one in talk.effects[since:] if isinstance(one, Notify) and receiver in one.receivers]


def waiting(talk: Conversation) -> list[tuple[str, int]]:
    """Which notices wait for a time, as kind and entity with that time in UTC milliseconds."""
    return [
        (f"{one.notice.kind.removeprefix('alert.')} {one.notice.entity}", one.not_before)
        for one in talk.effects
        if isinstance(one, Notify) and one.not_before
    ]


def rows(talk: Conversation, outcome: str) -> list[Any]:
    """The audit rows of alerts with that outcome."""
    return [row for row in talk.audit("alert") if row.outcome == outcome]
