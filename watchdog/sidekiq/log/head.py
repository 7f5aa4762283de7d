"""
A line of Sidekiq's log → what the logger wrote before the message, and the message.

`TIME pid=1 tid=x class=A jid=B INFO: start` (6.4 … 7.3), `INFO  TIME pid=1 tid=x jid=B class=A: start` (8.0 …, coloured or not), without the time where DYNO
is set, or an object of JSON (`ts`, `pid`, `tid`, `lvl`, `msg`, `ctx`). Read from the left: no message can put a field before itself.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

LONGEST: Final = 65_536
"""Characters; a longer line is none of Sidekiq's job lines. A JSON line holds the whole backtrace of a thread."""
LONGEST_WORD: Final = 256
"""Characters of a jid or class; what is longer is nobody's."""

_LEVELS: Final = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_START: Final = re.compile(
    rf"(?P<new>(?:\x1b\[1;3\dm)?(?P<level>{'|'.join(_LEVELS)}) ?(?:\x1b\[0m)? )?"
    r"(?:(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) )?pid=(?P<pid>\d{1,10}) tid=(?P<tid>[0-9a-z]{1,32})(?=[ :])"
)
_WORD: Final = re.compile(rf"[!-~]{{1,{LONGEST_WORD}}}")


class Head(msgspec.Struct, frozen=True):
    """
    What the logger says: `time` as it writes it ('' if it writes none), `fields` its context (`class`, `jid`, `elapsed`, …).

    `message` is what somebody said: anything. `level` is how loud: DEBUG, INFO, WARN, ERROR or FATAL.
    """

    time: str
    pid: int
    tid: str
    fields: dict[str, str]
    message: str
    level: str

    @property
    def at(self) -> int:
        """UTC milliseconds; 0 if there is no time."""
        return _milliseconds(self.time)

    def __repr__(self) -> str:
        return f"Head({self.time!r}, pid={self.pid}, tid={self.tid!r})"

    def word(self, name: str) -> str:
        """A field that is one word of printable ASCII, or ''."""
        text = self.fields.get(name, "")
        return text if _WORD.fullmatch(text) else ""


class _JsonLine(msgspec.Struct):
    ts: str
    pid: int
    tid: str
    msg: Any
    lvl: str
    ctx: dict[str, Any] = {}


_JSON: Final = msgspec.json.Decoder(_JsonLine)


def read_head(text: str) -> Head | None:
    """The line as the logger composed it, None for any other."""
    if len(text) > LONGEST:
        return None
    if text.startswith('{"'):
        return _of_json(text)
    found = _START.match(text)
    if found is None:
        return None
    # No field holds a blank, so the first ": " ends what the logger wrote.
    written, colon, message = text[found.end() :].partition(": ")
    if not colon:
        return None
    level = found["level"]
    if level is None:
        written, _, level = written.rpartition(" ")
        if level not in _LEVELS:
            return None
    fields: dict[str, str] = {}
    for pair in written.split():
        name, equals, value = pair.partition("=")
        if not equals:
            return None
        # The first one is the logger's: what comes behind it could stand in a value.
        fields.setdefault(name, value)
    return Head(found["time"] or "", int(found["pid"]), found["tid"], fields, message, level)


def looks_like_a_head(text: str) -> bool:
    """Whether a line that is none was meant to be one."""
    return _START.match(text) is not None


def _of_json(text: str) -> Head | None:
    try:
        line = _JSON.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return None
    if not isinstance(line.msg, str):
        return None
    fields = {name: str(value) for name, value in line.ctx.items() if isinstance(value, str | int | float)}
    return Head(line.ts, line.pid, line.tid, fields, line.msg, line.lvl)


def _milliseconds(text: str) -> int:
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    return int(moment.timestamp() * 1000) if moment.tzinfo is not None else 0
