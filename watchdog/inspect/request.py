"""What may be asked, and nothing else: one JSON object in one line. A request that is not just right is refused and never guessed at."""

import json
import re
from typing import Any, Final, NamedTuple

from watchdog.inspect.refusals import RefusedError

LARGEST: Final = 65_536
"""Bytes of a request with its line break."""
JIDS: Final = 1000
"""Jobs that one request may ask for."""
PEERS: Final = 16
_JID: Final = re.compile(r"[A-Za-z0-9_.:-]{8,64}\Z")
_PID: Final = 2**22  # PID_MAX_LIMIT of include/linux/threads.h
_TICKS: Final = 2**63
_KEYS: Final = {"memory": {"jids"}, "sockets": {"peers"}, "facts": set[str]()}
_ALWAYS: Final = {"ask", "pid", "start_ticks"}


class Request(NamedTuple):
    """
    One request about one process, known by pid and start time (field 22 of its stat file, in ticks since boot).

    `ask` is memory (for these jids), sockets (with these peers only, if any are named) or facts.
    """

    ask: str
    pid: int
    start_ticks: int
    jids: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


def read_request(line: bytes) -> Request:
    """Read it; raises `RefusedError` with what is wrong."""
    if len(line) > LARGEST:
        raise _bad(f"it is longer than {LARGEST} bytes")
    said = _object(line)
    ask = said.get("ask")
    if not isinstance(ask, str) or ask not in _KEYS:
        raise _bad(f"`ask` is one of {', '.join(_KEYS)}")
    if strangers := set(said) - _ALWAYS - _KEYS[ask]:
        raise _bad(f"{len(strangers)} of its keys mean nothing to `{ask}`")
    pid = _number(said, "pid", _PID)
    start_ticks = _number(said, "start_ticks", _TICKS)
    jids = _texts(said, "jids", JIDS) if ask == "memory" else ()
    if ask == "memory" and not jids:
        raise _bad("`jids` names no job")
    if not all(map(_JID.match, jids)):
        raise _bad("a jid is 8 to 64 letters, digits, `_`, `.`, `:` and `-`")
    return Request(ask, pid, start_ticks, jids, _texts(said, "peers", PEERS))


def _object(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _bad("it is no JSON object") from error
    if not isinstance(said, dict):
        raise _bad("it is no JSON object")
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _number(said: dict[str, Any], key: str, below: int) -> int:
    value = said.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < below:
        raise _bad(f"`{key}` is a whole number below {below}")
    return value


def _texts(said: dict[str, Any], key: str, most: int) -> tuple[str, ...]:
    values = said.get(key, [])
    if not isinstance(values, list) or len(values) > most or not all(isinstance(value, str) for value in values):
        raise _bad(f"`{key}` is a list of at most {most} texts")
    return tuple(values)


def _bad(what: str) -> RefusedError:
    return RefusedError("bad-request", what)
