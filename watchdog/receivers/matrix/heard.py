"""
What stands in a room → what was said to us, pure. The counterpart of `listener`, which brings it to the desk.

Everything here was written by strangers: what is not of the expected form is not there. By whom a thing was said is only what the server says.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import msgspec

from watchdog.receivers.spoken import is_for_us

MEANS: Final[dict[str, str]] = {"👍": "approve", "✅": "approve", "✔": "approve", "👎": "deny", "❌": "deny", "✖": "deny", "👀": "ack"}
"""Reaction → what it says."""
_DRESS: Final = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""Whether a sign is drawn in colours, and the colour of a skin."""
_USER: Final = re.compile(r"@[!-~]{1,254}")
_EVENT: Final = re.compile(r"\$[!-~]{1,254}")
_QUOTED: Final = re.compile(r"\A(?:>[^\n]*+\n)++\n?")
"""What older clients put before an answer. Nothing in it is tried twice: strangers can write 60 KB of it."""
_LATEST: Final = 4_102_444_800_000
"""The year 2100: no moment of a server is later."""


class Heard(msgspec.Struct, frozen=True):
    """
    Something that may be meant for us: event `id`, said by `by` at `asked` (UTC milliseconds).

    `about` are the events that it was said to, the nearest first; `thread` the one in whose thread an answer belongs. `is_reaction` says that it means nothing unless one of them is ours.
    """

    id: str
    by: str
    text: str
    asked: int
    about: tuple[str, ...]
    thread: str
    is_reaction: bool


def heard(event: Any, *, me: str) -> Heard | None:
    """What that event says to us; None if it is of us, taken back, or something else."""
    if not isinstance(event, Mapping):
        return None
    id_, by, asked = event.get("event_id"), event.get("sender"), event.get("origin_server_ts")
    content = event.get("content")
    if not isinstance(content, Mapping) or not _is(id_, _EVENT) or not _is(by, _USER) or by == me or "state_key" in event:
        return None
    if not isinstance(asked, int) or isinstance(asked, bool) or not 0 <= asked < _LATEST:
        return None
    relation = content.get("m.relates_to")
    relation = relation if isinstance(relation, Mapping) else {}
    match event.get("type"):
        case "m.reaction":
            return _reaction(relation, id_, by, asked)
        case "m.room.message":
            return _message(content, relation, id_, by, asked)
    return None


def _reaction(relation: Mapping[str, Any], id_: str, by: str, asked: int) -> Heard | None:
    target, key = relation.get("event_id"), relation.get("key")
    if relation.get("rel_type") != "m.annotation" or not _is(target, _EVENT) or not isinstance(key, str):
        return None
    means = MEANS.get(_DRESS.sub("", key[:16]))
    return None if means is None else Heard(id_, by, means, asked, (target,), target, is_reaction=True)


def _message(content: Mapping[str, Any], relation: Mapping[str, Any], id_: str, by: str, asked: int) -> Heard | None:
    text = content.get("body")
    # A notice is what programs say: two of them must never talk to each other. A change of what was said says nothing new.
    if content.get("msgtype") != "m.text" or not isinstance(text, str) or relation.get("rel_type") == "m.replace":
        return None
    answered = relation.get("m.in_reply_to")
    answered = answered.get("event_id") if isinstance(answered, Mapping) else None
    if answered is not None:
        text = _QUOTED.sub("", text, count=1)
    if not is_for_us(text):
        return None
    root = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
    about = tuple(dict.fromkeys(ref for ref in (answered, root) if _is(ref, _EVENT)))
    return Heard(id_, by, text.strip(), asked, about, root if _is(root, _EVENT) else id_, is_reaction=False)


def _is(value: Any, form: re.Pattern[str]) -> TypeGuard[str]:
    return isinstance(value, str) and form.fullmatch(value) is not None
