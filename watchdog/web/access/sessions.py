"""
Who has shown a token to the page stays known to it for half a day, by a cookie that says nothing and is kept nowhere but here, in memory: whoever reads a disk finds none.

A session ends with its token: one that the config no longer has ends all that began with it.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import msgspec

PLAIN: Final = "watchdog"
SECURE: Final = "__Host-watchdog"
"""The name of the cookie where browsers come by https: then they take it from nobody else, and send it nowhere else."""


class Session(msgspec.Struct, frozen=True):
    """Of whom, by which token (its digest), until when (seconds, as `Limits.session`)."""

    name: str
    token: bytes
    ends: float


class Sessions:
    """At most `most` of them, each for `lasts` seconds; the oldest goes first."""

    def __init__(self, *, lasts: float, most: int) -> None:
        self._lasts = lasts
        self._most = most
        self._key = secrets.token_bytes(32)
        self._of: OrderedDict[bytes, Session] = OrderedDict()

    def begin(self, name: str, token: str, now: float) -> str:
        """What the cookie is to hold."""
        said = secrets.token_urlsafe(32)
        self._of[_digest(said)] = Session(name, _digest(token), now + self._lasts)
        if len(self._of) > self._most:
            self._of.popitem(last=False)
        return said

    def name(self, said: str, tokens: Mapping[str, str], now: float) -> str:
        """Whose it is, as long as that token is still theirs; empty where it is nobody's."""
        key = _digest(said)
        session = self._of.get(key)
        if session is None:
            return ""
        token = tokens.get(session.name)
        if session.ends <= now or token is None or not hmac.compare_digest(session.token, _digest(token)):
            del self._of[key]
            return ""
        return session.name

    def end(self, said: str) -> None:
        """It counts no more."""
        self._of.pop(_digest(said), None)

    def form_token(self, bound_to: str) -> str:
        """What a form has to hold so that it is taken for one of ours, for that cookie or that name."""
        return hmac.new(self._key, bound_to.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()

    def is_ours(self, token: str, bound_to: str) -> bool:
        """Whether a form holds that."""
        return hmac.compare_digest(token.encode("utf-8", "surrogateescape"), self.form_token(bound_to).encode())


def person_of(token: str, tokens: Mapping[str, str]) -> str:
    """Whose token that is, found in a time that says nothing of how much of it was right; empty where it is nobody's."""
    found = ""
    for name, its in tokens.items():
        if its and hmac.compare_digest(_digest(token), _digest(its)):
            found = name
    return found


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
