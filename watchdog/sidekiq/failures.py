"""
Why Redis can't be read: every kind of failure with its own word for programs and its own sentence for people.

The counterpart of `wire`, which meets the failures. A sentence never holds a password, a key's value or a
job; of the server's own words only those are passed on that it says about rights and requests.
"""

import asyncio
import errno
import socket
import ssl
from typing import Final

from watchdog.errors import WatchdogError


class SourceUnavailableError(WatchdogError):
    """Redis can't be read now: `code` is one word of `SENTENCES`, `message` the sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ServerError(Exception):
    """An error reply: the server understood that something was asked, and refused it. `str()` is its text."""


SENTENCES: Final[dict[str, str]] = {
    "starting": "Redis has not been read yet since the agent started",
    "refused": "nothing listens at {where}: the connection was refused",
    "absent": "there is no socket at {where}",
    "forbidden": "the agent's user may not open the socket {where}",
    "name": "the host name of {where} can't be resolved",
    "unreachable": "{where} can't be reached over the network",
    "tls": "TLS with {where} failed",
    "reset": "{where} closed the connection",
    "timeout": "{where} accepts connections but does not answer in time",
    "protocol": "what answers at {where} does not speak Redis' protocol",
    "loading": "Redis is loading its data into memory and answers nothing until it is done",
    "misconf": "Redis refuses every write because it could not save its data to disk; nothing that Sidekiq does is recorded",
    "noauth": "Redis wants a password and the configured URL has none",
    "wrongpass": "Redis refuses the configured user name or password",
    "noperm": "the configured Redis user may not read what the agent needs",
    "readonly": "Redis is a read-only replica and refuses writes",
    "masterdown": "Redis is a replica that has lost its master and refuses to answer",
    "denied": "Redis runs in protected mode and refuses connections from other hosts",
    "maxclients": "Redis has reached its limit of connected clients",
    "busy": "Redis is held by a script that runs for too long",
    "cluster": "Redis runs as a cluster, which Sidekiq does not support",
    "oom": "Redis has reached its memory limit",
    "database": "Redis does not have the configured database number",
    "error": "Redis refused a request",
    "sentinels": "none of the Sentinels at {where} answers, so nobody says where the master is",
    "unelected": "the Sentinels at {where} know no master of the configured name",
    "sentinel_auth": "the Sentinel at {where} refuses the configured `sentinel_user` and `sentinel_password`, or wants them",
    "demoted": "{where} was named as the master by Sentinel and says that it is a replica",
    "moved": "Sentinel says that {where} is no longer the master",
}
"""Code → sentence; `{where}` is the address without user and password."""

_BY_FIRST_WORD: Final[dict[str, str]] = {
    "LOADING": "loading",
    "MISCONF": "misconf",
    "NOAUTH": "noauth",
    "WRONGPASS": "wrongpass",
    "NOPERM": "noperm",
    "READONLY": "readonly",
    "MASTERDOWN": "masterdown",
    "DENIED": "denied",
    "BUSY": "busy",
    "MOVED": "cluster",
    "ASK": "cluster",
    "CLUSTERDOWN": "cluster",
    "OOM": "oom",
}

_BY_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("max number of clients", "maxclients"),
    ("invalid password", "wrongpass"),  # before Redis 6
    ("DB index is out of range", "database"),
    ("invalid DB index", "database"),
)

_BY_ERRNO: Final[dict[int, str]] = {
    errno.ECONNREFUSED: "refused",
    errno.ENOENT: "absent",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ECONNABORTED: "reset",
    errno.ETIMEDOUT: "timeout",
}

_TELLING: Final = frozenset({"noperm", "error", "tls"})
"""Codes whose sentence is of little use without the server's own words."""
_WORDS_SHOWN: Final = 200


def unavailable(code: str, where: str, detail: str = "") -> SourceUnavailableError:
    """The failure with that code at that address; `detail` is added where it helps."""
    sentence = SENTENCES[code].format(where=where)
    shown = detail if code in _TELLING else ""
    return SourceUnavailableError(code, f"{sentence}: {shown[:_WORDS_SHOWN]}" if shown else sentence)


def from_reply(error: ServerError, where: str) -> SourceUnavailableError:
    """What an error reply means for the source as a whole."""
    text = str(error)
    code = _BY_FIRST_WORD.get(text.partition(" ")[0])
    if code is None:
        code = next((code for words, code in _BY_WORDS if words in text), "error")
    return unavailable(code, where, text)


def from_exception(error: BaseException, where: str) -> SourceUnavailableError:
    """What an exception of the network means for the source; anything unknown counts as unreachable."""
    match error:
        case SourceUnavailableError():
            return error
        case asyncio.TimeoutError():
            return unavailable("timeout", where)
        case ssl.SSLError():
            return unavailable("tls", where, getattr(error, "reason", "") or type(error).__name__)
        case socket.gaierror():
            return unavailable("name", where)
        case OSError():
            return unavailable(_BY_ERRNO.get(_number(error), "unreachable"), where)
        case _:
            return unavailable("unreachable", where)


def _number(error: OSError) -> int:
    # asyncio joins the errors of several addresses of one name into an OSError without a number.
    if error.errno is not None:
        return error.errno
    return errno.ECONNREFUSED if f"[Errno {errno.ECONNREFUSED}]" in str(error) else 0
