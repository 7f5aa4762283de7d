"""From samples to readings."""

from typing import Any

import msgspec
import pytest

from watchdog.host.children import Child
from watchdog.host.group_memory import GroupMemory
from watchdog.host.news import news
from watchdog.host.sample import Sample
from watchdog.host.threads import Thread
from watchdog.host.usage import readings, see, stood

MAIN = Thread(77, 5000, "ruby", "main", "S", 100)
HEART = Thread(80, 5001, "sidekiq.heartbe", "heartbeat", "S", 3)
WORKER = Thread(81, 5002, "sidekiq.default", "processor", "S", 200)
CHILD = Child(90, 6000, "ffmpeg", ((90, 5), (91, 6)))
SAMPLE = Sample(
    at=0, state="S", ticks=303, native_threads=7, memory=2**28, swap=0, tracer=0, threads=(MAIN, HEART, WORKER), heart=((80, 41),), children=(),
    frozen=False, group=GroupMemory(2**29, 2**30, 2),
)  # fmt: skip
STEP = 5_000


def _after(seconds: float, **changes: Any) -> Sample:
    return msgspec.structs.replace(SAMPLE, at=int(seconds * 1000), **changes)


def _told(*samples: Sample, since_boot: int = 100_000) -> dict[str, Any]:
    """The readings after the last of these samples."""
    seen = before = None
    for sample in samples:
        before, seen = seen, see(seen, sample, step=STEP)
    assert seen is not None
    return readings(before, seen, ticks_per_second=100, since_boot=since_boot)


def _used(thread: Thread, ticks: int) -> Thread:
    return msgspec.structs.replace(thread, ticks=thread.ticks + ticks)


def test_the_first_look():
    """What takes two looks to know is missing at first; a standstill has lasted for nothing yet."""
    assert _told(SAMPLE) == {
        "cpu": None, "hottest_cpu": None, "hottest_thread": None, "hottest_kind": None, "memory": 2**28, "swap": 0, "native_threads": 7,
        "heartbeat_thread": True, "heartbeat_switches": 41, "heartbeat_moved": None, "heartbeat_still": 0, "state": "S", "stopped": False, "traced": False,
        "blocked_threads": 0, "children": 0, "oldest_child": 0, "child_still": 0, "child": "", "child_pid": 0, "child_start_ticks": 0,
        "cgroup_memory": 2**29, "cgroup_limit": 2**30, "oom_kills": 2,
    }  # fmt: skip


def test_processor_time_between_two_looks():
    """100 % is one core; the thread that used most is named with what it does."""
    told = _told(SAMPLE, _after(5, ticks=303 + 550, threads=(_used(MAIN, 10), HEART, _used(WORKER, 480))))

    assert (told["cpu"], told["hottest_cpu"]) == (1.1, 0.96)
    assert (told["hottest_thread"], told["hottest_kind"]) == ("sidekiq.default", "processor")


def test_an_idle_process_has_no_hottest_thread():
    """A tick or two are nothing, so that idle processes make no news."""
    told = _told(SAMPLE, _after(5, ticks=305, threads=(MAIN, HEART, _used(WORKER, 2))))

    assert (told["cpu"], told["hottest_cpu"], told["hottest_thread"], told["hottest_kind"]) == (0.0, 0.0, "", "")


def test_a_thread_that_came_meanwhile():
    """All that a new thread has used it has used since the last look, also where it has the number of one that ended."""
    new = Thread(81, 9000, "sidekiq.default", "processor", "R", 300)
    told = _told(SAMPLE, _after(5, ticks=603, threads=(MAIN, HEART, new)))

    assert told["hottest_cpu"] == 0.6


@pytest.mark.parametrize("changes", [{"ticks": 2**63}, {"ticks": 0}, {"at": 100}, {"at": -5_000}])
def test_figures_that_can_not_be(changes):
    """Time that runs backwards, a counter that falls, more cores than there are, or looks that are too close give no share."""
    assert _told(SAMPLE, msgspec.structs.replace(SAMPLE, **{"at": 5_000, **changes}))["cpu"] is None


def test_a_heart_that_stands_still():
    """It stands still for as long as its switches stay the same from look to look, in whole seconds; one switch, and it moves."""
    still = [_after(seconds) for seconds in (5, 10.4, 15.4)]

    assert [_told(SAMPLE, *still[:n])["heartbeat_still"] for n in range(4)] == [0, 5_000, 10_000, 15_000]
    assert _told(SAMPLE, *still, _after(20, heart=((80, 42),)))["heartbeat_still"] == 0
    assert _told(SAMPLE, *still, _after(20, heart=((95, 41),)))["heartbeat_still"] == 0


def test_when_a_heart_was_last_seen_to_move():
    """So long before the last look that found other switches than the one before; before any two looks nobody knows, nor where there is no heart any more."""
    moved = _after(5, heart=((80, 42),))

    assert _told(SAMPLE, _after(5))["heartbeat_moved"] is None
    assert _told(SAMPLE, moved)["heartbeat_moved"] == 0
    assert _told(SAMPLE, moved, _after(10.4, heart=((80, 42),)))["heartbeat_moved"] == 5_000
    assert _told(SAMPLE, moved, _after(10, heart=()))["heartbeat_moved"] is None
    assert _told(_after(0, heart=()), _after(5))["heartbeat_moved"] is None


