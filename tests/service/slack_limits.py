"""
What Slack says no to of a message: limits of blocks and texts, and what it would not show as it was meant.

The counterpart of `slack_standin.py`, which asks; where the limits are documented stands there.
"""

import json
import re
from typing import Any, Final

from aiohttp import web

from watchdog.receivers.slack.blocks import Post
from watchdog.store.encoding import encode

CALLS: Final = re.compile(r"<(?:!(?:here|channel|everyone|subteam\^[A-Z0-9]+)|@[UW][A-Z0-9]+)(?:\|[^>]*)?>")
_LINK: Final = re.compile(r"<(?:https?|mailto)[^>]*>")
_ENTITY: Final = re.compile(r"&(?!amp;|lt;|gt;)")


def wrong_with_message(its: dict[str, Any]) -> web.Response | None:
    """The refusal of it; None where there is none."""
    text = its.get("text")
    if not isinstance(text, str) or not text:
        return no("no_text")
    if _malformed(text):
        return no("invalid_text")
    if wrong := wrong_with_blocks(its.get("blocks", [])):
        return no("invalid_blocks", wrong)
    if sum(length(text["text"]) for text in texts_in(its.get("blocks", []))) > 13_000:
        return no("msg_blocks_too_long")
    return None


def wrong_with_blocks(blocks: Any) -> str:
    """What is wrong with them; empty where nothing is."""
    if not isinstance(blocks, list) or len(blocks) > 50:
        return "no list of at most 50"
    return next(filter(None, map(_wrong_with_block, blocks)), "")


def _wrong_with_block(block: dict[str, Any]) -> str:
    if length(block.get("block_id", "x")) > 255:
        return "block_id"
    match block:
        case {"type": "header", "text": {"type": "plain_text"} as text}:
            return _wrong_with_text(text, 150)
        case {"type": "section", "text": text}:
            return _wrong_with_text(text, 3_000)
        case {"type": "context", "elements": [_, *_] as elements} if len(elements) <= 10:
            return next(filter(None, (_wrong_with_text(one, 3_000) for one in elements)), "")
        case {"type": "actions", "elements": [_, *_] as elements} if len(elements) <= 25:
            return next(filter(None, map(_wrong_with_button, elements)), "")
        case {"type": "divider"}:
            return ""
        case _:
            return f"block {block.get('type')}"


def _wrong_with_button(its: dict[str, Any]) -> str:
    if its.get("type") != "button" or its.get("style", "primary") not in {"primary", "danger"}:
        return "button"
    if length(its.get("action_id", "")) > 255 or not its.get("action_id") or length(its.get("value", "")) > 2_000:
        return "action_id or value"
    if set(its) - {"type", "text", "action_id", "value", "style", "confirm", "url", "accessibility_label"}:
        return "unknown key"
    confirm = its.get("confirm")
    if confirm is not None:
        limits = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
        if set(confirm) - set(limits) - {"style"} or set(limits) - set(confirm):
            return "confirm"
        if wrong := next(filter(None, (_wrong_with_text(confirm[name], most) for name, most in limits.items())), ""):
            return wrong
    return "" if its["text"].get("type") == "plain_text" and not _wrong_with_text(its["text"], 75) else "button text"


def _wrong_with_text(its: Any, most: int) -> str:
    match its:
        case {"type": "plain_text", "text": str(text)} if not set(its) - {"type", "text", "emoji"}:
            return "" if 1 <= length(text) <= most else f"text of {length(text)}"
        case {"type": "mrkdwn", "text": str(text)} if not set(its) - {"type", "text", "verbatim"}:
            return "malformed" if _malformed(text) else "" if 1 <= length(text) <= most else f"text of {length(text)}"
        case _:
            return "no text"


def _malformed(text: str) -> bool:
    """Anything in angle brackets that is no call and no link, or an ampersand that begins no entity: Slack would show it otherwise than it was meant."""
    left = _LINK.sub("", CALLS.sub("", text))
    return "<" in left or ">" in left or bool(_ENTITY.search(text))


def texts_in(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All text objects in them, those on buttons among them."""
    found: list[dict[str, Any]] = []
    for block in blocks:
        found += [block["text"]] if "text" in block else []
        found += [one for one in block.get("elements", []) if one["type"] in {"mrkdwn", "plain_text"}]
        found += [one["text"] for one in block.get("elements", []) if one["type"] == "button"]
    return found


def buttons_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Its buttons, as they were sent."""
    return [one for block in message.get("blocks", []) if block["type"] == "actions" for one in block["elements"]]


def buttons(message: dict[str, Any]) -> list[str]:
    """Which buttons a message has."""
    return [one["action_id"] for one in buttons_of(message)]


def said(message: dict[str, Any]) -> str:
    """All its texts, a line each."""
    return "\n".join(text["text"] for text in texts_in(message.get("blocks", [])))


def wrong_with(post: Post) -> tuple[str | None, set[str]]:
    """What Slack would say to it, and who would be called."""
    plain = json.loads(encode({"text": post.text, "blocks": post.blocks}))
    answer = wrong_with_message(plain)
    texts = [post.text, *(text["text"] for text in texts_in(plain["blocks"]) if text["type"] == "mrkdwn")]
    return str(answer.text) if answer else None, {call for text in texts for call in CALLS.findall(text)}


def length(text: str) -> int:
    """As JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def yes(more: dict[str, Any]) -> web.Response:
    """An answer to what was done."""
    return web.json_response({"ok": True, **more})


def no(error: str, detail: str = "") -> web.Response:
    """An answer to what was not."""
    return web.json_response({"ok": False, "error": error, **({"errors": [detail]} if detail else {})})
