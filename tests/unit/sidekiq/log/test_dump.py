"""A thread dump, put together from its last line to its first."""

from watchdog.model.results import DumpedThread
from watchdog.sidekiq.log.dump import APART, DEEPEST, LONGEST, Dump
from watchdog.sidekiq.log.events import DumpBegan, Frames


def of(*events):
    """The threads of a dump of which these are the events in the order of time."""
    dump = Dump()
    for event in reversed(events):
        dump.take(event)
    return dump.threads


def frame(name, *, first=False):
    """One line of a backtrace."""
    return Frames((name,), first=first)


def test_lines_belong_to_the_thread_before_them():
    """Two threads with their lines, the innermost first."""
    assert of(
        DumpBegan(1, 9, "a", "main"), frame("a1", first=True), frame("a2"), DumpBegan(1, 9, "b", ""), frame("b1", first=True)
    ) == (DumpedThread("a", "main", ("a1", "a2")), DumpedThread("b", "", ("b1",)))  # fmt: skip


def test_the_backtrace_of_an_error_belongs_to_no_thread():
    """Before a dump, behind it, and in the midst of one."""
    error = (frame("e1", first=True), frame("e2"))
    assert of(*error, DumpBegan(1, 9, "a", ""), frame("a1", first=True), *error) == (DumpedThread("a", "", ("a1",)),)


def test_a_json_line_holds_a_whole_backtrace():
    """All its lines in one event."""
    assert of(DumpBegan(1, 9, "a", ""), Frames(("a1", "a2"), first=True)) == (DumpedThread("a", "", ("a1", "a2")),)


def test_only_the_latest_dump_counts():
    """One that is older stays out, and so do threads that it alone has."""
    old = (DumpBegan(1, 9, "a", "old"), frame("x", first=True), DumpBegan(1, 9, "z", ""))
    assert of(*old, DumpBegan(2 + APART, 9, "a", "new"), frame("y", first=True)) == (DumpedThread("a", "new", ("y",)),)


def test_it_is_bounded():
    """Of a deep backtrace the innermost lines are kept, of a long line its end."""
    (thread,) = of(DumpBegan(1, 9, "a", ""), frame("0" + "x" * 500, first=True), *(frame(str(number)) for number in range(1, 1_000)))

    assert len(thread.frames) == DEEPEST
    assert thread.frames[0] == "x" * LONGEST
    assert thread.frames[1] == "1"
