"""Which sections a turn touches: nothing that is shown can change without its section being told of."""

from typing import Any

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.unit.web.inside import Looked
from watchdog.engine.ledger import Ledger
from watchdog.model.effects import Audit
from watchdog.model.events import Delta, Gone, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.told import OperatorApproved, OperatorPaused, OperatorResumed, OperatorSilenced
from watchdog.model.verdicts import Mode
from watchdog.web.stream.sections import Section
from watchdog.web.stream.touching import BY_TABLE, UNSEEN, touched
from watchdog.web.views import alerts, approvals, blocked, incidents, matrix, overview, processes, queues, switches, units
from watchdog.web.views import rules as rules_view

VIEWS: dict[Section, Any] = {
    Section.OVERVIEW: overview.overview, Section.MATRIX: matrix.matrix, Section.ALERTS: alerts.alerts, Section.PROCESSES: processes.processes, Section.QUEUES: queues.queues,
    Section.UNITS: units.units, Section.INCIDENTS: incidents.under_way, Section.APPROVALS: approvals.approvals, Section.BLOCKED: blocked.blocked, Section.SWITCHES: switches.switches,
    Section.RULES: rules_view.rules,
}  # fmt: skip
ONE = "web1:10:a"
TEXT = """
rules:
  - {rule: waiting, each: queue, when: queue.size > 100, for: 1m}
  - {rule: left, each: process, on: ProcessVanished, keep_firing_for: 5m}
  - rule: stuck
    each: job
    when: job.elapsed > 10m
    then: [{terminate_process: {process: job.process}}]
"""


def test_every_table_of_the_ledger_is_shown_or_said_not_to_be():
    """A new one has to be thought of."""
    assert set(BY_TABLE) | UNSEEN == set(Ledger.__struct_fields__)
    assert not set(BY_TABLE) & UNSEEN


async def drawn(talk):
    """What each view shows, as bytes; what moves with time and with each event alone left out."""
    found = {}
    for section, view in VIEWS.items():
        plain = msgspec.to_builtins(await view(Looked(talk)))
        for name in ("wall", "seq", "looked_ms"):
            plain.pop(name, None) if isinstance(plain, dict) else None
        found[section] = msgspec.json.encode(plain)
    return found


def told(wall):
    """What a person says, at that time."""
    common = {"by": "ada", "reason": "because", "asked": wall}
    return [
        OperatorPaused(id="p1", until=wall + 600_000, **common),
        OperatorResumed(id="p2", **common),
        OperatorSilenced(id="s1", until=wall + 600_000, rule="waiting", **common),
    ]


@pytest.mark.parametrize("mode", [Mode.ACT, Mode.ASK, Mode.DRY_RUN])
async def test_what_a_turn_changes_in_a_view_its_section_is_told_of(mode):
    """Over a night in which all kinds of things happen at one moment each: no view says something else unless its section was touched."""
    talk = Conversation(rules(TEXT, mode))
    talk.at = 1_000_000
    bodies = [
        redis(process(ONE, 1_000_000), process("web1:20:b", 1_000_000), job(ONE, "j1", 100_000), Delta(Kind.QUEUE, "a", {"name": "a", "size": 3}), complete=True),
        host(found(ONE, unit="sidekiq.service"), found("web1:20:b")),
        HEALTHY,
        redis(Delta(Kind.QUEUE, "a", {"size": 200})),
        redis(Delta(Kind.SIDEKIQ, "sidekiq", {"busy": 3, "threads": 10})),
        *told(Looked(talk).wall()),
        "approve",
        HEALTHY,
        redis(Delta(Kind.PROCESS, ONE, {"busy": 4})),
        SourceLost(Source.REDIS, "refused", "x"),
        SourceBack(Source.REDIS),
        redis(Gone(Kind.QUEUE, "a", "cleared")),
        redis(Gone(Kind.PROCESS, "web1:20:b", "left")),
    ]  # fmt: skip
    before, ledger = await drawn(talk), talk.state.ledger
    changed = set()
    for body in bodies:
        number, heard = len(talk.effects), len(talk.events)
        if body is HEALTHY:
            if len(talk.open) != 1:
                continue
            talk.answer(HEALTHY)
        elif body == "approve":
            for one in list(talk.state.ledger.approvals):
                talk.hear(OperatorApproved(id="a1", by="ada", reason="yes", asked=Looked(talk).wall(), approval=one))
        else:
            talk.hear(body)
        sections = set()
        # An answer can be several turns, of which the tables are compared as a whole.
        for _, event in talk.events[heard:]:
            sections |= touched(event, tuple(talk.effects[number:]), ledger, talk.state.ledger)
        after, ledger = await drawn(talk), talk.state.ledger
        differing = {section for section in VIEWS if after[section] != before[section]}
        assert differing <= sections, (body, differing - sections)
        assert any(isinstance(effect, Audit) for effect in talk.effects[number:]) == (Section.AUDIT in sections)
        changed |= differing
        before = after
    assert changed >= {Section.OVERVIEW, Section.MATRIX, Section.ALERTS, Section.PROCESSES, Section.QUEUES, Section.SWITCHES, Section.RULES}
