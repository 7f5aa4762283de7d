"""
What an answer of a homeserver means, as a pure function: the counterpart of `client`, which asks.

Texts of the server are never shown: they are its to choose, and can hold addresses. Its codes are, where they look like one.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from watchdog.receivers.http import REDIRECTED, named
from watchdog.receivers.receiver import RefusedError, TryAgainError

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_.]{1,63}")
_NO_HOMESERVER: Final = "what answers there is no homeserver: `homeserver` must be the address of its client API"

_TOKEN: Final = "the homeserver does not accept the access token: make a new one, put it in the place of the old one, and reload"
_MEANS: Final[dict[str, str]] = {
    "M_UNKNOWN_TOKEN": _TOKEN,
    "M_MISSING_TOKEN": _TOKEN,
    "M_USER_DEACTIVATED": "the user whose token it is was deactivated: make another one, and put its token in the place of the old one",
    "M_USER_SUSPENDED": "the user whose token it is was suspended: an administrator of the homeserver can lift that",
    "M_USER_LOCKED": "the user whose token it is was locked: an administrator of the homeserver can lift that",
    "M_CONSENT_NOT_GIVEN": "the homeserver wants its terms accepted: log in with a client as that user once",
    "M_RESOURCE_LIMIT_EXCEEDED": "the homeserver has reached a limit of its own: its administrator knows which",
    "M_UNRECOGNIZED": _NO_HOMESERVER,
}


class NoAnswerError(RefusedError):
    """The homeserver said no for a reason of the call's own: `code` is its errcode, `status` that of the answer."""

    def __init__(self, reason: str, *, code: str, status: int) -> None:
        super().__init__(reason, untouched=True)
        self.code = code
        self.status = status


def judge(status: int, body: Any, *, after: int | None) -> dict[str, Any]:
    """
    The answer's JSON object, where the call succeeded; `body` is what was in the answer, None if that was no JSON. `after` is what `Retry-After` asked for.

    Raises `TryAgainError` for what passes by itself, `RefusedError` for what only people can change: `NoAnswerError` where it depends on the call.
    """
    if 200 <= status < 300:
        if not isinstance(body, dict):
            raise RefusedError(f"answered {status} without JSON; {_NO_HOMESERVER}")
        return body
    code = _code(body)
    said = f"answered {named(status)}{f' ({code})' if code else ''}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or code == "M_LIMIT_EXCEEDED":
        raise TryAgainError("the homeserver takes no more messages for now (M_LIMIT_EXCEEDED)", _longest(after, body), untouched=True)
    if status >= 500 or status == HTTPStatus.REQUEST_TIMEOUT:
        # A proxy may say so of a server that has taken the event.
        raise TryAgainError(said, after)
    if 300 <= status < 400:
        raise RefusedError(f"{said}; {REDIRECTED}", after, untouched=True)
    if code in _MEANS:
        raise RefusedError(f"{_MEANS[code]} ({code})", after, untouched=True)
    if not code and status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        raise RefusedError(f"{said}; {_NO_HOMESERVER}", after, untouched=True)
    raise NoAnswerError(said, code=code, status=status)


def _code(body: Any) -> str:
    code = body.get("errcode") if isinstance(body, Mapping) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _longest(after: int | None, body: Any) -> int | None:
    """The header came with version 1.10 of the specification, the key in the body went; servers of today send either or both."""
    asked = body.get("retry_after_ms") if isinstance(body, Mapping) else None
    waits = [wait for wait in (after, asked) if isinstance(wait, int) and not isinstance(wait, bool) and wait >= 0]
    return max(waits, default=None)
