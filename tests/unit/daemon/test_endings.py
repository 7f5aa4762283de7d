"""What is asked of Redis and of the journal about a process that has ended, and what is made of the answers."""

from typing import Any

import pytest

from watchdog.daemon import endings
from watchdog.host.journal.kills import Death
from watchdog.host.log_source import LogUnreadableError
from watchdog.sidekiq.failures import SourceUnavailableError

DEATH = Death(42, "s.service", "b", 5)


class Followed:
    """Redis, which answers or does not."""

    def __init__(self, failure):
        self.failure = failure

    async def reread(self, identity):
        assert identity == "web1:42:abc"
        if self.failure is not None:
            raise self.failure


class Processes:
    """Remembers who was buried, and how."""

    def __init__(self, death):
        self.death = death
        self.buried = []

    def death_of(self, identity):
        return self.death

    def bury(self, identity, *, asked, starved):
        self.buried.append((identity, asked, starved))


@pytest.mark.parametrize(
    ("death", "journal", "told", "starved"),
    [
        (DEATH, True, True, True),
        (DEATH, True, False, False),
        (DEATH, True, LogUnreadableError("it may not be read"), False),
        (DEATH, False, True, False),
        (None, True, True, False),
    ],
)
@pytest.mark.parametrize(("failure", "asked"), [(None, True), (SourceUnavailableError("gone", "x"), False)])
async def test_it_is_buried_with_what_is_known(monkeypatch, death, journal, told, starved, failure, asked):
    """Whoever does not answer keeps the other's answer from nobody; where counters have told it, or nobody may look, the journal is not asked."""

    async def tells(of, *, wall):
        assert (of, wall) == (DEATH, 9)
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr(endings, "tells_of_a_kill", tells)
    processes: Any = Processes(death)
    follower: Any = Followed(failure)
    await endings.hear_how_it_ended("web1:42:abc", follower, processes, wall=lambda: 9, journal=journal)

    assert processes.buried == [("web1:42:abc", asked, starved)]
