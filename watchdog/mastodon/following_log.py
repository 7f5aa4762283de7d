"""
How far the log of the web server was read, and whether it says anything at all: what of its lines counts as heard. Pure but for the two clocks that it is handed.

A log without lines of requests proves nothing: Rails writes none above the level `info`. Until one has come, and again after each start of the web server that none
follows, nobody who is not in it is called silent.
"""

import re
from typing import Final

import msgspec

from watchdog.mastodon.followed_time import FollowedTime, engine_time
from watchdog.mastodon.traffic import Traffic
from watchdog.mastodon.traffic_kept import Kept, encode
from watchdog.mastodon.web_log import is_request, read_web_line
from watchdog.model.log_lines import LinesLost, LogEntry, LogLine

SILENT_AFTER: Final = 600_000
"""Milliseconds without a request after which a log that has just begun, or begun anew, says nothing."""
RESUMED: Final = 900_000
"""What was written in so many milliseconds is made up for; where it is more, nothing is known of that time."""
_STARTED: Final = re.compile(r"(?:\A|\s)Puma starting in \w+ mode")


_TRIES: Final = 3
"""A cursor from which nothing could be read so many times is given up: the log may be none in which it means anything."""


class _Place(msgspec.Struct, frozen=True):
    """How far a log was read: followed time, UTC milliseconds, and the line from which to go on, '' where that can't be."""

    passed: int
    wall: int
    cursor: str


class FollowingLog:
    """
    `kept` is what a predecessor has learned. `spoke` says that the log has ever had lines of requests, `dropped` counts lines that never came into it; `caught_up` that all
    that was missed has been made up for.

    Moments are given as both clocks at once: `at` is engine time, `wall` UTC milliseconds.
    """

    def __init__(self, kept: Kept | None, *, at: int, wall: int) -> None:
        self.traffic = Traffic() if kept is None else kept.traffic()
        self.spoke = kept is not None and kept.spoke
        self.dropped = 0
        self.caught_up = False
        self._read_to = _Place(0, wall, "") if kept is None else _Place(kept.passed, kept.wall, kept.cursor)
        self._time = FollowedTime(self._read_to.passed)
        self._speaks = kept is not None and kept.speaks
        self._silent_since = at
        self._began = self._opened = at
        self._newest: tuple[int, str] | None = None
        self._from = ""
        self._is_resuming = self._can_resume = False
        self._in_vain = 0

    def open(self, *, at: int, wall: int, can_resume: bool) -> str:
        """The log is about to be read; from which cursor on, '' for what comes from now on."""
        self._opened = at
        self._newest = None
        self._can_resume = can_resume
        before = self._read_to
        resumes = can_resume and bool(before.cursor) and 0 <= wall - before.wall <= RESUMED and self._in_vain < _TRIES
        self._is_resuming, self.caught_up = resumes, not resumes
        self._time = FollowedTime(before.passed)
        if self._speaks:
            self._time.begin(engine_time(before.wall, wall_now=wall, at=at) if resumes else at)
        else:
            self._silent_since = at
        self._from = before.cursor if resumes else ""
        return self._from

    def close(self, *, at: int, wall: int) -> None:
        """It can't be read any more, or not for now."""
        self._in_vain = 0 if self.caught_up or self._newest else self._in_vain + 1
        self._read_to = self._place(at, wall)
        self._time = FollowedTime(self._read_to.passed)
        self._newest, self.caught_up = None, False

    def take(self, entry: LogEntry, *, at: int, wall: int) -> None:
        """An entry of the log."""
        moment = engine_time(entry.at or wall, wall_now=wall, at=at)
        if isinstance(entry, LinesLost):
            self._miss(entry, moment)
        else:
            self._read(entry, moment)
        self._newest = (moment, entry.cursor)
        self._is_resuming = False
        if moment >= self._opened:
            self.caught_up = True

    def _miss(self, lost: LinesLost, moment: int) -> None:
        self.dropped += lost.lines
        if self._is_resuming and self._time.runs:
            # The place from which we wanted to go on is gone: of the time in between nothing is known.
            self._time = FollowedTime(self._read_to.passed)
            self._time.begin(moment)

    def _read(self, line: LogLine, moment: int) -> None:
        if not is_request(line):
            if _STARTED.search(line.text):
                self._speaks, self._silent_since = False, moment
            return
        self._speaks = self.spoke = True
        self._time.begin(max(moment, self._opened))
        if (delivery := read_web_line(line)) is not None:
            self.traffic.hear(delivery.host, delivery.status, self._time.of(moment), counts=moment >= self._began)

    def is_silent(self, at: int) -> bool:
        """It says nothing, and has had time to; from then on no time passes for those who are not in it."""
        if self._speaks or at - self._silent_since < SILENT_AFTER:
            return False
        self._time.end(self._silent_since)
        return True

    @property
    def speaks(self) -> bool:
        """Lines of requests are in it, and none was missed that should have come."""
        return self._speaks

    def now(self, at: int) -> int:
        """Followed time."""
        return self._time.of(at)

    @property
    def offset(self) -> int:
        """What engine time is ahead of it."""
        return self._time.offset

    def kept(self, *, at: int, wall: int) -> bytes:
        """All that a successor should know."""
        place = self._place(at, wall)
        return encode(
            self.traffic, wall=place.wall, passed=place.passed, cursor=place.cursor, speaks=self._speaks, spoke=self.spoke
        )  # fmt: skip

    def _place(self, at: int, wall: int) -> "_Place":
        """How far all has been read: up to now, or where there is still something to be made up for up to the newest line of that."""
        if self._newest is None:
            return _Place(self._time.of(at), wall, self._from) if self.caught_up else self._read_to
        moment, cursor = self._newest
        place = cursor if self._can_resume else ""
        return _Place(self._time.of(at), wall, place) if self.caught_up else _Place(self._time.of(moment), wall - (at - moment), place)
