"""Which jobs ran at the end: on lines that real Sidekiqs wrote, and where a proof is wanting."""

from pathlib import Path

import pytest

from watchdog.model.findings import Certainty, Origin
from watchdog.model.log_lines import Extent, LinesLost, LogLine, ReadEnd
from watchdog.recovery.ran_at_end import BURST, MOST, WINDOW, AtEnd

CAPTURED = Path(__file__).parent / "captured"
NOW = 1_795_700_000_000
PID = 42
UNIT = "mastodon-sidekiq.service"


def captured(name):
    """The lines of a real life, its pid, and the jid of the job that it was held by."""
    head, *texts = (CAPTURED / name).read_bytes().decode().split("\n")
    _, _, pid, _, held = head.split()
    return [LogLine(text) for text in texts if text], int(pid), held


def read(entries, *, pid=PID, until=NOW, threads=0, end=ReadEnd.BEGINNING, **settings):
    """The answer to entries in the order of time, and how many of them had to be read for it."""
    at_end = AtEnd(pid=pid, until=until, threads=threads, **settings)
    taken = 0
    for entry in reversed(entries):
        taken += 1
        if at_end.take(entry):
            break
    return at_end.answer(Extent(end, taken)), taken


def said(at, msg, *, tid="a", jid="", elapsed="", pid=PID):
    """A line of Sidekiq in the journal, so many milliseconds before now."""
    fields = f" class=Push jid={jid}{f' elapsed={elapsed}' if elapsed else ''}" if jid else ""
    return LogLine(f"pid={pid} tid={tid}{fields} INFO: {msg}", NOW - at, pid, UNIT)


def start(at, jid, tid="a"):
    """A job begins."""
    return said(at, "start", tid=tid, jid=jid)


def done(at, jid, tid="a", word="done"):
    """A job ends."""
    return said(at, word, tid=tid, jid=jid, elapsed="0.1")


def verdicts(found):
    """Jids and how sure it is."""
    return [(one.jid, one.certainty) for one in found.findings]


WORKS = [start(30_000, "j1"), done(20_000, "j1")]


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURED.glob("*-kill.log")))
def test_a_real_sidekiq_that_was_killed(name):
    """Its one running job is found by every version in every form, proven where its lines tell the time, with the place in the code where it was."""
    lines, pid, held = captured(name)
    found, _ = read(lines, pid=pid, until=captured_end(lines), threads=2)

    assert [(one.jid, one.job_class, one.origin) for one in found.findings] == [(held, "Noted", Origin.LOG)]
    assert found.findings[0].certainty is (Certainty.LIKELY if "dyno" in name else Certainty.PROVEN)
    assert found.clean is None
    threads = {thread.tid: thread for thread in found.threads}
    assert threads[found.findings[0].tid].frames[0] == "/srv/app/app.rb:26:in `sleep'"
    assert len(threads) == 5


@pytest.mark.parametrize("name", sorted(path.name for path in CAPTURED.glob("*-term.log")))
def test_a_real_sidekiq_that_ended_in_good_order(name):
    """It pushed its job back, 2.5 s and more after it had become quiet: nothing is left to find, and that is proven in every form."""
    lines, pid, _ = captured(name)
    found, taken = read(lines, pid=pid, until=captured_end(lines), threads=2)

    assert (found.findings, found.clean, found.pushed_back, found.missing) == ((), True, 1, ())
    assert taken < 14


def captured_end(lines):
    """The time of the last line that has one."""
    from watchdog.sidekiq.log.head import read_head

    return max(head.at for line in lines if (head := read_head(line.text)) is not None)


def test_a_start_without_an_end_is_proven():
    """Starts and ends came in the last minute, and nothing is missing."""
    found, _ = read([*WORKS, start(10_000, "j2")], threads=1)

    assert verdicts(found) == [("j2", Certainty.PROVEN)]
    assert found.started == {"j2": NOW - 10_000}
    assert found.missing == ()


