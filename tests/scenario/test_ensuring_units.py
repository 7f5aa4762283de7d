"""Conversations about units that are to run, and in which a process is to beat."""

from typing import Any

import pytest

from tests.scenario.conversation import Conversation, found, host, process, redis
from tests.scenario.test_starting_units import KILLED, START, STARTED, TARGET, UNIT, firing, outcomes, request_of, seen, unit
from watchdog.engine.methods.ensure_unit import FRESH
from watchdog.model.effects import CallUnit, KeepIncident
from watchdog.model.events import SourceLost
from watchdog.model.kinds import Source
from watchdog.model.results import Refused, UnitCalled, UnitOutcome

ENSURE = START.replace("start_unit", "ensure_unit")
TWO = "web1:22:def"
UP = {"state": "active", "sub_state": "running", "result": "success", "running": True, "failed": False}


def account(talk: Conversation) -> str:
    """The last line of the last incident."""
    return [effect.incident for effect in talk.effects if isinstance(effect, KeepIncident)][-1].account[-1]


def beat(talk: Conversation, at: int, *, in_unit: str = UNIT, **more: Any) -> None:
    """A new process beats, and the host finds it in that unit."""
    talk.hear(redis(process(TWO, at, booted_at=at - 1_000, **more)), at=at)
    talk.hear(host(found(TWO, unit=in_unit)))


def test_it_is_started_and_its_process_must_beat():
    """Systemd's word that it has started it is not enough."""
    talk = firing(text=ENSURE)
    talk.answer(seen(), at=22_000)
    talk.answer(STARTED, at=23_000)
    assert talk.audit("outcome")[-1].outcome == "done: watch"
    assert outcomes(talk) == [(TARGET, "open")]
    talk.hear(unit(**UP, entered_at=23_000))
    talk.wait(60_000)
    assert outcomes(talk) == [(TARGET, "open")]
    beat(talk, 61_000)
    talk.wait(63_000)

    assert outcomes(talk) == [(TARGET, "ended")]
    assert account(talk).endswith("it was started, and a process in it beats")
    assert len(talk.state.ledger.spent[TARGET]) == 1


@pytest.mark.parametrize(("source", "ends"), [(Source.MASTODON_API, True), (Source.WEB_LOG, True), (Source.SYSTEMD, False)])
def test_the_loss_of_what_tells_nothing_of_processes(source, ends):
    """A token that was revoked weeks ago keeps no proof from being seen; a picture of units with a hole in it does."""
    talk = firing(text=ENSURE)
    talk.answer(seen(), at=22_000)
    talk.answer(STARTED, at=23_000)
    talk.hear(unit(**UP, entered_at=23_000))
    talk.hear(SourceLost(source, "refused", "it is refused"))
    beat(talk, 61_000)
    talk.wait(63_000)
    assert outcomes(talk) == [(TARGET, "ended" if ends else "open")]


@pytest.mark.parametrize("sub_state", ["running", "auto-restart"])
def test_what_runs_or_is_about_to_is_only_waited_for(sub_state):
    """Nothing is asked of systemd, and nothing is spent."""
    talk = firing(text=ENSURE)
    talk.answer(seen(state="active" if sub_state == "running" else "activating", sub_state=sub_state, result="success"), at=22_000)
    beat(talk, 30_000)
    talk.wait(32_000)

    assert not any(isinstance(effect, CallUnit) for effect in talk.effects)
    assert outcomes(talk) == [(TARGET, "ended")]
    assert account(talk).endswith("it runs already, and a process in it beats")
    assert TARGET not in talk.state.ledger.spent


def test_what_was_stopped_is_not_started():
    """As with `start_unit`."""
    talk = firing(text=ENSURE)
    talk.answer(seen(state="inactive", sub_state="dead", result="success"))
    assert request_of(talk).reason == "it has ended in good order, as one does that was stopped"


@pytest.mark.parametrize("other", [{"in_unit": "other.service"}, {"listed": False}])
def test_a_beat_elsewhere_is_none_of_it(other):
    """After two minutes it has failed."""
    talk = firing(text=ENSURE)
    talk.answer(seen(), at=22_000)
    talk.answer(STARTED, at=23_000)
    beat(talk, 30_000, **other)
    talk.wait(142_999)
    assert outcomes(talk) == [(TARGET, "open")]
    talk.wait(143_000)
    assert outcomes(talk)[0] == (TARGET, "failed")
    assert account(talk).endswith("no process in it has beaten in time: look at the unit")


def test_a_process_that_beats_no_more_is_no_proof():
    """One that beat a minute ago may be frozen."""
    talk = firing(text=ENSURE)
    beat(talk, 21_500)
    talk.wait(21_500 + FRESH)
    talk.answer(seen(state="active", sub_state="running", result="success"))
    talk.wait(talk.at + 5_000)
    assert outcomes(talk) == [(TARGET, "open")]


def test_it_fails_again():
    """Nobody waits for two minutes: systemd says so."""
    talk = firing(text=ENSURE)
    talk.answer(seen(), at=22_000)
    talk.answer(STARTED, at=23_000)
    talk.hear(unit(**UP, entered_at=23_000))
    talk.hear(unit(state="failed", sub_state="failed", running=False, failed=True, result="exit-code", entered_at=30_000), at=30_000)
    talk.wait(32_000)

    assert (TARGET, "failed") in outcomes(talk)
    assert any("it has failed again: exit-code" in row.reason for row in talk.audit("incident"))


@pytest.mark.parametrize(
    ("result", "outcome"),
    [(UnitCalled(UnitOutcome.WAITING), "open"), (UnitCalled(UnitOutcome.FAILED), "failed"), (Refused("no"), "failed")],
)
def test_what_systemd_says_of_the_start(result, outcome):
    """What goes on may still come up; what has failed has failed."""
    talk = firing(text=ENSURE)
    talk.answer(seen())
    talk.answer(result)
    assert outcomes(talk)[0] == (TARGET, outcome)


def test_cut_off_while_it_is_waited_for():
    """The wait goes on, from where it was."""
    talk = firing(text=ENSURE)
    talk.answer(seen(), at=22_000)
    talk.answer(STARTED, at=23_000)
    talk.wait(100_000)
    talk.crash()
    talk.hear(redis(complete=True))
    beat(talk, 130_000)
    talk.wait(132_000)
    assert outcomes(talk)[-1] == (TARGET, "ended")
    assert sum(isinstance(effect, CallUnit) for effect in talk.effects) == 1


def test_cut_off_before_the_outcome_of_the_start():
    """It is looked at again: it runs, and then it is waited for."""
    talk = firing(text=ENSURE)
    talk.answer(seen(), at=22_000)
    talk.crash()
    talk.hear(redis(complete=True))
    talk.wait(talk.at + 1_000)
    talk.answer(seen(**{**KILLED, "state": "active", "sub_state": "running", "result": "success"}))
    beat(talk, talk.at + 5_000)
    talk.wait(talk.at + 2_000)

    assert outcomes(talk)[-1] == (TARGET, "ended")
    assert sum(isinstance(effect, CallUnit) for effect in talk.effects) == 1
