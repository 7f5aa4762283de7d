"""The veto guard: which jobs keep their process from being interrupted, when they do, and when nothing does."""

import pytest

from tests.scenario.conversation import job, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.guards.veto import veto
from watchdog.engine.sparing import can_be_interrupted, spared_jobs
from watchdog.model.events import Delta
from watchdog.model.findings import Certainty
from watchdog.model.flight import Held
from watchdog.model.kinds import Kind
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Answer, Verdict

BLOCK = job(ONE, "b1", AT - 5_400_000, thread="t2", job_class="DomainBlockWorker")
YOUNG = job(ONE, "y1", AT - 90_000, thread="t3", job_class="Admin::DomainPurgeWorker")
KEPT = (Held("k1", "DomainBlockWorker", "default", Certainty.PROVEN, ("work_hash",), True),)
PATTERNS = ("DomainBlockWorker", "Admin::*")


def verdict_on(view, *jobs: Delta, age: int = 5_000, veto_of: tuple[str, ...] = PATTERNS, **changes) -> Verdict:
    """What the guard says of a process with these jobs that beat `age` milliseconds ago."""
    return veto(view(world=picture(process(ONE, AT - age), *jobs), settings={"veto": veto_of}, **changes))


@pytest.mark.parametrize(
    ("jobs", "patterns", "reason"),
    [
        ((), PATTERNS, ""),
        ((job(ONE, "j1", 1_000),), PATTERNS, ""),
        ((BLOCK,), (), ""),
        ((BLOCK,), ("Domain",), ""),
        ((BLOCK,), ("domain*",), ""),
        ((job("web1:11:def", "b1", 1_000, job_class="DomainBlockWorker"),), PATTERNS, ""),
        ((BLOCK,), PATTERNS, "it must not be interrupted: DomainBlockWorker b1, running for 90 min"),
        ((BLOCK,), ("*Block*",), "it must not be interrupted: DomainBlockWorker b1, running for 90 min"),
        ((job(ONE, "j1", 1_000), YOUNG), PATTERNS, "it must not be interrupted: Admin::DomainPurgeWorker y1, running for 90 s"),
        (
            (BLOCK, YOUNG),
            PATTERNS,
            "it must not be interrupted: DomainBlockWorker b1, running for 90 min; Admin::DomainPurgeWorker y1, running for 90 s",
        ),
    ],
)
def test_what_denies(view, jobs, patterns, reason):
    """A job of the target whose whole class fits a pattern, small and capital letters apart; with its class and for how long."""
    verdict = verdict_on(view, *jobs, veto_of=patterns)

    assert verdict == Verdict("veto", Answer.DENY if reason else Answer.PASS, reason)


def test_three_are_named(view):
    """Of many jobs three, and how many more there are."""
    many = [job(ONE, f"b{number}", AT, thread=f"t{number}", job_class="DomainBlockWorker") for number in range(5)]

    assert verdict_on(view, *many).reason.endswith("DomainBlockWorker b2, running for 0 s; and 2 more")


@pytest.mark.parametrize("signal", list(Signal))
def test_before_anything_is_done_it_denies_whatever_is_to_be_sent(view, signal):
    """Quiet is the beginning of the end: a process that holds such a job is not even told to be quiet."""
    assert verdict_on(view, BLOCK, signal=signal).answer is Answer.DENY


@pytest.mark.parametrize(
    ("signal", "answer"),
    [
        (Signal.TERM, Answer.DENY),
        (Signal.KILL, Answer.DENY),
        (Signal.CONT, Answer.PASS),
        (Signal.TSTP, Answer.PASS),
        (Signal.TTIN, Answer.PASS),
    ],
)
def test_afterwards_only_what_ends_the_process_is_denied(view, signal, answer):
    """Who has been made quiet is woken and looked at; TERM and KILL would interrupt."""
    assert verdict_on(view, BLOCK, signal=signal, committed=True).answer is answer


def test_where_nothing_goes_on_nothing_is_interrupted(view):
    """A process that is dead, or proven to be frozen."""
    assert verdict_on(view, BLOCK, interrupts=False).answer is Answer.PASS


def test_a_silent_process_is_believed_to_run_what_it_ran(view):
    """While it does not beat Redis forgets its jobs: those that were kept count, and one that beats is believed itself."""
    silent = verdict_on(view, age=60_000, kept=KEPT)

    assert silent == Verdict("veto", Answer.DENY, "it must not be interrupted: DomainBlockWorker k1, which may still run")
    assert verdict_on(view, age=59_999, kept=KEPT).answer is Answer.PASS


def test_a_job_of_unknown_class_has_no_veto(view):
    """What can't be read fits no pattern, not even `*`."""
    assert verdict_on(view, BLOCK, Delta(Kind.JOB, BLOCK.id, {"job_class": None}), veto_of=("*",)).answer is Answer.PASS


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, True),
        ({"alive": False}, False),
        ({"clean_stop": True, "listed": False, "local": True, "alive": True}, False),
        ({"clean_stop": True}, True),
        ({"confirmed_at": AT - 60_000, "heartbeat_still": 15_000}, False),
        ({"confirmed_at": AT - 59_999, "heartbeat_still": 15_000}, True),
        ({"confirmed_at": AT - 60_000, "heartbeat_still": 14_999}, True),
        ({"confirmed_at": AT - 60_000}, True),
        ({"confirmed_at": AT - 60_000, "heartbeat_still": 70_000, "stopped": True}, True),
        ({"confirmed_at": AT - 60_000, "heartbeat_still": 70_000, "traced": True}, True),
    ],
)
def test_who_can_be_interrupted(more, expected):
    """Not the dead, not who has given everything back, not who is proven to be frozen; a process in somebody's hands goes on where it was."""
    world = picture(process(ONE, AT), Delta(Kind.PROCESS, ONE, more))

    assert can_be_interrupted(world.find(Kind.PROCESS, ONE), AT) is expected


def test_of_a_process_that_nobody_knows_only_what_was_kept():
    """It is in no picture any more."""
    assert [str(one) for one in spared_jobs(picture(), ONE, PATTERNS, AT, kept=KEPT)] == ["DomainBlockWorker k1, which may still run"]
    assert spared_jobs(picture(), ONE, (), AT, kept=KEPT) == ()