def test_suppressed_lines_behind_the_start_make_it_likely():
    """Lines of the unit that journald dropped behind the start: the end may be among them. A hole before the start does no harm, and neither does another unit's."""
    hole = LinesLost(NOW - 5_000, 1_234, UNIT, "journald suppressed lines")
    found, _ = read([*WORKS, start(10_000, "j2"), hole])
    assert verdicts(found) == [("j2", Certainty.LIKELY)]
    assert "journald suppressed lines (1,234 of them)" in found.missing

    before = LinesLost(NOW - 40_000, 9, UNIT, "journald suppressed lines")
    foreign = LinesLost(NOW - 5_000, 9, "nginx.service", "journald suppressed lines")
    assert verdicts(read([before, *WORKS, start(10_000, "j2"), foreign])[0]) == [("j2", Certainty.PROVEN)]


def test_a_hole_that_nobody_dates_or_names_counts():
    """Where it is not known whose lines are missing, or when, they may be these."""
    for hole in (LinesLost(NOW - 5_000, 0, "", "gone"), LinesLost(0, 0, UNIT, "gone")):
        assert verdicts(read([*WORKS, start(10_000, "j2"), hole])[0]) == [("j2", Certainty.LIKELY)]


def test_the_last_minute_is_that_before_the_last_sign_of_life():
    """A process that has been frozen for an hour is judged by the minute before."""
    hour = 3_600_000
    lines = [start(hour + 30_000, "j1"), done(hour + 20_000, "j1"), start(hour + 10_000, "j2")]
    assert verdicts(read(lines, until=NOW - hour)[0]) == [("j2", Certainty.PROVEN)]


def test_a_level_that_hides_jobs_says_nothing():
    """With RAILS_LOG_LEVEL=warn there are lines and none of jobs: nothing is found, and it is said why."""
    found, _ = read([said(10_000, "Shutting up"), LogLine("pid=42 tid=a WARN: something", NOW - 5_000, PID, UNIT)])
    assert verdicts(found) == []
    assert any("RAILS_LOG_LEVEL" in missing for missing in found.missing)

    nothing, _ = read([])
    assert any("no line of pid 42" in missing for missing in nothing.missing)


@pytest.mark.parametrize(
    "lines",
    [
        [start(50_000, "j1"), start(40_000, "j2")],
        [done(50_000, "j1"), done(40_000, "j2")],
        [start(50_000, "j1"), done(40_000, "j2")],
        [done(50_000, "j1"), done(40_000, "j1")],
    ],
)  # fmt: skip
def test_a_thread_that_breaks_its_order_proves_nothing(lines):
    """Start, end, start: where it is otherwise, lines are missing or forged."""
    found, _ = read([*lines, *WORKS, start(10_000, "j3")])
    assert verdicts(found) == [("j3", Certainty.LIKELY)]
    assert any("follow each other" in missing for missing in found.missing)


def test_a_job_that_says_start_itself():
    """It is the same job, and no break of the order."""
    found, _ = read([*WORKS, start(10_000, "j2"), start(9_000, "j2")])
    assert verdicts(found) == [("j2", Certainty.PROVEN)]


