"""Fields that stand for a condition."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.condition import Condition, read_condition
from watchdog.lang.text import Text
from watchdog.model.fields import FIELDS
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.vocabulary import BUILT

MakeRow = Callable[..., Any]
ReadCondition = Callable[..., Condition]
PICTURES = [spec for spec in FIELDS if spec.stands_for]
FROZEN = {"confirmed_at": 0, "beat_every": 5_000, "heartbeat_still": 10_000, "stopped": False, "traced": False}


@pytest.mark.parametrize("spec", PICTURES, ids=lambda spec: spec.path)
def test_each_is_the_condition_that_it_stands_for(spec, condition: ReadCondition):
    """It rests on the same fields and sources, and asks nothing else of the engine; its own source is one of them."""
    word, written = condition(spec.path, spec.kind), condition(spec.stands_for, spec.kind)

    assert (word.fields, word.sources, word.series) == (written.fields, written.sources, ())
    assert (spec.type, spec.source in word.sources) == (Type.BOOL, True)
    assert not any(other.stands_for for other in word.fields)
    assert spec.slot not in BUILT.rows[spec.kind].slots


@pytest.mark.parametrize(
    ("changes", "now", "frozen"),
    [
        ({}, 60_001, True),
        ({}, 60_000, False),
        ({"heartbeat_still": 9_000}, 70_000, False),
        ({"stopped": True}, 70_000, False),
        ({"traced": True}, 70_000, False),
        ({"heartbeat_still": None}, 70_000, None),
        ({"heartbeat_still": None}, 50_000, False),
        ({"confirmed_at": None}, 70_000, None),
        ({"beat_every": None}, 70_000, False),
        ({"beat_every": None, "heartbeat_still": 20_000}, 70_000, True),
    ],
)
def test_frozen(changes, now, frozen, condition: ReadCondition, row: MakeRow):
    """No beat for a minute, a heart that stands still for two, and nobody who holds it; what can't be known is unknown."""
    readings = {slot: value for slot, value in (FROZEN | changes).items() if value is not None}
    it = row(Kind.PROCESS, **readings)

    assert condition("process.frozen").holds(it, now) is frozen
    assert condition("not process.frozen").holds(it, now) is (None if frozen is None else not frozen)
    assert condition("known(process.frozen)").holds(it, now) is (frozen is not None)


@pytest.mark.parametrize(
    ("changes", "cut_off"),
    [
        ({"heartbeat_moved": 9_000}, True),
        ({"heartbeat_moved": 10_000}, False),
        ({}, None),
        ({"clean_stop": True, "heartbeat_moved": 0}, False),
    ],
)
def test_cut_off(changes, cut_off, condition: ReadCondition, row: MakeRow):
    """It has been seen to try within two beats; before an agent has seen it move it does not say so."""
    it = row(Kind.PROCESS, **(FROZEN | {"clean_stop": False} | changes))

    assert condition("process.cut_off").holds(it, 70_000) is cut_off


def test_it_falls_due_like_what_it_stands_for(condition: ReadCondition, row: MakeRow):
    """The engine knows when a process that has fallen silent will be frozen."""
    deadline = condition("process.frozen").deadline(row(Kind.PROCESS, **FROZEN), 30_000)

    assert deadline.engine == 60_001


def test_it_is_counted_and_looked_back_at(condition: ReadCondition):
    """It can stand wherever a condition of the entity can."""
    assert condition("count(process where process.frozen) > 1", Kind.QUEUE).sources == (Source.HOST, Source.REDIS)
    assert condition("held(process.zombie, 1m)").series[0].kind is Kind.PROCESS


def test_it_is_not_looked_up():
    """It holds no reading; the hint says how one of several is asked."""
    _, problems = read_condition(Text('process("web1:1:a").frozen', "f"), Kind.QUEUE)

    assert [(problem.code, problem.hint) for problem in problems] == [
        ("E224", 'any(process where process.id == "web1:1:a" and process.frozen)')
    ]
    assert read_condition(Text(problems[0].hint, "f"), Kind.QUEUE)[1] == ()


