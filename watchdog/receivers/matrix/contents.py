"""
The contents of events, pure: a message that rings, the same one changed, a line in its thread.

Every event names whom it mentions, and that is nobody: so no text in it can ring for a name or a whole room. It never outgrows what a homeserver takes.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from watchdog.receivers.message.html import html_of, quoted
from watchdog.receivers.message.message import Message
from watchdog.receivers.message.plain import plain_of
from watchdog.store.encoding import encode

Content = dict[str, Any]
"""What is in an event."""
ROOM_FOR: Final = 40_000
"""
Bytes of a content. An event may have 65,536 in all (client-server API, "Size limits"), with what the servers put around it; what is encrypted grows by a third.
"""
RINGS: Final = "m.text"
QUIET: Final = "m.notice"
"""By the push rules that every client begins with, a notice rings nobody."""
_SHORTEST: Final = 1_000


def content_of(message: Message) -> Content:
    """A message that people are rung for. What does not fit is cut: sections from the end, then markup, then text."""
    left = len(message.sections)
    while True:
        content = _written(message if left == len(message.sections) else _first(message, left))
        if _fits(content):
            return content
        if left <= 1:
            return text_of(plain_of(_first(message, 1)))
        left //= 2


def text_of(text: str, *, kind: str = RINGS) -> Content:
    """Plain text, cut where it does not fit."""
    length = ROOM_FOR
    content = _named(kind, text)
    while not _fits(content):
        length //= 2
        content = _named(kind, f"{text[:length]}…")
    return content


def lines_of(lines: tuple[str, ...], *, kind: str) -> Content:
    """Lines of text, each as it is; of more than there is room for the newest."""
    for first in range(len(lines)):
        text = "\n".join(lines[first:])
        content = {**_named(kind, text), "format": "org.matrix.custom.html", "formatted_body": quoted(text)}
        if _fits(content):
            return content
    return text_of(lines[-1] if lines else "", kind=kind)


def shortest(content: Content) -> Content:
    """The beginning of its text, for a server that takes less than it must."""
    short = {**_named(content["msgtype"], f"{content['body'][:_SHORTEST]}…")}
    replaced = content.get("m.relates_to", {})
    if replaced.get("rel_type") == "m.replace":
        return changed(short, replaced["event_id"])
    return {**short, "m.relates_to": replaced} if replaced else short


def changed(content: Content, event: str) -> Content:
    """That content in place of what the event `event` says. Who knows of no changes sees its first line."""
    first = content["body"].split("\n", 1)[0][:_SHORTEST]
    return {
        **_named(content["msgtype"], f"* {first}"),
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def in_thread(content: Content, root: str) -> Content:
    """That content in the thread of the event `root`; who knows of no threads sees an answer to it."""
    return {
        **content,
        "m.relates_to": {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}},
    }


def _written(message: Message) -> Content:
    return {**_named(RINGS, plain_of(message)), "format": "org.matrix.custom.html", "formatted_body": html_of(message)}


def _named(kind: str, body: str) -> Content:
    return {"msgtype": kind, "body": body, "m.mentions": {}}


def _first(message: Message, count: int) -> Message:
    hidden = len(message.sections) - count
    notes = (*message.notes, f"{hidden} more are not shown here") if hidden else message.notes
    return msgspec.structs.replace(message, sections=message.sections[:count], notes=notes)


def _fits(content: Mapping[str, Any]) -> bool:
    return len(encode(content)) <= ROOM_FOR
