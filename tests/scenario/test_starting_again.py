"""A start of a unit that is cut off, or waits: it is looked at again, done once, and given up in time."""

import pytest

from tests.scenario.conversation import WALL, Conversation, redis, rules
from tests.scenario.test_starting_units import START, TARGET, UNIT, firing, open_deed, outcomes, seen
from watchdog.engine.deeds import AGAIN, PATIENCE
from watchdog.model.events import Paused, Resumed
from watchdog.model.results import Refused, Sent
from watchdog.model.told import OperatorClosed, OperatorWentOn
from watchdog.model.verdicts import Mode


def test_cut_off_after_the_intent():
    """It is looked at again; it runs, so it was started; it is told so, and not asked for a second time."""
    talk = firing()
    talk.answer(seen())
    assert open_deed(talk).intent
    assert "audit outcome down start unknown: the agent ended before it knew" in talk.crash()
    talk.hear(redis(complete=True))
    assert talk.wait(talk.at + 1_000)[-1] == f"look at {UNIT}"

    lines = talk.answer(seen(state="active", sub_state="running", result="success", invocation="b2"))
    assert not [line for line in lines if line.startswith("start ")]
    assert outcomes(talk) == [(TARGET, "ended")]


def test_cut_off_before_systemd_was_asked():
    """It still does not run: all guards are asked again, and it is started then; both count as starts."""
    talk = firing()
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.wait(talk.at + 1_000)
    lines = talk.answer(seen())

    assert [line.split()[0] for line in lines][-1] == "start"
    assert talk.audit("intent")[-1].detail == {"again": True}
    assert len(talk.state.ledger.units[UNIT].starts) == 2


def test_taken_up_after_a_crash_and_paused():
    """It waits, said once, and is given up after ten minutes; who ends the pause sooner has it done."""
    talk = firing()
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.hear(Paused("ana", "new disks", None))
    talk.wait(talk.at + 1_000)
    talk.answer(seen())
    held = open_deed(talk)
    assert held.held.startswith("paused by ana")

    for _ in range(PATIENCE // AGAIN + 1):
        talk.wait(talk.at + AGAIN)
        if not talk.open:
            break
        talk.answer(seen())
    assert outcomes(talk)[-1] == (TARGET, "failed")
    assert sum(row.outcome == "held" for row in talk.audit("incident")) == 1


def held_by_a_pause() -> tuple[Conversation, str]:
    """Taken up after a crash while somebody has paused it; and the incident."""
    talk = firing()
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.hear(Paused("ana", "new disks", None))
    talk.wait(talk.at + 1_000)
    talk.answer(seen())
    return talk, open_deed(talk).incident


def told(talk: Conversation) -> tuple[str, str]:
    """The answer to what a person said last."""
    row = talk.audit("operator")[-1]
    return row.outcome, row.reason


def test_go_on_tries_it_at_once():
    """Of its guards none can be overruled: it has not been begun, for all that is known."""
    talk, incident = held_by_a_pause()
    talk.hear(OperatorWentOn(id="c1", by="eve", reason="I know", asked=WALL, incident=incident, overruled=("deploy",)))
    assert told(talk) == ("refused", "it has not been begun, and all guards are asked for it")
    talk.hear(Resumed("ana"))
    lines = talk.hear(OperatorWentOn(id="c2", by="eve", reason="I know", asked=WALL, incident=incident, overruled=()))

    assert told(talk) == ("goes on", "I know; it was held: paused by ana: new disks")
    assert lines[-1] == f"look at {UNIT}"


def test_it_is_not_closed_in_the_middle():
    """It comes to its end by itself, within ten minutes."""
    talk, incident = held_by_a_pause()
    talk.hear(OperatorClosed(id="c1", by="eve", reason="I do it", asked=WALL, incident=incident))
    assert told(talk) == ("refused", "it does one thing, which can't be left half-way, and ends by itself")


def test_a_mode_that_is_lowered_meanwhile():
    """Whoever lowers it wants nothing more to be started."""
    talk = firing()
    talk.answer(seen())
    talk.rules = rules(START, Mode.DRY_RUN)
    talk.crash()
    talk.hear(redis(complete=True))
    talk.wait(talk.at + 1_000)
    talk.answer(seen())
    assert outcomes(talk)[0] == (TARGET, "abandoned")


@pytest.mark.parametrize("result", [Refused("systemd is away"), Sent()])
def test_a_look_that_says_nothing(result):
    """Before it is begun it is denied and asked for again; after a crash it is held."""
    talk = firing()
    talk.answer(result)
    assert not talk.audit("intent")
    talk.wait(talk.at + 5_000)
    talk.answer(seen())
    talk.crash()
    talk.hear(redis(complete=True))
    talk.wait(talk.at + 1_000)
    talk.answer(result)
    assert open_deed(talk).held in ("systemd is away", "the look was answered with something else")
