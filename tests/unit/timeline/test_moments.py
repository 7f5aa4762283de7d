"""Each row of the audit log is told, whatever it says."""

import pytest

from watchdog.model.records import INCIDENT_OUTCOMES, RECORD_KINDS
from watchdog.model.targets import Signal, Verb
from watchdog.timeline.moments import _KINDS, moments
from watchdog.timeline.said import Said
from watchdog.timeline.timeline import MomentKind


def told(**row):
    """The moments of one row, kind and text."""
    return [(moment.kind, moment.text) for moment in moments((Said(seq=7, wall=1, **row),))]


def test_every_kind_of_row_has_its_words():
    """Those of the table of records, and what the fleet's lock says beside them."""
    assert set(RECORD_KINDS) | {"fleet"} == set(_KINDS)


@pytest.mark.parametrize("kind", [*_KINDS, "something new"])
def test_no_row_is_lost(kind):
    """Not even of a kind or with an outcome that nobody knows yet."""
    (moment,) = moments((Said(seq=7, wall=1, kind=kind, rule="r", outcome="unheard of", reason="because", decision="PERHAPS"),))
    assert (moment.row, moment.wall) == (7, 1)
    assert "because" in moment.text
    assert "unheard of" in (moment.text, *moment.detail.values()) or "unheard of" in moment.text


@pytest.mark.parametrize("outcome", INCIDENT_OUTCOMES)
def test_how_an_incident_stands_is_told(outcome):
    """As account, or as the proof that it is."""
    ((kind, text),) = told(kind="incident", outcome=outcome, reason="so it is")
    assert kind in (MomentKind.ACCOUNT, MomentKind.VERIFICATION)
    assert "so it is" in text


@pytest.mark.parametrize("signal", Signal)
def test_signals_have_their_names(signal):
    """Before and after."""
    assert told(kind="intent", stage=signal.value) == [(MomentKind.STEP, f"is about to send SIG{signal}")]
    assert told(kind="outcome", stage=signal.value, outcome="sent") == [(MomentKind.STEP, f"SIG{signal} sent")]
    assert told(kind="outcome", stage=signal.value, outcome="refused: gone") == [(MomentKind.STEP, f"SIG{signal}: refused: gone")]
    assert told(kind="would", decision="DRY_RUN", stage=signal.value) == [(MomentKind.DECISION, f"act would send SIG{signal}")]


def test_what_systemd_is_asked_for():
    """By its verb and the unit."""
    ((_, text),) = told(kind="intent", stage="start", detail={"unit": "a.service", "verb": Verb.START.value})
    assert text == f"is about to have systemd {Verb.START} a.service"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"decision": "ALLOW"}, (MomentKind.DECISION, "restart_unit on u: all guards agree")),
        (
            {"decision": "DENY", "guard": "cooldown", "reason": "too soon"},
            (MomentKind.GUARD, "restart_unit on u: not done, cooldown denies: too soon"),
        ),
        ({"decision": "ASK"}, (MomentKind.GUARD, "restart_unit on u: a person must say yes")),
        ({"decision": "ASK", "guard": "trust"}, (MomentKind.GUARD, "restart_unit on u: a person must say yes, trust wants it")),
        ({"decision": "DRY_RUN"}, (MomentKind.DECISION, "restart_unit on u: would be done now (dry-run)")),
        ({"decision": "DENY", "outcome": "no longer wanted"}, (MomentKind.DECISION, "restart_unit on u: no longer wanted")),
    ],
)
def test_decisions(row, expected):
    """What the guards and the mode said."""
    assert told(kind="decision", rule="r", action="restart_unit", target="u", **row) == [expected]


def test_jobs_have_class_and_jid():
    """And the place to which they are brought."""
    ((kind, text),) = told(kind="intent", stage="put_back", reason="strike 1 of 2", detail={"jid": "j1", "class": "Job", "place": "retry"})
    assert (kind, text) == (MomentKind.JOBS, "is about to bring Job j1 to the retry set: strike 1 of 2")
    ((kind, text),) = told(kind="would", stage="in flight", decision="DRY_RUN", detail={"jid": "j1", "class": "Job", "elapsed_ms": 3})
    assert (kind, text) == (MomentKind.JOBS, "in flight: Job j1")


def test_a_question_that_dry_run_left_out_is_told_once():
    """By the decision beside it."""
    assert told(kind="would", stage="ask", decision="ASK", reason="x") == []


def test_evidence_is_a_part_of_its_own():
    """With who is suspected."""
    assert told(kind="outcome", stage="evidence", outcome="proc kept", reason="Job j1 is suspected (proven): it holds the lock") == [
        (MomentKind.EVIDENCE, "evidence: proc kept: Job j1 is suspected (proven): it holds the lock")
    ]
