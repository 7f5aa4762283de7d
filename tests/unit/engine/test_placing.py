"""Where each job of a dead process belongs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.ledger import Strike
from watchdog.engine.placing import Plan, Policy, plan
from watchdog.engine.strikes import KEPT, MOST, strikes_of, struck
from watchdog.model.findings import Certainty
from watchdog.model.flight import Ending, Held, PlaceKind

POLICY = Policy(rescue="proven", limit=2, quarantines=True)
AT, WALL = 1_000_000, 1_790_000_000_000


def held(jid: str, *, certainty: Certainty = Certainty.PROVEN, payload: bool = True, **more: Any) -> Held:
    """A job that was found."""
    fields = {"job_class": "Job", "queue": "push", "sources": ("work_hash",), "digest": f"d-{jid}" if payload else "", **more}
    return Held(jid=jid, certainty=certainty, has_payload=payload, **fields)


def planned(
    *jobs: Held, stuck: tuple[str, ...] = (), frozen: bool = False, unnamed: int = 0, policy: Policy = POLICY, **strikes: Strike
) -> Plan:
    """What is decided about these."""
    return plan(jobs, stuck=frozenset(stuck), frozen=frozen, unnamed=unnamed, policy=policy, strikes=strikes, at=AT, wall=WALL)


def places(decided: Plan) -> dict[str, tuple[PlaceKind, int]]:
    """Jid → its place, and in how many seconds it is due."""
    return {one.jid: (one.kind, (one.due_wall - WALL) // 1000 if one.due_wall else 0) for one in decided.placements}


def test_the_innocent_go_back_and_the_stuck_one_waits():
    """The right end of the queue, the schedule for whoever would not be tried again, minutes in the retry set."""
    decided = planned(held("a"), held("b", retries=False), held("c"), stuck=("c",))

    assert places(decided) == {"a": (PlaceKind.QUEUE, 0), "b": (PlaceKind.SCHEDULE, 960), "c": (PlaceKind.RETRY, 300)}
    assert {name: one.count for name, one in decided.strikes.items()} == {"jid c": 1, "Job d-c": 1}


@pytest.mark.parametrize("name", ["jid c", "Job d-c"])
def test_at_its_limit_it_is_taken_out(name):
    """Whether it was caught before under its jid or under its class and arguments."""
    strikes = {name: Strike(1, 0, AT - 1000)}
    decided = plan([held("c")], stuck=frozenset("c"), frozen=False, unnamed=0, policy=POLICY, strikes=strikes, at=AT, wall=WALL)

    assert places(decided) == {"c": (PlaceKind.QUARANTINE, 0)}
    assert decided.placements[0].strikes == 2


@pytest.mark.parametrize(("quarantines", "kind"), [(True, PlaceKind.QUARANTINE), (False, PlaceKind.RETRY)])
def test_no_strike_is_the_third_of_two(quarantines: bool, kind: PlaceKind):
    """The same work can come once more under another jid, after its second strike."""
    policy = Policy(rescue="proven", limit=2, quarantines=quarantines)
    strikes = {"Job d-c": Strike(2, 0, AT - 1000)}
    decided = plan([held("c")], stuck=frozenset("c"), frozen=False, unnamed=0, policy=policy, strikes=strikes, at=AT, wall=WALL)

    assert [(one.kind, one.why) for one in decided.placements] == [(kind, "strike 3")]


def test_a_rule_can_want_it_tried_for_ever():
    """`then: retry`."""
    policy = Policy(rescue="proven", limit=1, quarantines=False)

    assert places(planned(held("c"), stuck=("c",), policy=policy)) == {"c": (PlaceKind.RETRY, 300)}


def test_of_a_frozen_process_all_are_suspects():
    """Nobody knows who did it: one by one, never straight back; who was never begun did nothing."""
    decided = planned(held("a"), held("b", sources=("log", "memory")), held("c", sources=("socket",)), stuck=("a",), frozen=True)

    assert places(decided) == {"a": (PlaceKind.RETRY, 120), "b": (PlaceKind.RETRY, 150), "c": (PlaceKind.QUEUE, 0)}
    assert {name: (one.count, one.suspected) for name, one in decided.strikes.items() if name.startswith("jid")} == {
        "jid a": (0, 1), "jid b": (0, 1),
    }  # fmt: skip


def test_in_two_frozen_processes_it_is_the_culprit():
    """The others are suspects as before."""
    strikes = {"Job d-a": Strike(0, 1, AT - 1000)}
    decided = plan([held("a"), held("b")], stuck=frozenset(), frozen=True, unnamed=2, policy=POLICY, strikes=strikes, at=AT, wall=WALL)

    assert places(decided) == {"a": (PlaceKind.QUARANTINE, 0), "b": (PlaceKind.RETRY, 120)}


@pytest.mark.parametrize(("unnamed", "kind"), [(0, PlaceKind.QUARANTINE), (1, PlaceKind.RETRY)])
def test_alone_in_a_frozen_process_it_is_the_culprit_at_once(unnamed, kind):
    """Unless somebody whom nobody can name may have been in there as well."""
    assert places(planned(held("a"), frozen=True, unnamed=unnamed))["a"][0] is kind


@pytest.mark.parametrize(("end", "word"), [(Ending.MEMORY, "used up its memory"), (Ending.FAULT, "crashed it")])
def test_what_ended_by_a_fault_of_its_own_makes_all_suspects(end, word):
    """One by one; at the limit of strikes whoever was suspected so often is kept. Alone it is named, and still has its chances."""
    strikes = {"jid c": Strike(0, 2, AT - 1), "jid d": Strike(2, 0, AT - 1)}
    policy = Policy(rescue="proven", limit=3, quarantines=True)
    decided = plan(
        [held("a"), held("c")], stuck=frozenset(), frozen=False, unnamed=0, policy=policy, strikes=strikes, at=AT, wall=WALL, end=end
    )
    alone = [
        plan([held(jid)], stuck=frozenset(), frozen=False, unnamed=0, policy=policy, strikes=strikes, at=AT, wall=WALL, end=end)
        for jid in "ad"
    ]

    assert places(decided) == {"a": (PlaceKind.RETRY, 120), "c": (PlaceKind.QUARANTINE, 0)}
    assert word in decided.placements[0].why
    assert [places(one) for one in alone] == [{"a": (PlaceKind.RETRY, 300)}, {"d": (PlaceKind.QUARANTINE, 0)}]


def test_what_somebody_else_ended_makes_suspects_of_nobody_at_first():
    """Straight back; caught so a second time, later and one by one, and never kept for it. It makes nobody a suspect of a freeze."""
    first = plan(
        [held("a"), held("b", retries=False)],
        stuck=frozenset(),
        frozen=False,
        unnamed=3,
        policy=POLICY,
        strikes={},
        at=AT,
        wall=WALL,
        end=Ending.FOREIGN,
    )
    second = plan(
        [held("a"), held("c")],
        stuck=frozenset(),
        frozen=False,
        unnamed=3,
        policy=POLICY,
        strikes=first.strikes,
        at=AT,
        wall=WALL,
        end=Ending.FOREIGN,
    )
    many = plan(
        [held("a")],
        stuck=frozenset(),
        frozen=False,
        unnamed=0,
        policy=POLICY,
        strikes={"jid a": Strike(0, 0, AT, crashed=9)},
        at=AT,
        wall=WALL,
        end=Ending.FOREIGN,
    )

    assert places(first) == {"a": (PlaceKind.QUEUE, 0), "b": (PlaceKind.SCHEDULE, 960)}
    assert places(second) == {"a": (PlaceKind.RETRY, 120), "c": (PlaceKind.QUEUE, 0)}
    assert places(many) == {"a": (PlaceKind.RETRY, 120)}
    assert {(one.count, one.suspected) for one in second.strikes.values()} == {(0, 0)}


@pytest.mark.parametrize(("rescue", "expected"), [("proven", {"a", "c"}), ("likely", {"a", "b", "c"}), ("none", set())])
def test_only_who_is_sure_enough_is_put_back(rescue, expected):
    """Those that are not are named; a stuck one at the last beat is as good as proven."""
    jobs = held("a"), held("b", certainty=Certainty.LIKELY), held("c", certainty=Certainty.LIKELY), held("d", certainty=Certainty.UNKNOWN)
    decided = planned(*jobs, stuck=("c",), policy=Policy(rescue=rescue, limit=2, quarantines=True))

    assert {one.jid for one in decided.placements} == expected
    assert {one.jid for one in decided.unplaced} == {"a", "b", "c", "d"} - expected


@given(
    jobs=st.lists(
        st.builds(held, st.uuids().map(str), certainty=st.sampled_from(Certainty), payload=st.booleans(), retries=st.booleans(),
                  sources=st.sampled_from([("work_hash",), ("socket",), ("log", "memory")])),
        max_size=8,
    ),
    stuck=st.integers(0, 8), frozen=st.booleans(), unnamed=st.integers(0, 2), rescue=st.sampled_from(["proven", "likely", "none"]),
    limit=st.integers(1, 3), end=st.sampled_from(Ending),
)  # fmt: skip
def test_nobody_is_forgotten_and_nobody_is_there_twice(jobs, stuck, frozen, unnamed, rescue, limit, end):
    """Each job has one place or is named as one without; nothing without its bytes is put anywhere."""
    names = tuple(job.jid for job in jobs[:stuck])
    policy = Policy(rescue=rescue, limit=limit, quarantines=True)
    strikes = {f"Job d-{job.jid}": Strike(0, 1, AT - 1, crashed=1) for job in jobs[::2]}
    decided = plan(jobs, stuck=frozenset(names), frozen=frozen, unnamed=unnamed, policy=policy, strikes=strikes, at=AT, wall=WALL, end=end)
    placed = [one.jid for one in decided.placements]

    assert sorted(placed + [job.jid for job in decided.unplaced]) == sorted(job.jid for job in jobs)
    assert all(job.has_payload for job in jobs if job.jid in placed)
    assert all((one.due_wall > WALL) == (one.kind in (PlaceKind.RETRY, PlaceKind.SCHEDULE)) for one in decided.placements)


def test_strikes_fade_and_are_bounded():
    """After 30 days nothing is remembered; of too many the oldest go."""
    job = held("a")
    old = {"jid a": Strike(1, 0, AT - KEPT)}
    assert strikes_of(old, job, AT).count == 0
    assert struck(old, guilty=[], suspected=[], at=AT) == {}
    many = {f"jid {number}": Strike(1, 0, AT) for number in range(MOST)}
    after = struck(many, guilty=[job], suspected=[], at=AT)
    assert len(after) == MOST
    assert after["jid a"].count == 1
    assert "jid 0" not in after
