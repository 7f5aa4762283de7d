"""
What people type or click by a receiver → what is meant by it, the same words everywhere.

The counterpart of `daemon/hearing.py`, which knows who may say it. Nothing here is obeyed: a text that is no command is answered with how it is written, and one that only the command line takes with just that.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from watchdog.lang.literal import read_literal
from watchdog.lang.text import Text
from watchdog.model.kinds import Type

SEEN_FOR: Final = 4 * 3_600_000
"""Milliseconds for which a thing is not said again to whoever has seen it and does not say for how long."""
HELP: Final = (
    "approve ID [reason] · deny ID [reason]: the answer to what is asked",
    "ack [for 2h] [reason], in the thread of a message: what it shows is not said again until then",
    "ack RULE TARGET [for 2h] [reason]",
    "silence rule=NAME target=NAME entity=NAME for 2h [reason]: no messages of what fits",
    "status · why RULE TARGET · help",
)
"""Every form, a line each. Before each can stand the name of a host, where several agents hear."""
_LONGEST: Final = 500
_PREFIXES: Final = ("!watchdog", "/watchdog")
_APPROVAL: Final = re.compile(r"[2-9bcdfghjkmnpqrstvwxyz]{5}")
"""No id is a word: there are no vowels in it (`engine/approving.py`)."""
_INCIDENT: Final = re.compile(r"\d+\.\d+")
_SAID_HERE: Final = frozenset({"approve", "deny", "ack", "acknowledge", "silence", "status", "why", "help"})
_ONLY_THERE: Final = frozenset(
    {"adopt", "arm", "close", "go-on", "init", "notify", "pause", "quarantine", "recover", "restart", "resume", "run", "stop", "test"}
)
_MATCHES: Final = ("rule", "target", "entity")
_LABEL: Final = "label."


class Answered(msgspec.Struct, frozen=True):
    """Yes or no to what is asked under that id; empty: to what it was said to."""

    yes: bool
    approval: str
    reason: str


class Seen(msgspec.Struct, frozen=True):
    """Somebody has seen it, for `lasts` milliseconds: an incident or alert by its id, what a rule says of a target, or, where all are empty, what it was said to."""

    lasts: int
    reason: str
    incident: str = ""
    rule: str = ""
    target: str = ""


class Hushed(msgspec.Struct, frozen=True):
    """No messages for `lasts` milliseconds of what fits."""

    lasts: int
    reason: str
    matches: Mapping[str, str]
    labels: Mapping[str, str]


class Looked(msgspec.Struct, frozen=True):
    """How things stand: `status`, `help`, or `why` a rule says what it says of a target."""

    what: str
    rule: str = ""
    target: str = ""


class Puzzled(msgspec.Struct, frozen=True):
    """It is none of it; `answer` says what to write instead."""

    answer: str


Meant = Answered | Seen | Hushed | Looked | Puzzled
"""All that can be meant."""


def is_for_us(text: str) -> bool:
    """Whether something that was written in a room is meant for an agent at all."""
    return text[:_LONGEST].lower().split(maxsplit=1)[:1] in [[prefix] for prefix in _PREFIXES]


def read(text: str, *, is_reply: bool = False) -> tuple[str, Meant]:
    """The host that is addressed, empty if none is, and what is meant. `is_reply` says that it was said to a message of ours, so that it need not say of what."""
    words = text[:_LONGEST].split()
    if words and words[0].lower() in _PREFIXES:
        words = words[1:]
    if not words:
        return "", Looked("help")
    host = ""
    if not _is_known(words[0]) and len(words) > 1 and _is_known(words[1]):
        host, words = words[0], words[1:]
    return host, _read(words[0].lower(), words[1:], is_reply=is_reply)


def _is_known(word: str) -> bool:
    return word.lower() in _SAID_HERE or word.lower() in _ONLY_THERE


def _read(word: str, rest: Sequence[str], *, is_reply: bool) -> Meant:
    if word in _ONLY_THERE:
        return Puzzled(f"{word} can't be said here, only on the machine itself: sidekiq-watchdog {word}")
    match word:
        case "approve" | "deny":
            return _answered(rest, yes=word == "approve", is_reply=is_reply)
        case "ack" | "acknowledge":
            return _seen(rest, is_reply=is_reply)
        case "silence":
            return _hushed(rest)
        case "why":
            return Looked("why", rest[0], " ".join(rest[1:])) if len(rest) > 1 else Puzzled("why RULE TARGET, as status shows them")
        case "status" | "help":
            return Looked(word)
    return Puzzled("that is no command; help tells which there are")


def _answered(rest: Sequence[str], *, yes: bool, is_reply: bool) -> Meant:
    word = "approve" if yes else "deny"
    if rest and _APPROVAL.fullmatch(rest[0].lower()):
        return Answered(yes, rest[0].lower(), _reason(rest[1:]))
    if is_reply:
        return Answered(yes, "", _reason(rest))
    return Puzzled(f"{word} ID; the message that asks shows the id, and so does status")


def _seen(rest: Sequence[str], *, is_reply: bool) -> Meant:
    before, lasts, after = _split(rest)
    if isinstance(lasts, Puzzled):
        return lasts
    for_ = SEEN_FOR if lasts is None else lasts
    if before and _INCIDENT.fullmatch(before[0]):
        return Seen(for_, _reason((*before[1:], *after)), incident=before[0])
    if is_reply:
        return Seen(for_, _reason((*before, *after)))
    if len(before) < 2:
        return Puzzled("ack RULE TARGET for 2h, as status shows them; or ack in the thread of the message")
    return Seen(for_, _reason((*before[2:], *after)), rule=before[0], target=before[1])


def _hushed(rest: Sequence[str]) -> Meant:
    before, lasts, after = _split(rest)
    if isinstance(lasts, Puzzled):
        return lasts
    matches: dict[str, str] = {}
    labels: dict[str, str] = {}
    for word in before:
        name, equals, pattern = word.partition("=")
        if not equals:
            name, pattern = "rule", word
        where, key = (labels, name.removeprefix(_LABEL)) if name.startswith(_LABEL) else (matches, name)
        if not key or not pattern or key in where or (where is matches and name not in _MATCHES):
            return Puzzled("silence rule=NAME target=NAME entity=NAME label.KEY=TEXT for 2h [reason]: each at most once, all must fit")
        where[key] = pattern
    if lasts is None or not before:
        return Puzzled("silence rule=NAME for 2h: say of what, and for how long")
    return Hushed(lasts, _reason(after), matches, labels)


def _split(rest: Sequence[str]) -> tuple[Sequence[str], "int | Puzzled | None", Sequence[str]]:
    """What stands before `for 2h`, the milliseconds of it, and what stands behind."""
    for place, word in enumerate(rest[:-1]):
        if word.lower() == "for" and rest[place + 1][0].isdigit():
            value, _ = read_literal(Text(rest[place + 1], "said"), Type.DURATION)
            if not isinstance(value, int):
                return rest, Puzzled("for how long? For instance: for 30m, for 2h"), ()
            return rest[:place], value, rest[place + 2 :]
    return rest, None, ()


def _reason(words: Sequence[str]) -> str:
    """In one line, without anything that a screen would obey."""
    return " ".join("".join(char if char.isprintable() else " " for char in " ".join(words)).split())
