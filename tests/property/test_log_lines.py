"""Whatever stands in a log: reading it never raises, never shows a text, and no stranger's text ends somebody's job."""

from hypothesis import given
from hypothesis import strategies as st

from watchdog.mastodon.web_log import read_web_line
from watchdog.model.log_lines import Extent, LogLine, ReadEnd
from watchdog.recovery.ran_at_end import AtEnd
from watchdog.sidekiq.log.events import JobSaid, JobStarted
from watchdog.sidekiq.log.parse import parse

NOW = 1_795_700_000_000
HEADS = st.sampled_from(
    [
        "pid=42 tid=a class=A jid=j1",
        "pid=42 tid=b",
        "\x1b[1;34mINFO \x1b[0m 2026-11-22T14:11:22.000Z pid=42 tid=a jid=j2 class=A",
        '{"ts":"',
        "pid=7 tid=a",
    ]
)
WORDS = st.sampled_from(
    [
        " INFO: start",
        " INFO: done",
        " elapsed=0.1 INFO: done",
        ": fail",
        " elapsed=1e-05: fail",
        " WARN: Thread TID-a x",
        " INFO: Bye!",
        ": /a.rb:1:in `x'",
        "/a.rb:1:in `x'",
        " INFO: Pushed 3 jobs back to Redis",
        " INFO: Shutting down",
    ]
)
TEXTS = st.text(max_size=60) | st.builds(lambda head, word, rest: head + word + rest, HEADS, WORDS, st.sampled_from(["", "\n", " ", "x"]))
LINES = st.builds(LogLine, TEXTS, st.sampled_from([0, NOW, NOW - 10_000, NOW - 100_000]), st.sampled_from([0, 42, 7]))


@given(st.lists(LINES, max_size=20), st.integers(0, 3), st.booleans())
def test_it_never_raises(lines, threads, drops):
    """Any lines in any order have an answer, and their text does not appear in it unless it is a jid or a class."""
    at_end = AtEnd(pid=42, until=NOW, threads=threads, drops=drops)
    for line in lines:
        read_web_line(line)
        at_end.take(line)
    for line in lines:
        at_end.take_later(line)
    found = at_end.answer(Extent(ReadEnd.BEGINNING, len(lines)))

    assert {one.jid for one in found.findings} <= {"j1", "j2"}


@given(st.text(max_size=300))
def test_a_message_of_a_job_is_never_an_event(message):
    """What a job says through the logger, be it what it may, on one line: that this job runs, and nothing else."""
    message = message.replace("\n", " ")
    for line in (f"pid=42 tid=a class=A jid=j1 INFO: {message}", f"INFO  pid=42 tid=a jid=j1 class=A: {message}"):
        event = parse(LogLine(line))
        assert isinstance(event, JobStarted if message == "start" else JobSaid)
        assert event.jid == "j1"
