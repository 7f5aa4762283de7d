"""Whoever looks is shown what the engine goes by, and the engine never notices that somebody has looked."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_engine_scope import ALL_RULES, RULES, STEP, USUAL, Server
from tests.scenario.conversation import Conversation, redis
from tests.unit.web.inside import Looked
from watchdog.engine.checkpoint import checkpoint
from watchdog.engine.glance import Glance
from watchdog.engine.nearness import measure_of
from watchdog.engine.reasons import account_of
from watchdog.engine.why import why
from watchdog.web.views import alerts, approvals, blocked, incidents, jobs, matrix, overview, processes, queues, rules, switches, units

LIVE: list[Any] = [
    matrix.matrix, alerts.alerts, approvals.approvals, blocked.blocked, incidents.under_way, jobs.jobs, overview.overview, processes.processes, queues.queues, rules.rules,
    switches.switches, units.units,
]  # fmt: skip


def played(ruleset, steps):
    """A conversation in which all that was told."""
    talk, server = Conversation(ruleset), Server()
    talk.hear(server.everything())
    for step in steps:
        for body in server.bodies(step, talk.at):
            talk.hear(body)
        talk.wait(talk.at + step[3] * 1_000)
    return talk


def deciding(account):
    """The part of an account that decides, at the end of all that it was taken apart into."""
    while account["deciding"] is not None:
        account = account["parts"][account["deciding"]]
    return account


@settings(max_examples=max(25, USUAL // 4))
@given(st.lists(STEP, min_size=5, max_size=25))
def test_nearness_is_what_the_account_says(steps):
    """What decides, its truth and its distance: the fast way and the one for people come to the same, whatever is missing."""
    talk = played(RULES, steps)
    world = Glance(talk.state.world)
    for rule in RULES.rules:
        measure = measure_of(rule.condition.tree)
        for row in world.rows[rule.each].values():
            account = account_of(rule.condition.tree, row, talk.at, world)
            measured = measure(row, talk.at, world)
            assert measured.truth is {"true": True, "false": False, "unknown": None}[account["truth"]]
            assert measured.distance == account["distance"]
            assert measured.leaf.text == deciding(account)["text"]


@settings(max_examples=max(25, USUAL // 4))
@given(st.lists(STEP, min_size=5, max_size=25), st.integers(0, 200))
def test_looking_changes_nothing(steps, later):
    """The whole state of the engine is the same to the last byte before and after everything was looked at, now and a while later."""
    talk = played(ALL_RULES, steps)
    before = checkpoint(talk.state, at=talk.at, wall=0)
    ledger, moment = talk.state.ledger, talk.at
    size = talk.state.world.history.size()

    async def look():
        for view in LIVE:
            msgspec.json.encode(await view(Looked(talk)))

    talk.at += later * 1_000
    asyncio.run(look())
    for rule in ALL_RULES.rules:
        for entity in [*talk.state.world.rows[rule.each], "nobody"]:
            why(ALL_RULES, talk.state, rule.name, entity, talk.at)

    assert talk.state.ledger is ledger
    assert talk.state.world.history.size() == size
    assert checkpoint(talk.state, at=moment, wall=0) == before


@pytest.mark.parametrize("steps", [1, 1_500, 9_000], ids=["few", "many", "given up"])
def test_a_glance_says_what_a_judgement_would(steps):
    """Of a window with few steps, with so many that its buckets are summed up, and with so many that old ones were given up; and it can't be told from the outside that somebody has looked."""
    talk = Conversation(RULES)
    server = Server()
    talk.hear(server.everything())
    for number in range(steps):
        talk.at += 10
        server.queues["push"] = number % 7
        talk.state.world.take(redis(server.queue("push")), talk.at)
    rule = next(rule for rule in RULES.rules if rule.name == "full")
    row = talk.state.world.rows[rule.each]["push"]
    for later in (0, 1_000, 30_000):
        now = talk.at + later
        before = checkpoint(talk.state, at=talk.at, wall=0)
        glanced = measure_of(rule.condition.tree)(row, now, Glance(talk.state.world))
        assert checkpoint(talk.state, at=talk.at, wall=0) == before
        judged = measure_of(rule.condition.tree)(row, now, talk.state.world)
        assert glanced == judged
