"""What all readings together say: who is heard, who is stale, who was silent over an outage."""

import msgspec
import pytest

from tests.unit.sidekiq.shown import ID, INFO, START, expired, reading, work
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.sidekiq.picture import Picture


@pytest.fixture
def picture() -> Picture:
    """A memory without any process."""
    return Picture()


def test_how_many_were_heard(picture):
    """Only a process whose last beat is less than a minute old counts."""
    picture.take(reading(age=30_000))

    assert picture.fleet(529_999).heard == 1
    assert picture.fleet(530_000).heard == 0


def test_after_a_clean_stop_nothing_of_it_is_counted(picture):
    """The hash lingers for up to a minute with the `busy` of the last beat: neither its threads nor its jobs are there any more."""
    picture.take(reading(work("a")))
    assert (picture.fleet(500_000).busy, picture.fleet(500_000).listening("push").busy) == (1, 1)
    picture.take(reading(at=501_000, member=False, busy=1))

    assert (picture.fleet(501_000).heard, picture.fleet(501_000).busy, picture.fleet(501_000).queues) == (0, 0, {})


def test_a_member_whose_hash_expired_is_stale_until_it_beats(picture):
    """However it came to that: crashed, frozen or cut off. Somebody may prune it, and it may come back."""
    picture.take(reading())
    picture.take(expired())
    assert (picture.stale(), picture.fleet(600_000).stale) == ([ID], 1)
    picture.take(expired(member=False))
    assert picture.stale() == []
    picture.take(expired())
    picture.take(reading(at=610_000, beat=START + 110_000))
    assert picture.stale() == []


def test_how_far_beats_are_apart(picture):
    """By the version; where none is told, by the closest two beats, so that one that was missed does not count as a rule."""
    info = msgspec.structs.replace(INFO, version="")
    (first,) = picture.take(reading(info=info))
    assert "beat_every" not in first.fields
    (second,) = picture.take(reading(info=info, at=510_000, beat=START + 10_003))
    assert second.fields["beat_every"] == 10_000
    (third,) = picture.take(reading(info=info, at=515_000, beat=START + 15_006))
    assert third.fields["beat_every"] == 5_000
    (fourth,) = picture.take(reading(info=info, at=525_000, beat=START + 25_009))
    assert "beat_every" not in fourth.fields
    (updated,) = picture.take(reading(at=530_000, beat=START + 30_009))
    assert updated.fields["beat_every"] == 10_000


def test_an_outdated_process(picture):
    """A process that runs an older version than another, or tells none, is outdated at its next beat; not any more once the newer one is gone."""
    picture.take(reading())
    newer = reading(identity="web2:1:beef", info=msgspec.structs.replace(INFO, host="web2", pid=1, version="7.10.0"))
    picture.take(newer)
    picture.fleet(500_000)
    (older,) = picture.take(reading(at=510_000, beat=START + 10_000))
    assert older.fields["outdated"] is True
    picture.take(msgspec.structs.replace(newer, member=False, at=511_000))
    picture.fleet(511_000)
    (alone,) = picture.take(reading(at=520_000, beat=START + 20_000))
    assert alone.fields["outdated"] is False


def heard(picture: Picture, at: int) -> int:
    """How many processes count as heard at that time."""
    return picture.fleet(at).heard


def test_a_hash_that_is_gone_before_its_time_says_nothing(picture):
    """Redis lost it: the process is believed until its last beat is a minute old, and is told as any other if it beats again."""
    picture.take(reading(work("t1"), at=500_000))

    assert picture.take(expired(at=557_000, member=False)) == ()
    assert heard(picture, 557_000) == 1
    assert picture.take(expired(at=560_000, member=False)) == (Delta(Kind.PROCESS, ID, {"listed": False}),)


def test_an_outage_does_not_count_against_the_processes(picture):
    """Who beat before Redis was away could not beat meanwhile: they have half a minute from its return, those that had been silent before have not."""
    picture.take(reading(work("t1"), at=500_000))
    assert heard(picture, 500_000) == 1
    picture.came_back(700_000)

    assert picture.take(expired(at=701_000, member=False)) == ()
    assert heard(picture, 729_999) == 1
    assert picture.take(expired(at=730_000, member=False)) == (Delta(Kind.PROCESS, ID, {"listed": False}),)
    assert heard(picture, 730_000) == 0


def test_who_was_silent_before_an_outage_is_gone_after_it(picture):
    """A minute of silence before it is enough."""
    picture.take(reading(work("t1"), at=500_000))
    assert heard(picture, 570_000) == 0
    picture.came_back(700_000)

    assert heard(picture, 701_000) == 0
    assert picture.take(expired(at=701_000, member=False)) == (Delta(Kind.PROCESS, ID, {"listed": False}),)
