"""A card out of notices: how an alert stands after each turn of its story, and what has no room."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.cards import Card, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.folding import ASIDE, DID, ROOM, fold

K = NoticeKind
EMPTY = Card(group="g")


def turn(kind, thread="a", at=1_000, title="web1 holds 3 jobs", severity=Severity.WARNING, **fields):
    """One turn of a story."""
    return Notice(f"{thread}-{kind}-{at}", thread, kind, severity, at, title, **fields)


FIRES = turn(
    K.FIRING, rule="stuck-job", entity="j1", target="web1/s", condition="job.elapsed > 10m", seen=("job.elapsed = 12m",), since=500
)
DENIED = turn(
    K.DECIDED, at=2_000, action="recover_process", decision="DENY", guard="cooldown", reason="acted 5 min ago", next="asks again in 10 min"
)
WOULD = turn(K.DECIDED, at=2_000, title="would recover", action="recover_process", decision="DRY_RUN")
ASKED = turn(
    K.DECIDED,
    at=2_000,
    title="may it recover?",
    action="recover_process",
    decision="ASK",
    approval="7kq2m",
    outcome="asked",
    guard="budget",
)
APPROVED = turn(K.DECIDED, at=3_000, title="ada said yes", decision="ASK", approval="7kq2m", outcome="approved", by="ada")
EXPIRED = turn(K.DECIDED, at=3_000, title="nobody answered", decision="ASK", approval="7kq2m", outcome="expired")
ACTS = turn(K.STAGE, at=4_000, title="TERM sent", action="recover_process", decision="ALLOW", stage="TERM", next="KILL in 20 s")
HELD = turn(K.STAGE, at=4_000, title="left half-way", outcome="held", reason="the helper is gone")
HELPED = turn(K.ENDED, at=5_000, title="it helped", outcome="verified", jobs="12 put back")
FAILED = turn(K.ENDED, at=5_000, title="it has not helped", severity=Severity.CRITICAL, outcome="unverified")
OVER = turn(K.RESOLVED, at=6_000, title="resolved after 5 s: web1 holds 3 jobs")
SEEN = turn(K.ACKNOWLEDGED, at=2_500, by="ada", title="ada has seen it", outcome="acknowledged")
UNSEEN = turn(K.ACKNOWLEDGED, at=2_600, by="ada", title="no longer", outcome="ack over")
REMINDED = turn(K.REMINDER, at=9_000, title="still")


@pytest.mark.parametrize(
    ("story", "standing", "over"),
    [
        ((FIRES,), Standing.FIRING, None),
        ((FIRES, DENIED), Standing.FIRING, None),
        ((FIRES, WOULD), Standing.FIRING, None),
        ((FIRES, ASKED), Standing.ASKING, None),
        ((FIRES, ASKED, REMINDED, SEEN), Standing.ASKING, None),
        ((FIRES, ASKED, EXPIRED), Standing.FIRING, None),
        ((FIRES, ASKED, APPROVED), Standing.ACTING, None),
        ((FIRES, ASKED, OVER, APPROVED), Standing.RESOLVED, 6_000),
        ((FIRES, ASKED, APPROVED, ACTS), Standing.ACTING, None),
        ((FIRES, ACTS, HELD), Standing.HELD, None),
        ((FIRES, ACTS, HELPED), Standing.VERIFIED, None),
        ((FIRES, ACTS, FAILED), Standing.FAILED, None),
        ((FIRES, ACTS, HELPED, OVER), Standing.RESOLVED, 6_000),
        ((FIRES, OVER, HELPED), Standing.RESOLVED, 6_000),
        ((FIRES, OVER, ACTS), Standing.RESOLVED, 6_000),
        ((FIRES, OVER, FAILED), Standing.FAILED, 6_000),
        ((FIRES, ASKED, OVER), Standing.RESOLVED, 6_000),
        ((FIRES, OVER, FIRES), Standing.FIRING, None),
        ((OVER,), Standing.RESOLVED, 6_000),
        ((ACTS,), Standing.ACTING, None),
        ((turn(K.SOURCE, outcome="lost"),), Standing.FIRING, None),
        ((turn(K.SOURCE, outcome="lost"), turn(K.SOURCE, outcome="back", at=7_000)), Standing.RESOLVED, 7_000),
        ((turn(K.AGENT),), Standing.FIRING, None),
    ],
)
def test_how_it_stands(story, standing, over):
    """After each story."""
    (entry,) = fold(EMPTY, story).entries
    assert (entry.standing, entry.over) == (standing, over)


def test_what_is_known_stays_known():
    """Each field is that of the newest notice which had it; the title is that of the alert, and not of its last turn."""
    card = fold(EMPTY, (FIRES, ACTS, HELPED))
    (entry,) = card.entries
    assert (entry.title, entry.rule, entry.entity, entry.condition, entry.seen, entry.since) == (
        "web1 holds 3 jobs", "stuck-job", "j1", "job.elapsed > 10m", ("job.elapsed = 12m",), 500,
    )  # fmt: skip
    assert (entry.first, entry.last, entry.jobs, entry.did) == (1_000, 5_000, "12 put back", ("TERM sent", "it helped"))
    assert entry.next == "", "what was to come next has come"
    assert card.told == 3


def test_what_stood_in_the_way_is_told_until_something_is_done():
    """Guard and reason are those of the last decision."""
    denied = fold(EMPTY, (FIRES, DENIED)).entries[0]
    assert (denied.decision, denied.guard, denied.reason, denied.next, denied.did) == (
        "DENY", "cooldown", "acted 5 min ago", "asks again in 10 min", (),
    )  # fmt: skip
    acts = fold(EMPTY, (FIRES, DENIED, ACTS)).entries[0]
    assert (acts.guard, acts.reason, acts.did) == ("", "", ("TERM sent",))


def test_a_question_is_there_while_it_is_asked():
    """Its id goes with the answer, with the end of the alert, and not with the answer to another question."""
    assert fold(EMPTY, (FIRES, ASKED)).entries[0].approval == "7kq2m"
    assert fold(EMPTY, (FIRES, ASKED, turn(K.DECIDED, approval="other", outcome="denied"))).entries[0].approval == "7kq2m"
    for end in (APPROVED, EXPIRED, OVER):
        assert fold(EMPTY, (FIRES, ASKED, end)).entries[0].approval == ""


def test_who_has_seen_it_is_told_until_that_is_over():
    """By name; a new beginning has been seen by nobody."""
    assert fold(EMPTY, (FIRES, SEEN)).entries[0].acknowledged == "ada"
    assert fold(EMPTY, (FIRES, SEEN, UNSEEN)).entries[0].acknowledged == ""
    assert fold(EMPTY, (FIRES, SEEN, OVER, FIRES)).entries[0].acknowledged == ""


def test_it_is_as_bad_as_its_worst_turn():
    """Until it is over and begins again."""
    assert fold(EMPTY, (FIRES, FAILED, ACTS)).severity is Severity.CRITICAL
    assert fold(EMPTY, (FIRES, FAILED, OVER, FIRES)).severity is Severity.WARNING


def test_what_was_done_is_bounded():
    """Of many sentences the last ones are kept."""
    story = (FIRES, *(turn(K.STAGE, at=n, title=f"step {n}") for n in range(100)))
    assert fold(EMPTY, story).entries[0].did == tuple(f"step {n}" for n in range(100 - DID, 100))


def test_what_has_no_room_is_counted():
    """First what is over, the oldest first; then the newest of what hurts least. Each that ends is counted as over."""
    many = [turn(K.FIRING, f"t{n}", at=n) for n in range(ROOM + 30)]
    card = fold(EMPTY, many)
    assert ([entry.thread for entry in card.entries], card.more, card.more_over) == ([f"t{n}" for n in range(ROOM)], 30, 0)
    card = fold(card, [turn(K.RESOLVED, "t0"), turn(K.FIRING, "bad", severity=Severity.CRITICAL)])
    assert ("t0" not in {entry.thread for entry in card.entries}, card.more, card.more_over) == (True, 30, 1)
    card = fold(card, [turn(K.RESOLVED, f"t{n}") for n in range(1, ROOM + 30)] + [turn(K.RESOLVED, "bad")])
    assert card.is_over
    assert len(card.entries) + card.more_over == ROOM + 31


def test_one_that_is_only_counted_comes_back_when_something_happens_to_it():
    """It has an entry again, in place of another."""
    card = fold(EMPTY, [turn(K.FIRING, f"t{n}", at=n) for n in range(ROOM + 1)])
    card = fold(card, [turn(K.STAGE, f"t{ROOM}", title="TERM sent", severity=Severity.CRITICAL)])
    assert card.entries[-1].thread == f"t{ROOM}"
    assert (len(card.entries), card.more) == (ROOM, 1)


@pytest.mark.parametrize(
    ("outcome", "standing", "is_over"),
    [
        ("ended", Standing.VERIFIED, True),
        ("closed", Standing.RESOLVED, True),
        ("abandoned", Standing.RESOLVED, True),
        ("failed", Standing.FAILED, False),
    ],
)
def test_what_a_person_has_ordered_is_over_with_its_own_end(outcome, standing, is_over):
    """There is no alert that could end; what has failed stays, for somebody must look at it."""
    order = {"thread": "order:1", "rule": "order:1"}
    begun = fold(EMPTY, [turn(K.DECIDED, decision="ALLOW", **order), turn(K.STAGE, decision="ALLOW", **order)])
    assert (begun.is_over, begun.entries[0].standing) == (False, Standing.ACTING)
    card = fold(begun, [turn(K.ENDED, decision="ALLOW", outcome=outcome, **order)])
    assert (card.is_over, card.entries[0].standing) == (is_over, standing)
    alert = {"thread": "order:1", "rule": "r"}
    assert not fold(EMPTY, [turn(K.STAGE, **alert), turn(K.ENDED, decision="ALLOW", outcome=outcome, **alert)]).is_over


@given(st.lists(st.tuples(st.sampled_from([K.FIRING, K.FIRING, K.ESCALATED, K.REMINDER, K.RESOLVED]), st.integers(0, 9)), max_size=60))
def test_of_what_has_no_room_none_is_counted_twice_or_forgotten(steps):
    """What fires is told again when a silence is over, and others hear of it first when it is escalated: as many go on as do, and when none does the card is over."""
    card, begun, ended = EMPTY, set(), set()
    with patch("watchdog.receivers.folding.ROOM", 3):
        for number, (kind, which) in enumerate(steps):
            if which in ended or (kind is K.RESOLVED and which not in begun):
                continue
            begun.add(which)
            ended |= {which} if kind is K.RESOLVED else set()
            card = fold(card, [turn(kind, f"t{which}", at=number)])
            assert sum(entry.over is None for entry in card.entries) + card.more == len(begun - ended)
            assert card.more_over + sum(entry.over is not None for entry in card.entries) == len(ended)
            assert card.is_over == (begun == ended)


def test_names_of_what_is_only_counted_are_bounded():
    """Beyond that it is counted all the same."""
    card = fold(EMPTY, [turn(K.FIRING, f"t{n}", at=n) for n in range(ROOM + ASIDE + 30)])
    assert (len(card.aside), card.more) == (ASIDE, ASIDE + 30)
    assert fold(card, [turn(K.RESOLVED, f"t{n}") for n in range(ROOM + ASIDE + 30)]).is_over


def test_who_hears_of_it_only_because_nobody_has_acknowledged_it():
    """Its name is that of the alert, which is still right at its end; why it came there is in the turn itself."""
    reason = "nobody has acknowledged it within 15m"
    raised = turn(K.ESCALATED, title=f"{reason}: web1 holds 3 jobs", reason=reason)
    (entry,) = fold(EMPTY, (raised, OVER)).entries
    assert entry.title == "web1 holds 3 jobs"