WELL = {"failing_days": 0, "circuits": 0, "inbound_at": 0, "inbound_gap": 0, "follows": 1, "followers": 1, "follows_peak": 2}
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("changes", "true"),
    [
        ({}, {"gone_silent"}),
        ({"inbound_gap": 3 * HOUR}, set()),
        ({"inbound_gap": 2 * HOUR}, {"gone_silent"}),
        ({"inbound_at": 2 * HOUR}, set()),
        ({"failing_days": 2}, {"gone_silent", "remote_down"}),
        ({"failing_days": 1}, {"gone_silent"}),
        ({"circuits": 1}, {"gone_silent", "remote_down"}),
        ({"circuits": 1, "inbound_at": 25 * HOUR - 60_000}, set()),
        ({"circuits": 1, "inbound_at": None}, {"remote_down"}),
        ({"follows": 0, "followers": 0, "follows_peak": 5}, {"gone_silent", "probably_defederated"}),
        ({"follows": 0, "followers": 0, "follows_peak": 4}, {"gone_silent"}),
        ({"follows": 0, "followers": 0, "follows_peak": 5, "failing_days": 1}, {"gone_silent"}),
        ({"follows": 0, "followers": 0, "follows_peak": 5, "inbound_at": 20 * HOUR}, set()),
        ({"blocks_us": "suspend"}, {"gone_silent", "defederated"}),
        ({"blocks_us": "silence"}, {"gone_silent", "limited"}),
        ({"blocks_us": ""}, {"gone_silent"}),
    ],
)
def test_what_a_silence_of_25_hours_means(changes, true, condition: ReadCondition, row: MakeRow, kept):
    """One server, seen from its own readings; none of the others is there to be broken."""
    it = row(Kind.PEER, **{slot: value for slot, value in (WELL | changes).items() if value is not None})
    names = ("remote_down", "gone_silent", "probably_defederated", "defederated", "limited")

    assert {name for name in names if condition(f"peer.{name}", Kind.PEER).holds(it, 25 * HOUR, kept())} == true


@pytest.mark.parametrize(
    ("readings", "name", "truth"),
    [
        ({"failing_domains": 30, "rejecting_domains": 10, "tls_domains": 0}, "self_broken", True),
        ({"failing_domains": 34, "rejecting_domains": 10, "tls_domains": 0}, "self_broken", False),
        ({"failing_domains": 9, "rejecting_domains": 9, "tls_domains": 0}, "self_broken", False),
        ({"failing_domains": 30, "rejecting_domains": 0, "tls_domains": 12}, "self_broken", True),
        ({"rejecting_domains": 3, "tls_domains": 0}, "self_broken", False),
        ({}, "self_broken", None),
        ({"failing_domains": 19, "newly_unreachable_domains": 10}, "egress_broken", True),
        ({"failing_domains": 20, "newly_unreachable_domains": 10}, "egress_broken", False),
        ({}, "egress_broken", None),
        ({"inbound_at": 0, "inbound_gap": 60_000}, "ingress_broken", True),
        ({"inbound_at": 1, "inbound_gap": 60_000}, "ingress_broken", False),
        ({"inbound_at": 0, "inbound_gap": 60_001}, "ingress_broken", False),
        ({"inbound_at": 0}, "ingress_broken", None),
        ({}, "ingress_broken", None),
    ],
)
def test_who_is_broken(readings, name, truth, condition: ReadCondition, row: MakeRow):
    """Ten and three in ten, ten and more than half, ten minutes and ten pauses; what was not read is unknown."""
    it = row(Kind.FEDERATION, **readings)

    assert condition(f"federation.{name}", Kind.FEDERATION).holds(it, 600_000) is truth


@pytest.mark.parametrize("text", ["count(peer where peer.remote_down) > 3", "held(peer.gone_silent, 1h)"])
def test_one_that_looks_at_others_is_not_counted(text):
    """The hint has what it is made of; those about the entity alone can stand there."""
    _, problems = read_condition(Text(text, "f"), Kind.PEER)

    assert [problem.code for problem in problems] == ["E225"]
    assert "looks at others as well" in problems[0].message
    assert "peer.failing_days >= 2" in problems[0].hint or "peer.inbound_gap" in problems[0].hint
    assert read_condition(Text("count(peer where peer.defederated) > 3", "f"), Kind.PEER)[1] == ()