def test_a_heart_that_only_waits_for_the_lock():
    """Up to Ruby 3.2 it wakes up ten times a second for that: look after look at this pace it stands still, and does not move."""
    heart = lambda seconds, switches, **more: _after(seconds, heart=((80, switches),), **more)  # noqa: E731  (a sample, many times)
    beat, queueing = heart(5, 45), [heart(5 + number, 45 + 10 * number) for number in range(1, 5)]

    assert [_told(SAMPLE, beat, *queueing[:n])["heartbeat_still"] for n in range(5)] == [0, 1_000, 2_000, 3_000, 4_000]
    assert _told(SAMPLE, beat, *queueing)["heartbeat_moved"] == 4_000
    assert _told(SAMPLE, beat, *queueing, heart(14, 134))["heartbeat_still"] == 9_000

    # A beat of ten wakes in one look, and rest in the next, is a beat; so is another pace, or one that costs something.
    assert _told(SAMPLE, beat, heart(6, 55), heart(7, 55), heart(8, 65))["heartbeat_still"] == 1_000
    assert _told(SAMPLE, beat, heart(6, 48))["heartbeat_still"] == 0
    assert _told(SAMPLE, beat, heart(6, 60))["heartbeat_still"] == 0
    assert _told(SAMPLE, beat, heart(5.4, 49))["heartbeat_still"] == 0
    assert _told(SAMPLE, beat, heart(6, 55, threads=(MAIN, _used(HEART, 2), WORKER)))["heartbeat_still"] == 0
    assert _told(SAMPLE, beat, heart(6, 55, threads=None))["heartbeat_still"] == 0
    assert _told(SAMPLE, beat, heart(6, 55), heart(7, 55))["heartbeat_still"] == 1_000


@pytest.mark.parametrize("switches", [(16, 4), (2, 3, 20), (0, 18), (10, 0, 0, 30)])
def test_a_heart_that_is_known_to_wait_for_the_lock_and_looked_at_at_odd_moments(switches):
    """A look that comes late sees more, and the next one less; a thread that wakes up late does so, too. After five seconds of waiting the last six must have the pace."""
    waiting = [_after(6 + number, heart=((80, 55 + 10 * number),)) for number in range(9)]
    odd = [_after(15 + number, heart=((80, 135 + sum(switches[: number + 1])),)) for number in range(len(switches))]

    told = [_told(SAMPLE, _after(5, heart=((80, 45),)), *waiting, *odd[:n]) for n in range(len(odd) + 1)]
    assert [one["heartbeat_still"] for one in told] == [9_000 + 1_000 * number for number in range(len(told))]
    assert [one["heartbeat_moved"] for one in told] == [9_000 + 1_000 * number for number in range(len(told))]


def test_a_heart_that_has_got_the_lock_again():
    """It beats, and rests: within four seconds that is no waiting any more, and its next move is one."""
    waiting = [_after(6 + number, heart=((80, 55 + 10 * number),)) for number in range(9)]
    resting = [_after(15 + number, heart=((80, 141),)) for number in range(5)]

    assert _told(*waiting, *resting)["heartbeat_still"] <= 5_000
    assert _told(*waiting, *resting, _after(20, heart=((80, 143),)))["heartbeat_moved"] == 0


def test_looks_that_are_near_each_other_tell_no_pace():
    """A look at all comes right after one at this process alone: whether it woke up between them or not, it goes on waiting for the lock."""
    heart = lambda seconds, switches: _after(seconds, heart=((80, switches),))  # noqa: E731  (a sample, many times)
    queueing = (heart(5, 45), heart(6, 55), heart(6.05, 55), heart(7, 65), heart(7.3, 68), heart(8, 75))

    assert [_told(SAMPLE, *queueing[:n])["heartbeat_still"] for n in range(2, 7)] == [1_000, 1_000, 2_000, 2_000, 3_000]
    assert _told(SAMPLE, *queueing, heart(8.3, 90))["heartbeat_still"] == 3_000
    assert _told(SAMPLE, *queueing, heart(8.3, 90), heart(9, 97))["heartbeat_still"] == 0
    assert _told(SAMPLE, *queueing, heart(8.3, 75), heart(9, 75))["heartbeat_still"] == 1_000


def test_a_gap_is_no_standstill():
    """A machine that was held for eight minutes held the process too: a gap counts as two ordinary steps at most."""
    assert _told(SAMPLE, _after(480))["heartbeat_still"] == 2 * STEP


def test_no_heart():
    """Where there is no thread that beats that is said, and nothing of how it moves is known; what can't be read is neither."""
    assert _told(SAMPLE, _after(5, heart=()))["heartbeat_thread"] is False
    assert _told(SAMPLE, _after(5, heart=()))["heartbeat_still"] is None
    assert _told(SAMPLE, _after(5, heart=None))["heartbeat_thread"] is None


