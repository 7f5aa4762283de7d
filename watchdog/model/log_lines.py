"""
What a log is made of, whichever way it is read: lines, and holes in it.

The word that who reads a log (host) and who understands it (sidekiq, mastodon, recovery) share. A line can hold whatever a job printed, a private
post too: it is looked at and dropped, and shows nothing of its text when it is printed.
"""

from enum import StrEnum

import msgspec


class LogLine(msgspec.Struct, frozen=True):
    """
    One line as it was written, without its end.

    `at` is UTC milliseconds when the log took it, `pid` who wrote it, `unit` its systemd unit: as the log itself says, which the writer can't
    forge; 0 or '' where the log does not say. `cursor` is the line's place for whoever wants to read on from there.
    """

    text: str
    at: int = 0
    pid: int = 0
    unit: str = ""
    cursor: str = ""

    def __repr__(self) -> str:
        return f"LogLine({len(self.text)} characters, at={self.at}, pid={self.pid}, unit={self.unit!r})"


class LinesLost(msgspec.Struct, frozen=True):
    """
    Here the log has a hole: `lines` of them (0: nobody counted) of this unit ('': of any) never came into it or are no longer there.

    `at` is when the log said so: the lines are missing before that moment. `reason` is a sentence.
    """

    at: int
    lines: int
    unit: str
    reason: str
    cursor: str = ""


LogEntry = LogLine | LinesLost


class ReadEnd(StrEnum):
    """Why reading a log ended."""

    ANSWERED = "answered"
    BEGINNING = "beginning"
    TOO_MANY_LINES = "too_many_lines"
    TOO_MANY_BYTES = "too_many_bytes"
    OUT_OF_TIME = "out_of_time"


class Extent(msgspec.Struct, frozen=True):
    """How much of a log was read and why it ended there; `cursor` is that of the newest line read, '' if there was none."""

    end: ReadEnd
    lines: int = 0
    size: int = 0
    milliseconds: int = 0
    cursor: str = ""
