"""Who is to blame: a table of situations, judged by the real engine with the rules that come with the program."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.scenario.conversation import Conversation, redis
from tests.scenario.situations import BUSY, DELIVERY, HOUR, SITUATIONS, US, WELL, Failing, Situation
from watchdog.engine.rules import RuleSet
from watchdog.mastodon.published_blocks import StrangeListError, Us
from watchdog.model.events import Delta, Observed, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules
from watchdog.sidekiq.breadth import Breadth
from watchdog.sidekiq.failed import FailedReader

RULES = Path(__file__).parents[2] / "rules"
OURS = (
    "world-rejects-us", "egress-broken", "ingress-broken", "remote-down", "dead-server", "gone-silent", "probably-defederated", "defederated", "limited",
)  # fmt: skip
PICTURES = {
    Kind.FEDERATION: ("self_broken", "egress_broken", "ingress_broken"),
    Kind.PEER: ("remote_down", "gone_silent", "probably_defederated", "defederated", "limited"),
}
BIG = "big.example"
NOW = 1_790_000_000.0
BEGIN = 60 * 24 * HOUR
STEP = 600_000
LASTS = 200 * 60_000


def entries(failing: Iterable[Failing]) -> list[bytes]:
    """The retries of these, as Sidekiq writes them: failed last some minutes ago, and first long before."""
    made = []
    for number, (error_class, message), host, since, times, job_class in failing:
        for one in range(number):
            for _ in range(times):
                name = host.format(one if one or "big" not in host else "")
                url = f"https://{name}/inbox"
                last = NOW - 60 if since >= 0 else NOW + since * 3600
                made.append(orjson.dumps({
                    "class": job_class, "queue": "push", "args": ["{}", 1, url, {}] if job_class == DELIVERY else [1, url], "jid": "0" * 24, "error_class": error_class,
                    "error_message": message.format(host=name), "failed_at": int((NOW - abs(since) * 3600) * 1000), "retried_at": int(last * 1000),
                }))  # fmt: skip
    return made


def breadth(failing: Iterable[Failing]) -> dict[str, int]:
    """What a census of these tells."""
    seen = Breadth()
    seen.saw(FailedReader().read(entries(failing)))
    return seen.readings(NOW)


@cache
def rules() -> RuleSet:
    """The rules of the pack, and two for each picture: one that holds where it is true, one where it is false."""
    probes = "rules:\n" + "".join(
        f"  - {{rule: {kind}-{name.replace('_', '-')}-{word}, each: {kind}, when: {negation}{kind}.{name}}}\n"
        for kind, names in PICTURES.items()
        for name in names
        for word, negation in (("true", ""), ("false", "not "))
    )
    files = [(name, (RULES / "mastodon" / f"{name}.yml").read_text()) for name in OURS]
    found, problems = read_rules([*files, ("probes", probes)], Mode.DRY_RUN, [])
    assert [str(problem) for problem in problems if not problem.is_warning] == []
    return found


def slots(readings: dict[str, Any], at: int) -> dict[str, Any]:
    """Readings as sources tell them: no ages, but moments."""
    told = {slot: value for slot, value in readings.items() if value is not None}
    return {"inbound_at" if slot == "inbound_age" else slot: at - value if slot == "inbound_age" else value for slot, value in told.items()}


def published(page: list[dict[str, str]] | None) -> dict[str, Any]:
    """What is known of its blocks; None where there is no page."""
    if page is None:
        return {"publishes_blocks": False}
    try:
        return {"publishes_blocks": True, "blocks_us": Us([US]).blocked_by(orjson.dumps(page))}
    except StrangeListError:
        return {}


def judged(situation: Situation) -> Conversation:
    """The engine, after it has lasted for some hours."""
    ruleset = rules()
    talk = Conversation(ruleset)
    told = breadth(situation.failing) if situation.counted else {}
    talk.hear(redis(Delta(Kind.FEDERATION, "federation", {}), complete=True), at=BEGIN)
    for source in situation.lost:
        talk.hear(SourceLost(Source(source), "unreadable", "it is not there"))
    for step in range(LASTS // STEP + 1):
        at = BEGIN + 1_000 + step * STEP
        changes = [
            Delta(Kind.FEDERATION, "federation", dict(told)),
            Delta(Kind.DOMAIN, BIG, {"name": BIG, "rest": False, "retries": situation.retries}),
        ]
        run = step * 1_000
        changes.append(Delta(Kind.SIDEKIQ, "sidekiq", {"processed": 2 * run, "failed": round(run * situation.fails)}))
        if situation.by_class:
            changes.append(Delta(Kind.JOB_CLASS, DELIVERY, {"name": DELIVERY, "processed": run, "failed": round(run * situation.fails)}))
        talk.hear(redis(*changes), at=at)
        # Others that are known beside it, and are well.
        others = [
            Delta(
                Kind.PEER, f"other{number}.example", {"name": f"other{number}.example", "watched": False, "failing_days": 0, "circuits": 0}
            )
            for number in range(9)
        ]
        about = {"name": BIG, "domain": BIG, "watched": True} | slots(situation.peer, at)
        talk.hear(Observed(Source.PEERS, (Delta(Kind.PEER, BIG, published(situation.publishes)),)))
        talk.hear(Observed(Source.DELIVERIES, (Delta(Kind.PEER, BIG, about), *others), complete=step == 0))
        if situation.traffic is not None:
            talk.hear(Observed(Source.WEB_LOG, (Delta(Kind.FEDERATION, "federation", slots(situation.traffic, at)),), complete=step == 0))
        talk.wait(at + 60_000)
    return talk


def firing(talk: Conversation, entity: str) -> set[str]:
    """Which rules hold of it now."""
    now: dict[str, str] = {row.rule: row.outcome for row in talk.audit("alert") if row.entity == entity}
    return {rule for rule, outcome in now.items() if outcome == "firing"}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_what_it_means(situation: Situation):
    """Each picture is true, false or unknown as the table says, and of the rules fire those that it names; none of another server."""
    talk = judged(situation)
    held = firing(talk, "federation") | firing(talk, BIG)
    truth = {}
    for kind, names in PICTURES.items():
        for name in names:
            rule = f"{kind}-{name.replace('_', '-')}"
            truth[name] = next((word for word in ("true", "false") if f"{rule}-{word}" in held), "unknown")

    assert {name for name, word in truth.items() if word == "true"} == set(situation.true.split())
    assert {name for name, word in truth.items() if word == "unknown"} == set(situation.unknown.split())
    assert held & set(OURS) == set(situation.rules.split())
    assert {row.entity for row in talk.audit("alert") if row.rule in OURS} <= {"federation", BIG}


def test_the_table_is_broad_enough():
    """Every picture and every rule of it is true somewhere and false elsewhere, and most can be unknown."""
    assert len(SITUATIONS) >= 25
    names = {name for names in PICTURES.values() for name in names}
    assert set().union(*(one.true.split() for one in SITUATIONS)) == names
    assert set().union(*(one.unknown.split() for one in SITUATIONS)) == names
    assert set().union(*(one.rules.split() for one in SITUATIONS)) == set(OURS)
    assert any(one.traffic == WELL and one.peer == BUSY and not one.true for one in SITUATIONS)
