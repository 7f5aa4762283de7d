"""
A message as Block Kit, within Slack's limits: whatever is too long is cut here, never refused there.

Limits after https://docs.slack.dev/reference/block-kit/blocks and …/block-elements/button-element; that of all texts together stands nowhere: Slack
refuses some 13,000 characters with `msg_blocks_too_long`. Characters are counted as JavaScript does, two for an emoji.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from watchdog.model.notices import Severity
from watchdog.receivers.message.message import Message, Section
from watchdog.receivers.message.mrkdwn import quoted, section_lines

HEADER: Final = 150
TEXT: Final = 3_000
ALL_TEXTS: Final = 11_000
BLOCKS: Final = 50
VALUE: Final = 2_000
NAME: Final = 255
CONFIRM: Final = 300

APPROVE: Final = "approve"
DENY: Final = "deny"
ACKNOWLEDGE: Final = "ack"
"""What buttons are called (`action_id`), and what pressing them says."""

_MARKS: Final = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}
_OVER: Final = "✅"
_HALF_AN_ENTITY: Final = re.compile(r"&[a-z]{0,4}$")

Block = dict[str, Any]


class Post(msgspec.Struct, frozen=True):
    """A message in Slack's form. `text` is what a lock screen shows, and a client that knows no blocks."""

    text: str
    blocks: tuple[Block, ...] = ()


def card(message: Message, *, mention: str = "", with_buttons: bool) -> Post:
    """A group as it stands."""
    mark = _OVER if message.is_over else _MARKS[message.severity]
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(f"{mark} {message.headline}", HEADER), "emoji": False}}
    ]
    room = ALL_TEXTS - size(message.headline)
    shown, left_out = 0, len(message.sections)
    for section in message.sections:
        text = _limited(section_lines(section, with_title=len(message.sections) > 1), min(TEXT, room))
        # Room for the notes, the buttons and the mention.
        if room < TEXT // 4 or shown == BLOCKS - 5:
            break
        left_out -= 1
        if text:
            blocks.append(_said(text))
            shown, room = shown + 1, room - size(text)
    notes = [f"and {left_out} more, which have no room here"] * bool(left_out) + list(message.notes)
    if notes:
        text = _limited((f"_{quoted(note)}_" for note in notes), TEXT // 4)
        blocks.append({"type": "context", "elements": [_mrkdwn(text)]})
    if mention:
        blocks.append(_said(called(mention)))
    if with_buttons and not message.is_over:
        blocks.append({"type": "actions", "elements": [_button("Acknowledge", ACKNOWLEDGE, ACKNOWLEDGE)]})
    return Post(_heard(f"{mark} {message.headline}", mention), tuple(blocks))


def question(section: Section, *, action: str, mention: str = "", with_buttons: bool) -> Post:
    """What a person is asked; `action` is what would be done."""
    asked = f"{action}? {section.title}"
    head = f"❓ {asked}"
    lines = [f"*{quoted(head)}*", *section_lines(section, with_title=False)]
    if mention:
        lines.append(called(mention))
    blocks: list[Block] = [_said(_limited(lines, TEXT))]
    if with_buttons:
        sure = {
            "title": _plain("Is that meant?"),
            "text": _plain(cut(asked, CONFIRM)),
            "confirm": _plain("Approve"),
            "deny": _plain("Not now"),
        }
        approve = _button("Approve", APPROVE, section.approval) | {"style": "primary", "confirm": sure}
        deny = _button("Deny", DENY, section.approval) | {"style": "danger"}
        blocks.append({"type": "actions", "elements": [approve, deny]})
    return Post(_heard(head, mention), tuple(blocks))


def lines(texts: Iterable[str], *, mention: str = "") -> Post:
    """Sentences, one a line; of too many the last ones."""
    kept, room = [called(mention)] * bool(mention), TEXT - len(mention) - 20
    for text in reversed(list(texts)):
        line = cut(quoted(text), TEXT // 2)
        if size(line) + 1 > room:
            kept.append("…")
            break
        kept.append(line)
        room -= size(line) + 1
    text = "\n".join(reversed(kept)).strip("\n") or "…"
    return Post(text, (_said(text),))


def named(post: Post, key: str) -> Post:
    """The same with that name, by which it is found again (`block_id`)."""
    first, *rest = post.blocks
    return Post(post.text, (first | {"block_id": cut(key, NAME)}, *rest))


def called(mention: str) -> str:
    """How somebody is called in mrkdwn: the one place where a mention is written."""
    if mention in {"here", "channel"}:
        return f"<!{mention}>"
    return f"<!subteam^{mention}>" if mention.startswith("S") else f"<@{mention}>"


def size(text: str) -> int:
    """How long it is to Slack."""
    return len(text.encode("utf-16-le", "backslashreplace")) // 2


def cut(text: str, most: int) -> str:
    """At most that long; never within an entity."""
    if size(text) <= most:
        return text
    kept = text.encode("utf-16-le", "backslashreplace")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    return f"{_HALF_AN_ENTITY.sub('', kept)}…"


def _limited(texts: Iterable[str], most: int) -> str:
    """Whole lines as far as they fit; the first that does not is cut, unless it is a link or bold to its end, which would break."""
    kept: list[str] = []
    room = most - 2
    for text in texts:
        if size(text) > room:
            breaks = text.startswith("<") or text.endswith(("*", "_"))
            kept.append("…" if breaks or room < 2 else cut(text, room))
            break
        kept.append(text)
        room -= size(text) + 1
    return "\n".join(kept)


def _heard(text: str, mention: str) -> str:
    shown = cut(quoted(text), TEXT - 100)
    return f"{called(mention)} {shown}" if mention else shown


def _said(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # Verbatim: no address, channel or name in a text becomes a link.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _button(text: str, action: str, value: str) -> Block:
    return {"type": "button", "text": _plain(text), "action_id": action, "value": cut(value, VALUE)}
