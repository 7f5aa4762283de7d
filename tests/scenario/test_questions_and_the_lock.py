"""What a person has approved, or closes, where all agents share a lock: used once, not lost while another acts, and the lock is given back."""

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis
from tests.scenario.test_approvals import approve, only, outcomes, signals
from tests.scenario.test_fleet import HELD, ONE, RULE, TAKE, TAKEN, THERE, beats, sick, with_a_fleet
from watchdog.engine.approvals import USE_WITHIN, Standing
from watchdog.model.effects import TakeFleetLock
from watchdog.model.results import Exited, FleetBudgetSpent, Sent
from watchdog.model.verdicts import Mode

WITHIN = 3_600_000


def asking(mode: Mode = Mode.ASK) -> Conversation:
    """Two hosts, and a process whose job is stuck by now."""
    talk = sick(Conversation(with_a_fleet(RULE.replace("KEEP", "0%"), mode)), process(THERE, 2_000))
    beats(talk, 22_000)
    return talk


def again(talk: Conversation, milliseconds: int) -> list[str]:
    """So much later; both have beaten meanwhile."""
    until, lines = talk.at + milliseconds, []
    while talk.at < until:
        lines += talk.wait(min(until, talk.at + 10_000))
        lines += beats(talk, talk.at)
    return lines


def limits(talk: Conversation) -> list[int | None]:
    """How often all may have acted, each time that the lock was asked for."""
    return [effect.limit for effect in talk.effects if isinstance(effect, TakeFleetLock)]


def test_what_was_approved_waits_for_the_lock_and_is_used_once():
    """Another host acts first: the yes stands, nobody is asked twice, and it is begun when that is over, once."""
    talk = asking()
    talk.answer(HEALTHY)
    approve(talk)
    assert list(map(type, talk.open.values())) == [TakeFleetLock]
    assert talk.answer(HELD) == ["audit decision stuck-job DENY in_flight", "notify ops action.decided"]
    assert only(talk).standing is Standing.APPROVED
    again(talk, 6_000)
    assert talk.answer(HEALTHY) == [TAKE]
    talk.answer(TAKEN)
    assert "signal TERM web1:10:abc" in talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.answer(Exited())
    assert outcomes(talk) == ["asked", "approved", "used"]
    assert signals(talk) == [f"TERM {ONE}"]
    assert talk.state.ledger.fleet.lock is None


def test_an_approval_does_not_outlive_a_long_wait_for_the_lock():
    """After ten minutes it is no longer what the person has looked at; once the lock is free he is asked anew, and not before."""
    talk = asking()
    talk.answer(HEALTHY)
    approve(talk)
    talk.answer(HELD)
    end = talk.at + USE_WITHIN + 5_000
    while talk.at < end:
        again(talk, 6_000)
        if talk.open and talk.answer(HEALTHY) == [TAKE]:
            talk.answer(HELD)
    assert outcomes(talk) == ["asked", "approved", "lapsed", "asked"]
    assert talk.audit("approval")[-2].reason.startswith("it could not be done within 10m of its approval: an action on web2 is under way")
    assert signals(talk) == []


def test_all_have_acted_often_enough_and_a_person_lets_it_be_done():
    """In act: the lock is refused for the number alone, a person is asked once, and his yes takes it whatever the number is."""
    talk = asking(Mode.ACT)
    assert talk.answer(HEALTHY) == [TAKE]
    talk.answer(FleetBudgetSpent(WITHIN))
    talk.answer(HEALTHY)
    assert outcomes(talk) == ["asked"]
    assert only(talk).grounds[0].guard == "budget"
    again(talk, 60_000)
    if talk.open:
        talk.answer(HEALTHY)
    assert outcomes(talk) == ["asked"]
    approve(talk)
    talk.answer(TAKEN)
    assert "signal TERM web1:10:abc" in talk.answer(HEALTHY)
    assert (outcomes(talk), limits(talk)) == (["asked", "approved", "used"], [6, None])


def test_approved_and_then_all_have_acted_often_enough():
    """That is news to whoever has said yes: he is asked anew, and his second yes counts."""
    talk = asking()
    talk.answer(HEALTHY)
    approve(talk)
    talk.answer(FleetBudgetSpent(WITHIN))
    talk.answer(HEALTHY)
    assert outcomes(talk) == ["asked", "approved", "lapsed", "asked"]
    approve(talk)
    talk.answer(TAKEN)
    assert "signal TERM web1:10:abc" in talk.answer(HEALTHY)
    assert limits(talk) == [6, None]


def test_the_agent_dies_between_the_yes_and_the_lock():
    """The yes is in the ledger, the lock is asked for anew, and it is used once."""
    talk = asking()
    talk.answer(HEALTHY)
    approve(talk)
    talk.crash()
    talk.hear(redis(process(ONE, talk.at), process(THERE, talk.at), job(ONE, "j1", 1_000), complete=True))
    talk.hear(host(found(ONE)))
    assert talk.answer(HEALTHY) == [TAKE]
    talk.answer(TAKEN)
    assert "signal TERM web1:10:abc" in talk.answer(HEALTHY)
    assert outcomes(talk) == ["asked", "approved", "used"]