@pytest.mark.parametrize(
    ("changes", "stopped", "traced"),
    [
        ({"state": "T"}, True, False),
        ({"frozen": True}, True, False),
        ({"state": "t", "tracer": 12}, False, True),
        ({"state": "D"}, False, False),
        ({"tracer": None}, False, None),
    ],
)
def test_who_holds_it(changes, stopped, traced):
    """Stopped by a signal or a frozen group is one thing, a debugger another."""
    told = _told(_after(0, **changes))

    assert (told["stopped"], told["traced"]) == (stopped, traced)


def test_blocked_threads():
    """A thread counts that waits uninterruptibly at two looks and has used nothing between them; two short waits are none."""
    waits = msgspec.structs.replace(WORKER, state="D")
    before = _after(0, threads=(MAIN, HEART, waits))

    assert _told(before)["blocked_threads"] == 0
    assert _told(before, _after(5, threads=(MAIN, HEART, waits)))["blocked_threads"] == 1
    assert _told(before, _after(5, threads=(MAIN, HEART, _used(waits, 1))))["blocked_threads"] == 0
    assert _told(before, _after(5, threads=None))["blocked_threads"] is None


def test_children():
    """The oldest is told by its age, the one that stands still longest by its name; a tree in which anything ran has not stood still."""
    young = Child(95, 9000, "identify", ((95, 1),))
    with_both = [_after(seconds, children=(CHILD, msgspec.structs.replace(young, ran=((95, seconds),)))) for seconds in (0, 5, 10)]
    told = _told(*with_both)

    assert (told["children"], told["oldest_child"], told["child_still"], told["child"]) == (2, 40_000, 10_000, "ffmpeg")
    moved = msgspec.structs.replace(CHILD, ran=((90, 5), (91, 7)))
    assert _told(*with_both, _after(15, children=(moved,)))["child_still"] == 0
    again = msgspec.structs.replace(CHILD, born=9_900)
    assert _told(*with_both, _after(15, children=(again,)))["child_still"] == 0
    assert _told(*with_both, _after(15))["child_still"] == 0
    assert _told(*with_both, _after(15, children=None))["child_still"] is None


def test_which_child_it_is():
    """Who is named is told by pid and start too, so that nothing else is ever taken for it; where there is none, both are 0."""
    told = _told(*(_after(seconds, children=(CHILD,)) for seconds in (0, 5)))

    assert (told["child"], told["child_pid"], told["child_start_ticks"]) == ("ffmpeg", 90, 6_000)
    assert (_told(SAMPLE)["child_pid"], _told(SAMPLE)["child_start_ticks"]) == (0, 0)
    assert _told(_after(0, children=None))["child_pid"] is None


def test_a_child_in_a_frozen_group_does_not_hang():
    """Where nothing may run, standing still says nothing, up to the first look after which it could have run."""
    looks = [_after(5 * number, children=(CHILD,), frozen=number in (2, 3)) for number in range(6)]

    assert [_told(*looks[: number + 1])["child_still"] for number in range(6)] == [0, 5_000, 0, 0, 0, 5_000]


def test_how_long_a_child_has_stood_up_to_this_moment():
    """From the first of its looks to now, unless it has run since the last, is another, or was in a frozen group; a gap counts as two looks at most."""
    seen = None
    for seconds in (0, 5, 10):
        seen = see(seen, _after(seconds, children=(CHILD,)), step=5_000)
    assert seen is not None
    now = seen.sample.at + 3_000

    assert stood(seen, CHILD, at=now, step=5_000) == 13_000
    assert stood(seen, CHILD, at=now + 600_000, step=5_000) == 20_000
    assert stood(seen, CHILD, at=now - 9_000, step=5_000) == 10_000
    assert stood(seen, msgspec.structs.replace(CHILD, ran=((90, 6), (91, 6))), at=now, step=5_000) == 0
    assert stood(seen, msgspec.structs.replace(CHILD, born=9_900), at=now, step=5_000) == 0
    assert stood(see(seen, _after(15, children=(CHILD,), frozen=True), step=5_000), CHILD, at=now + 5_000, step=5_000) == 0
    assert stood(see(seen, _after(15, children=None), step=5_000), CHILD, at=now + 5_000, step=5_000) == 0


def test_news_are_what_differs_enough():
    """Memory is told when it has moved by a hundredth of what was told last, so that it can't creep away; everything else when it differs."""
    told = {"memory": 1000 * 2**20, "cpu": 0.0, "state": "S"}

    assert news({}, told) == told
    assert news(told, {"memory": 1009 * 2**20, "cpu": 0.0, "state": "S"}) == {}
    assert news(told, {"memory": 1010 * 2**20, "cpu": 0.01, "state": "R"}) == {"memory": 1010 * 2**20, "cpu": 0.01, "state": "R"}
    assert news(told, {"memory": None, "cpu": 0.0, "state": "S"}) == {"memory": None}
    assert news({"memory": None}, {"memory": 5}) == {"memory": 5}
    assert news({"memory": None}, {"memory": None, "swap": None}) == {}