def test_many_lines_at_the_end_may_hide_a_hole():
    """Journald tells what it dropped only with the next line that it lets through: at the end of a busy process it may not have said so yet."""
    busy = [line for number in range(BURST // 2) for line in (start(9_000, f"b{number}", "b"), done(9_000, f"b{number}", "b"))]
    lines = [*busy, start(8_000, "j2")]

    assert verdicts(read(lines, drops=True)[0]) == [("j2", Certainty.LIKELY)]
    assert verdicts(read(lines, drops=True, burst=0)[0]) == [("j2", Certainty.PROVEN)]
    assert verdicts(read(lines, drops=False)[0]) == [("j2", Certainty.PROVEN)]
    assert verdicts(read(lines[2:], drops=True)[0]) == [("j2", Certainty.PROVEN)]


def test_reading_ends_when_each_thread_is_known():
    """Not one line more; where lines can be dropped, half a minute must be seen."""
    lines = [start(90_000, "o"), done(80_000, "o"), *WORKS, start(10_000, "j2"), start(9_000, "j3", "b"), done(8_000, "j3", "b")]

    assert read(lines, threads=2)[1] == 3
    assert read(lines, threads=2, drops=True)[1] == 6
    assert read(lines[:5], threads=1)[1] == 2, "an end must be seen too, for a proof"


def test_a_failed_job_has_taken_its_thread_with_it():
    """A thread that ended by a failure was replaced: it does not count as one of those that are known, or a stuck one would be missed."""
    lines = [
        start(50_000, "stuck"),
        start(40_000, "f1", "b"),
        done(39_000, "f1", "b", "fail"),
        start(30_000, "f2", "c"),
        done(29_000, "f2", "c", "fail"),
    ]
    lines += [start(20_000, "j1", "d"), done(10_000, "j1", "d")]

    assert [one.jid for one in read(lines, threads=2)[0].findings] == ["stuck"]


def test_reading_ends_where_the_process_began():
    """Nothing of it lies before, and what lies there was another with the same pid."""
    found, taken = read([start(90_000, "other"), said(50_000, "Running in ruby 3.1"), *WORKS, start(10_000, "j2")])
    assert (taken, verdicts(found)) == (4, [("j2", Certainty.PROVEN)])


def test_what_was_not_read_is_said():
    """Bounds that were reached before the answer."""
    found, _ = read([*WORKS, start(10_000, "j2")], threads=5, end=ReadEnd.OUT_OF_TIME)
    assert found.missing == ("only 3 lines were read in 0 ms: of 5 threads 1 are known",)
    assert verdicts(found) == [("j2", Certainty.PROVEN)]


def test_a_failed_requeue_is_no_clean_stop():
    """Redis was away at that moment: the jobs are lost, and still found."""
    lines = [
        *WORKS,
        start(10_000, "j2"),
        said(5_000, "Shutting down"),
        said(4_000, "Failed to requeue 1 jobs: Connection refused"),
        said(1_000, "Bye!"),
    ]
    found, _ = read(lines)
    assert (found.clean, found.not_pushed_back) == (False, 1)


def test_a_stop_is_clean_only_if_all_of_it_was_read():
    """Between "Shutting down" and "Bye!" a failure could stand."""
    found, _ = read([said(2_000, "Bye!")])
    assert found.clean is None
    assert read([said(5_000, "Shutting down"), said(2_000, "Bye!")])[0].clean is True


def ending(*, quiet: int | None, down: int, pushed: int, jobs: int = 1, before: int = 60_000):
    """The last words of a process that had `jobs` unfinished jobs, each so many milliseconds before now."""
    return [
        start(before, "j0"),
        done(before - 100, "j0"),
        start(before - 200, "j1", "b"),
        *([said(quiet, "Received TSTP, no longer accepting new work")] if quiet is not None else []),
        said(down, "Shutting down"),
        *([said(pushed, f"Pushed {jobs} jobs back to Redis"), done(pushed - 1, "j1", "b", "fail")] if jobs else []),
        said(pushed - 500, "Bye!"),
    ]


@pytest.mark.parametrize(
    ("lines", "clean"),
    [
        (ending(quiet=None, down=5_000, pushed=2_500), True),
        (ending(quiet=None, down=5_000, pushed=2_501), None),
        (ending(quiet=None, down=5_000, pushed=3_500), None),
        (ending(quiet=5_000, down=4_000, pushed=2_500), True),
        (ending(quiet=4_999, down=4_000, pushed=2_500), None),
        (ending(quiet=40_000, down=4_000, pushed=3_500), True),
        (ending(quiet=None, down=5_000, pushed=4_000, jobs=0), True),
    ],
)
def test_a_stop_in_haste_proves_nothing(lines, clean):
    """
    Jobs that were pushed back within 2.5 s after quieting may have been taken again by a thread that still waited for one.

    It does not matter which word made it quiet, or how long before; where nothing was unfinished nothing can be taken again.
    """
    found, _ = read(lines, threads=5)

    assert found.clean is clean
    assert found.hasty is (clean is None)
    assert verdicts(found) == ([] if clean else [("j1", Certainty.LIKELY)])


def test_the_hasty_end_is_said_in_words():
    """With the time, and with what to do about it."""
    found, _ = read(ending(quiet=None, down=5_000, pushed=3_500), threads=5)

    assert found.missing[0].startswith(
        "it pushed its jobs back 1.5 s after it was told to take no more: one of its idle threads may have taken"
    )
    assert (found.pushed_back, found.findings[0].job_class) == (1, "Push")


def test_it_is_read_on_until_it_is_known_when_it_became_quiet():
    """Beyond "Shutting down" only where it was pushed back in haste, and up to the last start: who starts a job is not quiet."""
    slow, quick = ending(quiet=40_000, down=9_000, pushed=2_500), ending(quiet=None, down=5_000, pushed=3_500)

    assert read([start(70_000, "o"), done(69_000, "o"), *slow], threads=5)[1] == 4
    assert read([start(70_000, "o"), done(69_000, "o"), *quick], threads=5)[1] == 5


def test_without_times_its_word_is_believed():
    """Neither line nor log tells how soon it was."""
    lines = [LogLine(line.text, 0, PID, UNIT) for line in ending(quiet=None, down=5_000, pushed=3_500)]

    assert read(lines)[0].clean is True


def test_a_requeue_that_failed_is_no_matter_of_haste():
    """What is lost is lost, however quickly."""
    lines = [*ending(quiet=None, down=5_000, pushed=3_500), said(1_000, "Failed to requeue 1 jobs: gone")]

    assert (read(lines)[0].clean, read(lines)[0].hasty) == (False, False)


def test_lines_of_others_are_not_heard():
    """Neither another process in the same file nor another writer in the journal."""
    file = [LogLine(line.text) for line in (start(9_000, "j2"),)]
    assert read([*file], pid=43)[0].findings == ()
    assert read([LogLine("pid=42 tid=a class=A jid=x INFO: start", NOW, 43, UNIT)])[0].findings == ()


def test_a_line_that_comes_late():
    """The log is a moment behind the process: a job that ended in that moment is not found, one that began is."""
    at_end = AtEnd(pid=PID, until=NOW)
    for entry in reversed([*WORKS, start(10_000, "j2")]):
        at_end.take(entry)
    at_end.take_later(done(100, "j2"))
    at_end.take_later(start(50, "j3"))

    assert verdicts(at_end.answer(Extent(ReadEnd.BEGINNING, 3))) == [("j3", Certainty.PROVEN)]


def test_half_a_minute_is_what_journald_counts():
    """The window is that of its default."""
    assert (WINDOW, BURST) == (30_000, 10_000)


def test_an_answer_stays_small():
    """Whoever writes starts of ten thousand threads does not get them all named, and none proven; a thousand holes are one sentence."""
    forged = [start(9_000, f"f{number}", f"t{number}") for number in range(MOST + 500)]
    found, _ = read([*WORKS, *forged])
    assert len(found.findings) == MOST
    assert {one.certainty for one in found.findings} == {Certainty.LIKELY}
    assert found.missing[0].startswith("500 more starts")

    holes = [LinesLost(NOW - 100, 2, UNIT, "journald suppressed lines")] * 1_000
    assert "journald suppressed lines (2,000 of them)" in read([*WORKS, start(9_000, "j2"), *holes])[0].missing


def test_a_job_that_only_said_something():
    """Its start was not read, and it spoke after every end of its thread: it is likely to run, since nobody knows when. With its start it is proven."""
    spoke = said(10_000, "any words", jid="j2")
    found, _ = read([*WORKS, said(10_000, "any words", jid="j2", tid="b")])
    assert (verdicts(found), found.started) == ([("j2", Certainty.LIKELY)], {"j2": 0})
    assert verdicts(read([*WORKS, spoke, start(9_000, "j3", "b")])[0]) == [("j3", Certainty.LIKELY), ("j2", Certainty.LIKELY)]
    assert verdicts(read([*WORKS, start(15_000, "j2"), spoke])[0]) == [("j2", Certainty.PROVEN)]
    assert verdicts(read([*WORKS, spoke, done(5_000, "j2")])[0]) == []
