"""Whether a log tells of ends, and was still written: on a quiet server too, where nothing came and went in the last minute."""

import pytest

from tests.unit.recovery.test_ran_at_end import NOW, PID, UNIT, WORKS, captured, captured_end, done, read, said, start, verdicts
from watchdog.model.findings import Certainty
from watchdog.model.log_lines import Extent, LinesLost, LogLine, ReadEnd
from watchdog.recovery.log_habits import PICTURED, RECENT
from watchdog.recovery.ran_at_end import AtEnd

HOUR = 3_600_000
BOOT = said(HOUR, "Running in ruby 3.1")
LONG_AGO = [start(HOUR - 9_000, "j0", "z"), done(HOUR - 10_000, "j0", "z")]
PROVEN, LIKELY = Certainty.PROVEN, Certainty.LIKELY


@pytest.mark.parametrize(
    ("lines", "running", "certainty"),
    [
        # The log writes ends, and the start itself lies in the last minute.
        ([*LONG_AGO, start(10_000, "j2")], (), PROVEN),
        ([*LONG_AGO, start(RECENT, "j2")], None, PROVEN),
        # It was not written for longer than a minute: what the work hash held ran still, and of others nobody knows.
        ([*LONG_AGO, start(RECENT + 1, "j2")], None, LIKELY),
        ([*LONG_AGO, start(RECENT + 1, "j2")], ("j2",), PROVEN),
        ([*LONG_AGO, start(RECENT + 1, "j2")], ("j1", "j0"), LIKELY),
        # Another job began in the last minute: then it was written.
        ([*LONG_AGO, start(RECENT + 1, "j2"), start(20_000, "j3", "b"), done(10_000, "j3", "b")], None, PROVEN),
        # What began long before the last beat and does not stand in its work hash had ended: the log has lost that.
        ([*WORKS, start(PICTURED, "j2")], (), PROVEN),
        ([*WORKS, start(PICTURED + 1, "j2")], (), LIKELY),
        ([*WORKS, start(PICTURED + 1, "j2")], ("j2",), PROVEN),
        ([*WORKS, start(PICTURED + 1, "j2")], None, PROVEN),
        # No end was ever read: the log must be there from its first line on.
        ([BOOT, start(10_000, "j2")], (), PROVEN),
        ([start(10_000, "j2")], (), LIKELY),
        ([start(10_000, "j2")], ("j2",), LIKELY),
        ([BOOT, start(RECENT + 1, "j2")], None, LIKELY),
        ([BOOT, start(RECENT + 1, "j2")], ("j2",), PROVEN),
        # Its logger may have other words for an end; where it has been heard to say "done" they are just words.
        ([BOOT, start(10_000, "j2"), said(9_000, "Finished", jid="j2")], (), LIKELY),
        ([BOOT, start(10_000, "j2"), said(9_000, "Finished", jid="j2", elapsed="0.1")], ("j2",), LIKELY),
        ([BOOT, *LONG_AGO, start(10_000, "j2"), said(9_000, "Finished", jid="j2")], (), PROVEN),
        ([BOOT, *LONG_AGO, start(10_000, "j2"), said(9_000, "Finished", jid="j2", elapsed="0.1")], (), PROVEN),
    ],
)
def test_on_a_quiet_server(lines, running, certainty):
    """One job that began, and a log in which little else stands."""
    found, _ = read(lines, running=None if running is None else frozenset(running))

    assert verdicts(found)[0] == ("j2", certainty)
    assert bool(found.missing) or certainty is PROVEN


def test_a_thread_that_goes_on_without_an_end():
    """A logger that writes starts alone gives itself away by the second job of a thread: no boot line helps then."""
    found, _ = read([BOOT, start(30_000, "j1"), start(10_000, "j2")])
    assert verdicts(found) == [("j2", LIKELY)]


def test_a_hole_since_its_start():
    """The log is there from the first line on but for what journald has dropped."""
    hole = LinesLost(NOW - 5_000, 7, UNIT, "journald suppressed lines")
    assert verdicts(read([BOOT, start(10_000, "j2"), hole])[0]) == [("j2", LIKELY)]
    assert verdicts(read([*LONG_AGO, start(RECENT + 1, "j2"), hole], running=frozenset({"j2"}))[0]) == [("j2", LIKELY)]


