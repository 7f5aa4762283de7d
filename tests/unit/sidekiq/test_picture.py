"""A reading goes in, what changed comes out: beats, jobs that begin and end, processes that fall silent, stop, or come back."""

import msgspec
import pytest

from tests.unit.sidekiq.shown import ID, INFO, START, expired, job_id, reading, work
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.sidekiq.picture import Picture


@pytest.fixture
def picture() -> Picture:
    """A memory without any process."""
    return Picture()


def test_a_process_is_told_whole_and_before_its_jobs(picture):
    """The first reading gives every reading of the process, then its jobs with their start in engine time."""
    one = work("a")

    assert picture.take(reading(one, age=4_000)) == (
        Delta(
            Kind.PROCESS,
            ID,
            {
                "host": "web1",
                "pid": 42,
                "tag": "live",
                "queues": ("push",),
                "labels": (),
                "embedded": False,
                "probe": "",
                "version": "7.3.2",
                "weights": (),
                "outdated": False,
                "threads": 5,
                "busy": 1,
                "quiet": False,
                "rss": 1024,
                "rtt": 1,
                "beat_every": 10_000,
                "confirmed_at": 496_000,
                "booted_at": 496_000 - 100_000,
                "listed": True,
                "clean_stop": False,
            },
        ),
        Delta(
            Kind.JOB,
            job_id(one),
            {
                "jid": "jid-a",
                "job_class": "PushWorker",
                "queue": "push",
                "process": ID,
                "host": "web1",
                "thread": "a",
                "retries": 0,
                "started_at": 476_999,
            },
        ),
    )


def test_a_version_that_is_not_told_is_left_out(picture):
    """Before 7.0.2 a process does not say its version: there is no reading of it."""
    (process,) = picture.take(reading(info=msgspec.structs.replace(INFO, version="")))

    assert "version" not in process.fields


def test_the_same_beat_read_twice_says_nothing(picture):
    """Redis counts a time to live down with jitter: two readings of one beat differ by milliseconds, and that is no news."""
    picture.take(reading(work("a"), age=1_000))

    assert picture.take(reading(work("a"), at=503_007, age=4_001)) == ()


def test_a_new_beat_confirms_once_and_moves_no_start(picture):
    """With a new beat `confirmed_at` moves, and nothing else that has not changed; a job's start is never told again."""
    picture.take(reading(work("a")))

    assert picture.take(reading(work("a"), at=510_003, beat=START + 10_000, age=3)) == (Delta(Kind.PROCESS, ID, {"confirmed_at": 510_000}),)


def test_two_beats_within_a_millisecond(picture):
    """Beats are told apart by what was written, not by what is left of it after rounding."""
    picture.take(reading(work("a")))
    first = reading()
    assert first.beat is not None
    second = msgspec.structs.replace(first, beat=msgspec.structs.replace(first.beat, written=b"1000100000.0001"))

    assert Gone(Kind.JOB, job_id(work("a")), "finished") in picture.take(second)


def test_a_job_ends_when_a_newer_beat_lacks_it(picture):
    """Ended jobs come before new ones, and a thread that is reused runs another job."""
    old, new = work("a"), work("a", run_at=START + 3_000)
    picture.take(reading(old))

    assert picture.take(reading(new, at=510_000, beat=START + 10_000))[1:] == (
        Gone(Kind.JOB, job_id(old), "finished"),
        Delta(
            Kind.JOB,
            job_id(new),
            {
                "jid": "jid-a",
                "job_class": "PushWorker",
                "queue": "push",
                "process": ID,
                "host": "web1",
                "thread": "a",
                "retries": 0,
                "started_at": 503_999,
            },
        ),
    )


def test_a_field_that_is_no_longer_told_is_lost(picture):
    """A reading that was there and can't be read any more becomes None."""
    picture.take(reading())

    whole = reading(at=510_000, beat=START + 10_000)
    assert whole.beat is not None
    without = msgspec.structs.replace(whole, beat=msgspec.structs.replace(whole.beat, rss=None))

    assert picture.take(without) == (Delta(Kind.PROCESS, ID, {"confirmed_at": 510_000, "rss": None}),)


def test_silence_changes_nothing(picture):
    """A hash that expired while the process is still listed ends neither the process nor its jobs."""
    picture.take(reading(work("a")))

    assert picture.take(expired()) == ()
    assert picture.listed() == [ID]


def test_a_silent_process_that_is_pruned_is_unlisted_and_keeps_its_jobs(picture):
    """An opened Busy page prunes members whose hash has expired; that proves nothing about the process."""
    picture.take(reading(work("a")))

    assert picture.take(expired(member=False)) == (Delta(Kind.PROCESS, ID, {"listed": False}),)
    assert picture.take(expired(member=False)) == ()
    assert picture.listed() == []


def test_a_clean_stop_ends_the_jobs(picture):
    """Taken out of `processes` while its hash lives, and the work hash is gone: the process stopped in good order."""
    picture.take(reading(work("a")))

    assert picture.take(reading(at=505_000, age=5_000, busy=1, member=False)) == (
        Delta(Kind.PROCESS, ID, {"listed": False, "clean_stop": True}),
        Gone(Kind.JOB, job_id(work("a")), "pushed back or finished"),
    )
    assert picture.take(reading(at=506_000, age=6_000, busy=1, member=False)) == ()
    assert picture.take(expired(member=False)) == ()


def test_a_stop_that_is_half_written_is_torn(picture):
    """The work hash is removed a moment after the process has left the set."""
    picture.take(reading(work("a")))
    halfway = reading(work("a"), at=505_000, age=5_000, member=False)

    assert picture.is_torn(halfway)
    assert picture.take(halfway) == ()
    assert picture.listed() == [ID]


