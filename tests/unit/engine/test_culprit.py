"""Who is suspected, from what was seen: by what its thread uses, by where it stands, by what the log proves; and by nothing where nothing says it."""

import pytest

from watchdog.engine.culprit import MOST, Running, Traces, Worked, judge_traces, matched
from watchdog.model.evidence import Suspicion
from watchdog.model.results import DumpedThread

SLEEPS = ("/app/a.rb:24:in `sleep'", "/app/a.rb:24:in `perform'")
COMPUTES = ("/app/a.rb:33:in `block in perform'", "/app/a.rb:33:in `loop'")
JOBS = (Running("j1", "Sleep", "t1", 90_000), Running("j2", "Spin", "t2", 60_000), Running("j3", "Sleep", "t3", 10_000))


def dump(*places: tuple[str, ...], name: str = "sidekiq.default/processor") -> tuple[DumpedThread, ...]:
    """A dump of a process whose threads t1, t2, … stand there, beside the main one and the heartbeat."""
    others = (DumpedThread("t0", "", SLEEPS), DumpedThread("th", "sidekiq.heartbeat", SLEEPS))
    return (*others, *(DumpedThread(f"t{number}", name, frames) for number, frames in enumerate(places, start=1)))


def threads(*used: float | None, born: int = 0, runs: bool = True) -> tuple[Worked, ...]:
    """What the kernel shows: main, heartbeat, then those that run jobs, of one boot."""
    others = (Worked(10, "main", "sidekiq", 0, 0.0), Worked(11, "heartbeat", "heartbeat", 0, 0.0))
    return (*others, *(Worked(12 + number, "processor", "processor", born, one, runs=runs) for number, one in enumerate(used)))


def told(traces: Traces) -> list[tuple[str, str]]:
    """Who is suspected, and how surely."""
    return [(one.jid, one.suspicion.value) for one in judge_traces(traces).suspects]


def test_the_one_that_computes_is_named():
    """By two signs that know nothing of each other: its thread uses the processor, and its backtrace does not wait."""
    judged = judge_traces(Traces(jobs=JOBS, threads=threads(0.0, 0.9, 0.01), dumps=(dump(SLEEPS, COMPUTES, SLEEPS),)))

    assert [(one.jid, one.suspicion) for one in judged.suspects] == [("j2", Suspicion.PROVEN)]
    assert (
        judged.suspects[0].why == "its thread is the only one that computes: it uses 90% of a core, at /app/a.rb:33:in `block in perform'"
    )
    assert judged.alone == "", "it moves: nothing is settled by that"


@pytest.mark.parametrize("name", ["processor", "sidekiq.default/processor"])
def test_threads_are_matched_in_their_order(name):
    """Sidekiq 6 and later ones; those that run no jobs count for nothing."""
    found = matched(dump(SLEEPS, COMPUTES, name=name), threads(0.0, 0.9))

    assert {tid: thread.id for tid, thread in found.items()} == {"t1": 12, "t2": 13}


def test_threads_of_different_times_are_not_matched():
    """Up to Ruby 3.2 a thread that takes the place of a dead one can have a number from before: then a wrong one would be named."""
    replaced = (*threads(0.0, 0.9), Worked(99, "processor", "processor", 60_000, 0.0))

    assert matched(dump(SLEEPS, COMPUTES, SLEEPS), replaced) == {}
    assert matched(dump(SLEEPS, COMPUTES), replaced) == {}
    assert matched(dump(SLEEPS, COMPUTES, SLEEPS), threads(0.0, 0.9)) == {}, "one more in the dump"
    assert matched((), ()) == {}


def test_without_a_match_the_backtrace_and_the_use_together_are_likely():
    """One thread is hot, one job does not wait."""
    replaced = (*threads(0.0, 0.9), Worked(99, "processor", "processor", 60_000, 0.0))

    assert told(Traces(jobs=JOBS, threads=replaced, dumps=(dump(SLEEPS, COMPUTES, SLEEPS),))) == [("j2", "likely")]


def test_without_the_kernel_the_one_that_does_not_wait_is_likely():
    """In every dump: one that was met at work once can be anybody."""
    alone = Traces(jobs=JOBS, dumps=(dump(SLEEPS, COMPUTES, SLEEPS), dump(SLEEPS, COMPUTES[1:], SLEEPS)))
    changed = Traces(jobs=JOBS, dumps=(dump(SLEEPS, COMPUTES, SLEEPS), dump(SLEEPS, SLEEPS, SLEEPS)))

    assert told(alone) == [("j2", "likely")]
    assert ("j2", "likely") not in told(changed)


def test_a_thread_that_computes_and_whose_backtrace_waits_is_likely():
    """The signs contradict each other, or it is not of one kind."""
    assert told(Traces(jobs=JOBS, threads=threads(0.0, 0.9, 0.0), dumps=(dump(SLEEPS, SLEEPS, SLEEPS),))) == [("j2", "likely")]


