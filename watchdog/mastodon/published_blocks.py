"""
What another server publishes of whom it blocks: whether we are among them. Pure.

Mastodon (4.0 and later, app/serializers/rest/domain_block_serializer.rb) gives of each rule the domain, which can be obfuscated, its `digest` (sha256 of the true one, in hex) and the
severity. The page is a stranger's: what is not understood makes the answer unknown, never "not blocked".
"""

import hashlib
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from watchdog.errors import WatchdogError
from watchdog.mastodon.block import above

LARGEST: Final = 5_000_000
"""Bytes that are read of such a list at most."""
MOST: Final = 50_000
"""Rules in it: with its digest each takes a hundred bytes, so more of them are no list but a million empty braces that would cost us a second and a hundred megabytes."""
OfUs = Literal["", "silence", "suspend"]
SEVERITIES: Final[tuple[OfUs, ...]] = ("", "silence", "suspend")
"""What can be said of us, the mildest first; rules of severity `noop` are not published."""
_TOLD: Final[dict[str, OfUs]] = {"silence": "silence", "suspend": "suspend"}
_HIDDEN: Final = "*"


class StrangeListError(WatchdogError):
    """It is no such list, or what it says of us is not understood."""


class _Entry(msgspec.Struct, gc=False):
    domain: str | None = None
    digest: str | None = None
    severity: str | None = None


_DECODER: Final = msgspec.json.Decoder(list[_Entry])


class Us:
    """Our own names, ready to be looked for: the domain, and the host that browsers use where that is another."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(tuple(above(name)) for name in dict.fromkeys(names))
        self._by_digest = {hashlib.sha256(one.encode()).hexdigest(): one for of_name in self._names for one in of_name}
        self._all = frozenset(self._by_digest.values())

    def blocked_by(self, body: bytes) -> OfUs:
        """
        One of `SEVERITIES`: the rule of the narrowest domain that we lie in, the strictest where several names of ours are on the list.

        Raises `StrangeListError`.
        """
        if body.count(b"{") > MOST:
            raise StrangeListError(f"it has more than {MOST:,} rules")
        try:
            entries = _DECODER.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ValueError):
            raise StrangeListError("it is no list of blocked domains") from None
        rules: dict[str, OfUs] = {}
        for entry in entries:
            if (name := self._named(entry)) is not None:
                rules[name] = max(rules.get(name, SEVERITIES[0]), _severity(entry), key=SEVERITIES.index)
        found: list[OfUs] = [next((rules[one] for one in of_name if one in rules), "") for of_name in self._names]
        return max(found, key=SEVERITIES.index, default=SEVERITIES[0])

    def _named(self, entry: _Entry) -> str | None:
        """Which of our domains it is about."""
        if entry.digest is not None:
            return self._by_digest.get(entry.digest.strip().lower())
        domain = (entry.domain or "").strip().lower().rstrip(".")
        if _HIDDEN in domain and any(_could_be(domain, one) for one in self._all):
            raise StrangeListError("one of its rules could be about us: it is half hidden, and has no digest")
        return domain if domain in self._all else None


def _severity(entry: _Entry) -> OfUs:
    severity = _TOLD.get(entry.severity or "")
    if severity is None:
        raise StrangeListError("it has a rule about us whose severity is not known")
    return severity


def _could_be(hidden: str, name: str) -> bool:
    return len(hidden) == len(name) and all(one in (_HIDDEN, other) for one, other in zip(hidden, name, strict=True))


def names_of(domain: str, host: str) -> tuple[str, ...]:
    """Ours, given the domain and the host of our address."""
    return tuple(dict.fromkeys(name for name in (domain, host) if "." in name and not name.rpartition(".")[2].isdecimal()))
