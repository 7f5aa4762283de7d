"""The log of a running agent."""

import io
import logging

import pytest

from watchdog.cli.logs import JournalLines, Level, Lines, begin_logging, is_journal, priority


@pytest.fixture
def quiet_after():
    """Give logging back as it was."""
    root, ours = logging.getLogger(), logging.getLogger("watchdog")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def record(message: str, level: int = logging.WARNING) -> logging.LogRecord:
    """A record as the program makes it."""
    return logging.LogRecord("watchdog.x", level, __file__, 1, "%s", (message,), None)


def test_a_message_can_not_command_the_terminal():
    """A job class with an escape sequence is written out; lines stay lines."""
    line = Lines().format(record("class \x1b[2J\nsecond"))
    assert line.endswith("WARNING class \\x1b[2J\nsecond")


def test_the_journal_gets_the_level_on_every_line():
    """Each line of a traceback becomes an entry of its own and keeps its level."""
    assert JournalLines().format(record("first\nsecond", logging.ERROR)) == "<3>first\n<3>second"


@pytest.mark.parametrize(
    ("level", "number"), [(logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7)]
)
def test_levels_have_syslogs_numbers(level, number):
    """As journald reads them (sd-daemon(3))."""
    assert priority(level) == number


def test_only_the_stream_that_the_journal_reads_counts(tmp_path):
    """A redirected stream is not the journal, though JOURNAL_STREAM is still set."""
    with (tmp_path / "one").open("w") as one, (tmp_path / "other").open("w") as other:
        status = (tmp_path / "one").stat()
        named = f"{status.st_dev}:{status.st_ino}"
        assert is_journal(one, named)
        assert not is_journal(other, named)
        assert not is_journal(one, "")
    assert not is_journal(io.StringIO(), named)


def test_the_agent_speaks_at_its_level_and_libraries_only_to_warn(quiet_after):
    """`--log-level debug` does not bring the chatter of libraries along."""
    stream = io.StringIO()
    begin_logging(Level.INFO, stream)
    logging.getLogger("watchdog.daemon").info("ours")
    logging.getLogger("watchdog.daemon").debug("not asked for")
    logging.getLogger("aiohttp").info("theirs")
    logging.getLogger("aiohttp").warning("a warning")
    assert [line.split(maxsplit=3)[3] for line in stream.getvalue().splitlines()] == ["ours", "a warning"]