def test_two_that_compute_are_both_likely():
    """Neither is the only one."""
    found = told(Traces(jobs=JOBS, threads=threads(0.5, 0.45, 0.0), dumps=(dump(COMPUTES, COMPUTES, SLEEPS),)))

    assert found == [("j1", "likely"), ("j2", "likely")]


def test_on_a_busy_machine_it_is_the_share_that_counts():
    """A fifth of a core, and running when it was looked at; what was not is likely."""
    busy = Traces(jobs=JOBS, threads=threads(0.0, 0.2, 0.0), dumps=(dump(SLEEPS, COMPUTES, SLEEPS),))
    waits = Traces(jobs=JOBS, threads=threads(0.0, 0.2, 0.0, runs=False), dumps=busy.dumps)

    assert (told(busy), told(waits)) == ([("j2", "proven")], [("j2", "likely")])


def test_those_that_compute_and_can_not_be_told_apart_are_counted():
    """Several are hot, and no dump says whose jobs they run."""
    judged = judge_traces(Traces(jobs=JOBS, threads=threads(0.3, 0.3, 0.0)))

    assert {one.suspicion.value for one in judged.suspects} == {"possible"}
    assert judged.note == "2 of its threads that run jobs compute, and it is not known which jobs these are"


def test_another_thread_that_computes_clears_all_jobs():
    """What holds the process up is none of them, and is named."""
    hot = (*threads(0.0, 0.0, 0.0), Worked(50, "other", "grpc_poller", 0, 0.95))
    for still in (False, True):
        judged = judge_traces(Traces(jobs=JOBS, threads=hot, dumps=(dump(SLEEPS, COMPUTES, SLEEPS),), still=still, whole=True))
        assert (judged.suspects, judged.alone) == ((), "")
        assert judged.note == "what computes in it is no thread that runs jobs: grpc_poller"


def test_those_that_stand_are_possible_and_the_oldest_comes_first():
    """At the same place in two dumps; who moved is not among them."""
    moved = dump(SLEEPS, ("/app/b.rb:1:in `wait'",), SLEEPS)
    judged = judge_traces(Traces(jobs=JOBS, dumps=(dump(SLEEPS, SLEEPS, SLEEPS), moved)))

    assert [(one.jid, one.suspicion.value) for one in judged.suspects] == [("j1", "possible"), ("j3", "possible")]
    assert judged.suspects[0].why == "its thread was at the same place in two dumps for 90 s, at /app/a.rb:24:in `sleep'"


def test_one_job_alone_is_likely():
    """Whatever else is known."""
    assert told(Traces(jobs=JOBS[:1])) == [("j1", "likely")]


def test_nothing_but_time_is_told_as_that():
    """No dump, no use: they run, the oldest first; five at most are named."""
    many = tuple(Running(f"j{number}", "Job", f"t{number}", number * 1000) for number in range(9))

    assert told(Traces(jobs=many)) == [(f"j{number}", "possible") for number in range(8, 8 - MOST, -1)]


def test_a_process_without_jobs_has_no_suspect():
    """And it is said."""
    judged = judge_traces(Traces(threads=threads(0.0)))
    assert (judged.suspects, judged.note) == ((), "no job is known to have begun in it")


def test_where_nothing_moves_the_log_alone_can_prove_it():
    """One job, and that no other had begun: it is named alone. Without the proof it is likely, and named by nobody."""
    proven = judge_traces(Traces(jobs=JOBS[:1], still=True, whole=True, last="j1"))
    doubtful = judge_traces(Traces(jobs=JOBS[:1], still=True))

    assert ([one.suspicion.value for one in proven.suspects], proven.alone) == (["proven"], "j1")
    assert ([one.suspicion.value for one in doubtful.suspects], doubtful.alone) == (["likely"], "")


def test_where_nothing_moves_and_several_had_begun_none_is_named_alone():
    """The one whose start is the last that was written is likely; whoever holds Ruby's lock can be another."""
    judged = judge_traces(Traces(jobs=JOBS, still=True, whole=True, last="j3", threads=threads(0.0, 1.0, 0.0)))

    assert [(one.jid, one.suspicion.value) for one in judged.suspects] == [("j3", "likely"), ("j1", "possible"), ("j2", "possible")]
    assert judged.alone == ""


@pytest.mark.parametrize(
    "frame", ["/a.rb:1:in `sleep'", "/a.rb:1:in 'Kernel#sleep'", "/a.rb:1:in 'Thread::Queue#pop'", "<internal:x>:9:in `wait_readable'"]
)
def test_waiting_is_known_by_the_innermost_call(frame):
    """In the words of Ruby before and from 3.4 on."""
    assert told(Traces(jobs=JOBS[:2], dumps=(dump((frame,), COMPUTES),))) == [("j2", "likely")]
