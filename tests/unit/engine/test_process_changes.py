"""Changes that tell of processes which are gone, or silent: when each is told, and when it is no news."""

import pytest

from tests.scenario.conversation import Conversation, found, host, process, redis
from tests.unit.engine.test_changes import ONE, TWO, told, waiting, watching
from watchdog.engine.changes import SILENT, SPOKE
from watchdog.model.events import CRASHED, LEFT_BEHIND, Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source


def behind(identity: str, jobs: int = 3) -> Observed:
    """That a process is gone and has left so many jobs."""
    fields = {"host": "web1", "pid": 10, "local": True, "alive": False, "queues": ("push",), "probe": "fetch", "left_behind": jobs}
    return redis(Delta(Kind.PROCESS, identity, fields), Gone(Kind.PROCESS, identity, LEFT_BEHIND))


def test_jobs_that_were_left_behind():
    """Of a process that nobody knew, as often as it is told; what it was can be asked for, and no row of it stays."""
    talk = watching(
        "JobsLeftBehind", where='process.probe == "fetch" and process.local and process.left_behind == 3 and "push" in process.queues'
    )
    talk.hear(behind(TWO), at=1_000)
    talk.hear(behind(TWO, 2), at=2_000)
    talk.hear(behind(TWO), at=700_000)

    assert told(talk) == [(TWO, "firing"), (TWO, "resolved")] * 2
    assert talk.state.world.find(Kind.PROCESS, TWO) is None
    assert talk.state.world.find(Kind.PROCESS, ONE) is not None


def test_jobs_that_were_left_behind_by_one_that_was_seen_to_die():
    """The kernel has said that it is dead, so whatever is read of it late is not heard; this is."""
    talk = watching("JobsLeftBehind")
    talk.hear(host(found(ONE), Gone(Kind.PROCESS, ONE, CRASHED)), at=1_000)
    talk.hear(redis(process(ONE, 2_000)))
    assert told(talk) == []
    talk.hear(behind(ONE), at=61_000)

    assert told(talk) == [(ONE, "firing"), (ONE, "resolved")]
    assert talk.state.world.find(Kind.PROCESS, ONE) is None


@pytest.mark.parametrize("name", ["ProcessAppeared", "ProcessVanished", "ProcessCrashed", "JobLost"])
def test_who_has_been_gone_for_long_neither_comes_nor_goes(name):
    """That something was left behind is no other change."""
    talk = watching(name)
    talk.hear(behind(TWO), at=1_000)

    assert told(talk) == []


def alive(name: str) -> Conversation:
    """The same beginning, and the kernel knows the process; Redis reads on each 5 s."""
    talk = watching(name)
    talk.hear(host(found(ONE)))
    return talk


def test_a_process_that_lives_can_leave_redis_and_come_back():
    """As long as the kernel says that it lives it is only no longer listed, and listed again; neither is an end or a beginning."""
    for name, expected in (("ProcessUnlisted", 1), ("ProcessListed", 1), ("ProcessVanished", 0), ("ProcessAppeared", 0)):
        talk = alive(name)
        talk.hear(redis(Delta(Kind.PROCESS, ONE, {"listed": False})), at=1_000)
        talk.hear(redis(process(ONE, 2_000)), at=2_000)
        assert told(talk) == [(ONE, "firing"), (ONE, "resolved")] * expected


def test_a_process_that_does_not_beat_falls_silent_once():
    """30 s after its last beat, by time alone; the same beat told again changes nothing, and a new one starts anew."""
    talk = watching(SILENT)
    talk.hear(redis(process(ONE, 10_000)), at=10_000)
    talk.wait(39_999)
    assert told(talk) == []
    talk.wait(40_000)
    assert told(talk) == [(ONE, "firing"), (ONE, "resolved")]

    talk.hear(redis(process(ONE, 10_000)), at=41_000)
    talk.wait(200_000)
    assert len(told(talk)) == 2
    talk.hear(redis(process(ONE, 200_000)))
    talk.wait(230_000)
    assert len(told(talk)) == 4


def test_a_process_that_was_silent_beats_again():
    """The first beat after a silence is one, whatever the beats before and after it."""
    talk = watching(SPOKE)
    for at in (10_000, 39_000):
        talk.hear(redis(process(ONE, at)), at=at)
    assert told(talk) == []
    talk.wait(90_000)
    for at in (90_000, 95_000):
        talk.hear(redis(process(ONE, at)), at=at)
    assert told(talk) == [(ONE, "firing"), (ONE, "resolved")]


def test_nobody_falls_silent_while_nobody_listens():
    """While Redis can't be read nothing is said of beats; who is silent when it can be read again is told then, others not."""
    talk = watching(SILENT)
    talk.hear(redis(process(TWO, 0)))
    talk.hear(SourceLost(Source.REDIS, "refused", "x"), at=1_000)
    talk.wait(100_000)
    assert told(talk) == []
    talk.hear(redis(process(TWO, 99_000), complete=True))
    talk.hear(SourceBack(Source.REDIS))
    assert told(talk) == [(ONE, "firing"), (ONE, "resolved")]


def test_silence_from_before_is_no_news():
    """Who was silent already when the agent came has not fallen silent; and who has gone is not missed."""
    talk = Conversation(waiting(SILENT))
    talk.at = 50_000
    talk.hear(redis(process(ONE, 0), process(TWO, 45_000), complete=True))
    talk.hear(redis(Delta(Kind.PROCESS, TWO, {"listed": False})), at=60_000)
    talk.wait(200_000)
    assert told(talk) == []
