"""Conversations about the locks of sidekiq-unique-jobs after a recovery: what the engine asks for, and what it says."""

from tests.scenario.conversation import Conversation, redis
from tests.scenario.test_recover import RULE, answer, held, talking, to_put_back, to_quiet
from watchdog.model.effects import PutBack
from watchdog.model.events import Paused
from watchdog.model.flight import Fate, Placed
from watchdog.model.results import LocksLookedAt, PutBackDone, Refused

UNLOCK = RULE.replace("drain: 60s", "drain: 60s, unique_locks: release")


def put_nowhere(talk: Conversation) -> list[str]:
    """Up to the question for locks: one job is put back, one has no payload."""
    to_quiet(talk)
    to_put_back(talk, held("j1"), held("j2", job_class="Lost", payload=False))
    return answer(talk, PutBackDone((Placed("j1", Fate.DONE, "retry"),)))


def test_locks_are_only_looked_at_unless_the_rule_says_more():
    """Only of the job that was put nowhere; what is found is told with its class, and nothing more is asked of the world."""
    talk = talking(RULE)
    lines = put_nowhere(talk)
    lines += answer(talk, LocksLookedAt(("j2",))) + talk.wait(250_000)

    assert [line for line in lines if "locks of" in line] == ["find locks of j2"]
    assert "1 unique-job lock (1 Lost) whose job is nowhere any more: left" in talk.audit("incident")[-1].reason


def test_locks_that_are_given_back_are_written_down_before():
    """The intent names the job, never the lock; then it is done, and told."""
    talk = talking(UNLOCK)
    lines = put_nowhere(talk) + answer(talk, LocksLookedAt(("j2",), unsure="of 2 locks the newest 1 were looked at"))

    assert [line for line in lines if "locks of" in line] == ["find locks of j2", "release locks of j2"]
    assert [row.detail for row in talk.audit("intent") if row.stage == "unlock"] == [{"jid": "j2", "class": "Lost"}]
    answer(talk, LocksLookedAt((), ("j2",)))
    talk.wait(250_000)
    reason = talk.audit("incident")[-1].reason
    assert (
        "1 unique-job lock (1 Lost) whose job is nowhere any more: given back; of unique-job locks not all is known: of 2 locks" in reason
    )


def test_a_lock_is_no_reason_to_hold_an_incident():
    """Paused in the last moment, or a Redis that can't be asked: it is said, and the incident goes to its end."""
    paused = talking(UNLOCK)
    put_nowhere(paused)
    paused.hear(Paused("deploy", "me"))
    lines = answer(paused, LocksLookedAt(("j2",))) + paused.wait(250_000)
    assert "release locks of j2" not in lines
    assert [row.outcome for row in paused.audit("outcome") if row.stage == "unlock"] == ["0 released; paused by deploy: me"]
    assert "1 unique-job lock (1 Lost) whose job is nowhere any more: left" in paused.audit("incident")[-1].reason

    deaf = talking(UNLOCK)
    put_nowhere(deaf)
    answer(deaf, Refused("connection refused"))
    deaf.wait(250_000)
    assert "of unique-job locks not all is known: connection refused" in deaf.audit("incident")[-1].reason


def test_cut_off_between_the_question_and_the_release():
    """It is found anew, or given back anew: Redis knows what was done."""
    talk = talking(UNLOCK)
    put_nowhere(talk)
    lines = talk.crash()
    assert [line for line in lines if "locks of" in line] == ["find locks of j2"]
    assert not [line for line in answer(talk, LocksLookedAt(("j2",))) if "locks of" in line], "Redis has not been read yet"
    talk.hear(redis(complete=True))
    assert "release locks of j2" in talk.wait(talk.at + 2_000)
    talk.crash()
    talk.hear(redis(complete=True))
    assert "release locks of j2" in talk.wait(talk.at + 2_000)
    answer(talk, LocksLookedAt((), ("j2",)))
    talk.wait(talk.at + 120_000)
    assert "1 unique-job lock (1 Lost) whose job is nowhere any more: given back" in talk.audit("incident")[-1].reason


def test_the_traces_of_one_that_held_nothing_are_removed_as_well():
    """Killed with nothing in its hands: its successor must not find the sign of life of the gem's own reaper; no lock is looked for."""
    talk = talking(UNLOCK)
    to_quiet(talk)
    to_put_back(talk)
    (asked,) = [effect for effect in talk.open.values() if isinstance(effect, PutBack)]
    assert asked.placements == ()
    answer(talk, PutBackDone(()))
    talk.wait(250_000)

    assert [row.stage for row in talk.audit("outcome")][-2:] == ["put_back", "rebirth"]
    assert talk.audit("incident")[-1].outcome == "ended"
