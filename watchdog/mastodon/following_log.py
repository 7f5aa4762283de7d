"""
How far the log of the web server was read, and whether it says anything at all: what of its lines counts as heard. Pure but for the two clocks that it is handed.

A log without lines of requests proves nothing: Rails writes none above the level `info`. Until one has come, and again after each start of the web server that none
follows, nobody who is not in it is called silent.
"""

import re
from typing import Final

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


class FollowingLog:
    """
    `kept` is what a predecessor has learned. `spoke` says that the log has ever had lines of requests, `dropped` counts lines that never came into it.

    Moments are given as both clocks at once: `at` is engine time, `wall` UTC milliseconds.
    """

    def __init__(self, kept: Kept | None, *, at: int, wall: int) -> None:
        self.traffic = Traffic() if kept is None else kept.traffic()
        self.spoke = kept is not None and kept.spoke
        self.dropped = 0
        self._time = FollowedTime(0 if kept is None else kept.passed)
        self._speaks = kept is not None and kept.speaks
        self._silent_since = at
        self._cursor = "" if kept is None else kept.cursor
        self._read_to = wall if kept is None else kept.wall
        self._began = self._opened = at
        self._resumed_from: int | None = None

    def open(self, *, at: int, wall: int, can_resume: bool) -> str:
        """The log is about to be read; from which cursor on, '' for what comes from now on."""
        self._opened = at
        if not (can_resume and self._cursor and 0 <= wall - self._read_to <= RESUMED):
            self._cursor = ""
        self._resumed_from = self._time.of(at) if self._cursor else None
        if self._speaks:
            self._time.begin(engine_time(self._read_to, wall_now=wall, at=at) if self._cursor else at)
        else:
            self._silent_since = at
        return self._cursor

    def close(self, *, at: int, wall: int) -> None:
        """It can't be read any more, or not for now."""
        self._time.end(at)
        self._read_to = wall

    def take(self, entry: LogEntry, *, at: int, wall: int) -> bool:
        """An entry of the log; whether it was written after the log was opened, so that all that was missed has been made up for."""
        self._cursor = entry.cursor
        moment = engine_time(entry.at or wall, wall_now=wall, at=at)
        if isinstance(entry, LinesLost):
            self._miss(entry, moment)
        else:
            self._read(entry, moment)
        self._resumed_from = None
        return moment >= self._opened

    def _miss(self, lost: LinesLost, moment: int) -> None:
        self.dropped += lost.lines
        if self._resumed_from is None or not self._time.runs:
            return
        # The place from which we wanted to go on is gone: of the time in between nothing is known.
        self._time = FollowedTime(self._resumed_from)
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
        return encode(
            self.traffic, wall=wall if self._time.runs else self._read_to, passed=self._time.of(at), cursor=self._cursor, speaks=self._speaks, spoke=self.spoke
        )  # fmt: skip