def test_a_process_that_comes_back_is_told_whole(picture):
    """A thawed process adds itself again: the engine may have let go of it, so everything is told, with the old start of a job."""
    picture.take(reading(work("a")))
    picture.take(expired(member=False))
    process, job = picture.take(reading(work("a"), at=700_000, beat=START + 200_500))

    assert (process.fields["host"], process.fields["listed"], process.fields["confirmed_at"]) == ("web1", True, 700_000)
    assert process.fields["booted_at"] == 400_000
    assert (job.id, job.fields["started_at"]) == (job_id(work("a")), 480_999)


def test_a_torn_work_hash_ends_no_job(picture):
    """Up to 7.2.2 the hash is emptied and filled in steps: what is missing proves nothing, what is there is true."""
    picture.take(reading(work("a"), work("b")))
    torn = reading(work("c"), at=510_000, beat=START + 10_000, busy=3)

    assert picture.is_torn(torn)
    assert [change.id for change in picture.take(torn)] == [ID, job_id(work("c"))]


def test_a_torn_work_hash_is_put_right_by_the_next_reading(picture):
    """Once the hash is whole, the same beat does end jobs."""
    picture.take(reading(work("a"), work("b")))
    picture.take(reading(at=510_000, beat=START + 10_000, busy=1))
    whole = reading(work("b"), at=510_020, beat=START + 10_000)

    assert not picture.is_torn(whole)
    assert picture.take(whole) == (Gone(Kind.JOB, job_id(work("a")), "finished"),)


def test_a_work_hash_that_never_matches_is_believed_at_the_second_beat(picture):
    """A process whose count is wrong for good is not followed blindly for ever."""
    picture.take(reading(work("a"), busy=7))
    changes = picture.take(reading(work("b"), at=510_000, beat=START + 10_000, busy=7))

    assert [change.id for change in changes] == [ID, job_id(work("a")), job_id(work("b"))]


def test_a_work_hash_of_the_beat_to_come_ends_no_job(picture):
    """The work hash is written a moment before the identity: read in between, it shows another beat's jobs."""
    picture.take(reading(work("a")))
    early = reading(work("b"), at=509_999, age=9_999)

    assert picture.is_torn(early)
    assert [change.id for change in picture.take(early)] == [job_id(work("b"))]


def test_a_work_hash_that_expires_first_ends_no_job(picture):
    """It was written first, so it expires first: the beat is the same, the jobs are not over."""
    picture.take(reading(work("a")))

    assert picture.take(reading(at=559_999, age=59_999, busy=1)) == ()


def test_a_job_can_not_be_older_than_the_beat_that_did_not_show_it(picture):
    """A clock that was set, or a machine that slept, makes `run_at` lie hours back: engine time knows better."""
    picture.take(reading())
    slept = work("a", run_at=START + 4_000)
    *_, job = picture.take(reading(slept, at=510_000, beat=START + 8 * 3_600_000))

    assert job.fields["started_at"] == 500_000 - 2_000


def test_a_job_that_begins_after_its_beat_begins_with_it(picture):
    """A clock that was set back can't give a job a start in the future."""
    _, job = picture.take(reading(work("a", run_at=START + 60_000)))

    assert job.fields["started_at"] == 500_000


def test_broken_info_leaves_what_the_identity_says(picture):
    """Host and pid stand in the identity; the rest has no reading until the info can be read."""
    (process,) = picture.take(reading(info=None))

    assert process.fields.keys() == {"host", "pid", "busy", "quiet", "rss", "rtt", "confirmed_at", "listed", "clean_stop"}
    (process,) = picture.take(reading(at=510_000, beat=START + 10_000))
    assert process.fields.keys() == {
        "tag",
        "version",
        "outdated",
        "queues",
        "weights",
        "labels",
        "embedded",
        "probe",
        "threads",
        "beat_every",
        "booted_at",
        "confirmed_at",
    }


def test_an_identity_that_is_none_is_no_process(picture):
    """Without info, a member that does not look like host:pid:nonce can't be followed."""
    assert picture.take(reading(identity="nonsense", info=None)) == ()
    assert picture.take(reading(identity="a:b:c", info=None)) == ()


def test_a_member_that_never_beat_is_stale(picture):
    """A crash leaves its identity in the set: no process, and worth a count."""
    assert picture.is_stale(expired())
    assert picture.take(expired()) == ()
    picture.take(reading())
    assert not picture.is_stale(expired())


def test_a_hash_that_never_expires(picture):
    """Whoever wrote it: a new beat is taken for as old as its reading, and the same beat is not taken for new."""
    (process,) = picture.take(reading(ttl=-1))

    assert process.fields["confirmed_at"] == 500_000
    assert picture.take(reading(ttl=-1, at=510_000)) == ()


def test_processes_that_left_are_not_remembered_for_ever(picture):
    """A fleet that restarts every hour for a year must not make the agent grow."""
    for number in range(1500):
        gone = reading(identity=f"web1:{number + 1}:cafe", info=None)
        picture.take(gone)
        picture.take(msgspec.structs.replace(gone, member=False))

    assert picture.beat("web1:1:cafe") is None
    assert picture.beat("web1:1500:cafe") == b"%d" % START


def test_where_a_job_goes(picture):
    """It is told of the jobs of which it is known."""
    told = picture.take(reading(work("a"), msgspec.structs.replace(work("b"), domain="example.social")))

    assert {change.fields["thread"]: change.fields.get("domain") for change in told if change.kind == Kind.JOB} == {
        "a": None,
        "b": "example.social",
    }
