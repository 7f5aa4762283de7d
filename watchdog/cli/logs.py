"""
The log of a running agent: lines on standard error, in the form of whoever reads them.

Under systemd the journal adds the time itself and takes the level from a prefix (sd-daemon(3)); it sets JOURNAL_STREAM to the
device and inode of the stream that it reads (systemd.exec(5)). Anywhere else lines begin with time and level.
"""

import logging
import os
from enum import StrEnum
from typing import TextIO

from watchdog.cli.output import clean


class Level(StrEnum):
    """How much is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Lines(logging.Formatter):
    """Time, level, message. Every line of it is made harmless by itself: a message may quote the name of a job."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """All lines of a record."""
        return "\n".join(clean(line) for line in super().format(record).split("\n"))


class JournalLines(Lines):
    """The message behind a level that journald understands, on every line, since each becomes an entry of its own."""

    def __init__(self) -> None:
        logging.Formatter.__init__(self, "%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """All lines of a record."""
        prefix = f"<{priority(record.levelno)}>"
        return "\n".join(f"{prefix}{line}" for line in super().format(record).split("\n"))


def begin_logging(level: Level, stream: TextIO) -> None:
    """Everything of this level and above goes to that stream; of libraries only what is a warning."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JournalLines() if is_journal(stream, os.environ.get("JOURNAL_STREAM", "")) else Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("watchdog").setLevel(level.upper())


def is_journal(stream: TextIO, named: str) -> bool:
    """Whether that stream is the one that JOURNAL_STREAM names."""
    try:
        stat = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a file
        return False
    return named == f"{stat.st_dev}:{stat.st_ino}"


def priority(level: int) -> int:
    """The level in syslog's numbers: 3 error, 4 warning, 6 info, 7 debug."""
    steps = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
    return next((number for least, number in steps if level >= least), 7)