@pytest.mark.parametrize("level", ["WARN", "ERROR", "FATAL"])
@pytest.mark.parametrize("line", ["pid=42 tid=a class=A jid=j2 {}: start", "{} pid=42 tid=a jid=j2 class=A: start", "\x1b[1;33m{} \x1b[0m pid=42 tid=a jid=j2 class=A: start"])  # fmt: skip
def test_a_job_that_says_start_where_the_logger_is_silent(level, line):
    """With RAILS_LOG_LEVEL=warn only what is loud is written: that is the job's own word and begins nothing."""
    loud = LogLine(line.format(level), NOW - 10_000, PID, UNIT)
    quiet = LogLine(line.format("INFO"), NOW - 10_000, PID, UNIT)

    assert verdicts(read([BOOT, *LONG_AGO, loud])[0]) == [("j2", LIKELY)]
    assert verdicts(read([BOOT, loud])[0]) == [("j2", LIKELY)]
    assert verdicts(read([BOOT, quiet])[0]) == [("j2", PROVEN)]


def test_a_job_that_prints_what_another_process_would_write():
    """The journal names the writer: an end or a first line of another pid is none of this one's, whoever prints it."""
    lines = [said(HOUR, "Running in ruby 3.1", pid=43), done(20_000, "j9"), start(10_000, "j2")]
    forged = [LogLine(line.text.replace("pid=42", "pid=43"), line.at, PID, UNIT) for line in lines[:2]]

    assert verdicts(read([*forged, lines[2]])[0]) == [("j2", LIKELY)]


def test_all_that_stands_before_is_read_for_an_end():
    """Where its threads are known and no end was seen: up to an end or the first line; and not one line further."""
    lines = [start(HOUR - 5_000, "x", "y"), *LONG_AGO, *(said(HOUR // 2, "words") for _ in range(5)), start(10_000, "j2")]

    assert read(lines, threads=1)[1] == 7
    assert read([start(HOUR, "x"), BOOT, start(10_000, "j2")], threads=1)[1] == 2


def test_what_is_said_of_it():
    """In words, and with what to do."""
    (unwritten,) = read([BOOT, *LONG_AGO, start(RECENT + 1, "j2")])[0].missing
    assert unwritten == "in the last minute before the end no job began or ended in the log: it may not have been written any more"
    lost = read([BOOT, *WORKS, start(PICTURED + 1, "j2")], running=frozenset())[0].missing
    assert lost == ("jobs that began long before its last beat and were not in its work hash then: 1; the log does not tell of their ends",)
    assert "whether this log tells of ends" in read([start(10_000, "j2")])[0].missing[0]
    assert read([BOOT, start(10_000, "j2")])[0].missing == ()
    (spoken,) = read([BOOT, start(10_000, "j2"), said(9_000, "words", jid="j2")])[0].missing
    assert "one that has said something since its start may be through" in spoken


@pytest.mark.parametrize("name", ["6.4.1-default-kill.log", "7.3.2-json-kill.log", "8.1.7-default-kill.log", "8.1.7-plain-kill.log"])
def test_a_real_sidekiq_whose_first_job_is_its_last(name):
    """Every version writes its first line so that nothing lies before it: without one end, the job that held it is proven."""
    lines, pid, held = captured(name)
    quiet = [line for line in lines if f"jid={held}" in line.text or held in line.text or "jid" not in line.text]
    found, _ = read(quiet, pid=pid, until=captured_end(lines), threads=2)

    assert found.ends == 0
    assert verdicts(found) == [(held, PROVEN)]


def test_a_line_that_comes_late_is_one_of_them():
    """The end of another job that journald had not taken yet tells that the log writes ends."""
    at_end = AtEnd(pid=PID, until=NOW)
    for entry in reversed([start(20_000, "j1", "b"), start(10_000, "j2")]):
        at_end.take(entry)
    at_end.take_later(done(100, "j1", "b"))
    assert verdicts(at_end.answer(Extent(ReadEnd.BEGINNING, 2))) == [("j2", PROVEN)]
