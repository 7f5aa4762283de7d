"""
Requests to Mastodon's inboxes, from the log of its web server: which host, and how it was answered. Pure.

The line is lograge's, one a request, behind whatever Rails puts before it (level, time, id of the request): `method=POST path=/inbox …
controller=ActivityPub::InboxesController action=create status=202 … key=https://remote/users/x#main-key` (config/environments/production.rb, 3.5 and later). `key` is the
last field, and its text is whatever the sender called itself: only status 202 says that the signature was good, and so that the host is who it says; what stands behind
`key=` is read for its host alone, and nothing of it, of the path or of the query is kept.

A line counts only where its own request begins it: the `key` of any signed request, or the words of an error about what somebody sent, can hold the text of a delivery that never was.
"""

import re
from typing import Final

import msgspec

from watchdog.model.log_lines import LogLine
from watchdog.sidekiq.hosts import canonical, host_of_url

LONGEST: Final = 8_000
"""Characters of a line that are looked at."""
# What Rails, or a collector of logs, puts before a line has none of these signs, and every text of a stranger comes behind one of them.
_BEFORE: Final = r"""\A[^='"()]{0,600}?(?<!\S)"""
_POST: Final = re.compile(_BEFORE + "method=POST ")
_CONTROLLER: Final = "ActivityPub::InboxesController"
_REQUEST: Final = re.compile(_BEFORE + r"method=[A-Z]{3,10} path=\S")
_STATUS: Final = re.compile(r"[1-5]\d\d")


class Delivery(msgspec.Struct, frozen=True):
    """
    Somebody delivered to an inbox of ours.

    `at` is UTC milliseconds as the log has it; `host` who signed it, or claims so, in ASCII and small letters: '' where the line names nobody, or what can't be a host; `status` of our answer.
    """

    at: int
    host: str
    status: int

    @property
    def is_proven(self) -> bool:
        """Whether the host is who it says: the signature was checked before 202 was given, as for no other answer."""
        return bool(self.host) and self.status == 202


def is_request(line: LogLine) -> bool:
    """Whether it tells of any request: Rails writes such lines at level `info`, and none above it."""
    return _REQUEST.match(line.text, 0, LONGEST) is not None


def read_web_line(line: LogLine) -> Delivery | None:
    """The delivery that a line tells of, None for every other line."""
    text = line.text[:LONGEST]
    # Most requests are none: that costs less to see.
    found = _POST.match(text) if _CONTROLLER in text else None
    if found is None:
        return None
    fields: dict[str, str] = {}
    known, key, said = text[found.end() :].partition(" key=")
    for pair in known.split():
        name, _, value = pair.partition("=")
        fields.setdefault(name, value)
    if fields.get("controller") != _CONTROLLER or fields.get("action") != "create" or not _STATUS.fullmatch(fields.get("status", "")):
        return None
    host = host_of_url(said.split(" ", 1)[0]) if key else None
    return Delivery(line.at, (canonical(host) if host else None) or "", int(fields["status"]))
