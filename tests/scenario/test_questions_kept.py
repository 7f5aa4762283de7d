"""A question outlives a restart, a clock that was set and a reload, as long as it is still what was asked."""

import pytest

from tests.scenario.conversation import Conversation, found, host, job, process, redis, rules
from tests.scenario.test_approvals import HOUR, ONE, RULE, approve, only, outcomes, pass_time, settle, signals, waiting
from watchdog.engine.approvals import Standing
from watchdog.model.events import Paused, Resumed, RulesLoaded
from watchdog.model.verdicts import Mode


def test_over_a_restart():
    """Asked before, approved after: the agent has been killed between, and once more between the yes and the guards."""
    talk = waiting()
    one = only(talk)
    talk.crash()
    talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 1_000), complete=True))
    talk.hear(host(found(ONE)))
    pass_time(talk, 20_000)
    talk.hear(Paused("carl", "maintenance", None))
    approve(talk)
    talk.crash()
    talk.hear(redis(process(ONE, talk.at), job(ONE, "j1", 1_000), complete=True))
    talk.hear(host(found(ONE)))
    talk.hear(Resumed("carl"))
    pass_time(talk, 20_000)

    assert [only(talk).id, *outcomes(talk)] == [one.id, "asked", "approved", "used"]
    assert signals(talk) == [f"TERM {ONE}"]


@pytest.mark.parametrize("days", [-1, 1])
def test_a_jump_of_the_wall_clock_changes_nothing(days):
    """What is open stays open for as long as before, by the engine's own time."""
    talk = waiting()
    pass_time(talk, 600_000)
    talk.booted_wall += days * 24 * HOUR
    pass_time(talk, 600_000)
    assert outcomes(talk) == ["asked"]

    assert approve(talk).startswith("approved")
    assert signals(talk) == [f"TERM {ONE}"]


def reload(talk: Conversation, text: str, mode: Mode = Mode.ASK) -> None:
    """Other rules are in force."""
    talk.rules = rules(text, mode)
    talk.hear(RulesLoaded(talk.rules.digest, mode))
    settle(talk)


@pytest.mark.parametrize(
    ("text", "mode", "why", "outcome"),
    [
        (RULE.replace("stuck-job", "other"), Mode.ASK, "its rule is no longer there", "asked"),
        (RULE.replace("grace: 10s", "grace: 40s"), Mode.ASK, "its rule asks for something else now", "asked"),
        (RULE.replace("> 20s", "> 19s"), Mode.ASK, "its rule asks for something else now", "asked"),
        (RULE, Mode.DRY_RUN, "the mode has been lowered to dry-run", "lapsed"),
    ],
)
def test_over_a_reload(text, mode, why, outcome):
    """A question about what its rule does not ask for any more lapses, and says so; its id is good for nothing else."""
    talk = waiting()
    first = only(talk).id
    reload(talk, text, mode)
    pass_time(talk, 40_000)

    assert talk.state.ledger.approvals[first].settled == why
    assert outcomes(talk)[-1] == outcome
    assert approve(talk, first).startswith(f"refused: request {first} is lapsed already")
    assert signals(talk) == []


def test_a_reload_that_changes_nothing():
    """The question stays."""
    talk = waiting()
    first = only(talk).id
    reload(talk, RULE)
    pass_time(talk, 40_000)

    assert (only(talk).id, only(talk).standing, outcomes(talk)) == (first, Standing.OPEN, ["asked"])
