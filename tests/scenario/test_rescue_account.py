"""What became of the jobs of a recovered process, as numbers that are committed with its end: what metrics count."""

from tests.scenario.conversation import HEALTHY, Conversation, process, redis
from tests.scenario.test_recover import NEXT, RULE, answer, beat, ended, held, talking, to_quiet
from watchdog.model.effects import DropFlight, LookAfterLocks
from watchdog.model.events import Paused
from watchdog.model.flight import Balance, Fate, Placed
from watchdog.model.results import Exited, InFlight, LocksLookedAt, PutBackDone, Refused, Sent


def recovered(fate: Fate) -> Conversation:
    """A process with a stuck job was ended; one other job had finished before, and this came of putting the stuck one back."""
    talk = talking(RULE)
    to_quiet(talk)
    beat(talk, 52_000, ended("j2", "t2", 11_000))
    talk.wait(53_000)
    answer(talk, InFlight((held("j1"),)), at=53_001)
    talk.answer(HEALTHY, at=53_002)
    talk.answer(Sent(), at=53_003)
    talk.answer(Exited(), at=53_004)
    talk.answer(InFlight((held("j1"),)), at=53_005)
    talk.answer(PutBackDone((Placed("j1", fate, "retry"),)), at=53_006)
    if any(isinstance(effect, LookAfterLocks) for effect in talk.open.values()):
        talk.answer(LocksLookedAt(), at=53_007)
    talk.hear(redis(process(NEXT, 60_000, booted_at=59_000)), at=60_000)
    talk.wait(62_000)
    return talk


def balances(talk: Conversation) -> list[Balance | None]:
    """What was said of the jobs at each end."""
    return [effect.became for effect in talk.effects if isinstance(effect, DropFlight)]


def test_every_job_is_in_the_account_once():
    """The one that finished and the one that was put back."""
    assert balances(recovered(Fate.DONE)) == [Balance(finished=1, put_back=1)]


def test_what_was_in_its_place_already_was_left_there():
    """A rerun by Sidekiq is no rescue of ours."""
    assert balances(recovered(Fate.FOUND)) == [Balance(finished=1, left=1)]


def test_what_could_not_be_put_back_may_be_lost():
    """Its payload was gone: that is said as a number, too."""
    assert balances(recovered(Fate.LOST)) == [Balance(finished=1, not_put_back=1)]


def test_one_that_was_given_up_has_lost_nothing():
    """Nothing was done to the process: its jobs run on."""
    talk = talking(RULE)
    beat(talk, 22_000, quiet=False)
    talk.answer(HEALTHY)
    talk.answer(InFlight((held("j1"), held("j2"))))
    talk.hear(Paused("ada", "x"))
    talk.answer(Refused("nobody is there"))
    assert balances(talk) == [Balance()]
