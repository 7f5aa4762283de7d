"""A card full of hostile texts, as each type of receiver writes it: what arrives is text, calls nobody, and has no more parts than it should."""

import email
import json
from email.policy import default
from typing import Any

import msgspec
import pytest

from tests.unit.lang.test_harmless import read
from tests.unit.receivers.message.hostile import HOSTILE
from tests.unit.receivers.message.test_words import FIRING, T
from watchdog.lang.harmless import harmless
from watchdog.model.cards import Card, Standing
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.email.letter import letter_of
from watchdog.receivers.matrix.contents import content_of, lines_of
from watchdog.receivers.message.html import TAGS
from watchdog.receivers.message.message import Message
from watchdog.receivers.message.words import line_of, message_of
from watchdog.receivers.receiver import Dispatch
from watchdog.receivers.slack import blocks
from watchdog.receivers.webhook import body_of

FIELDS = ("title", "entity", "target", "host", "condition", "action", "guard", "reason", "next", "jobs", "runbook", "page", "rule")
HOSTS = ("matrix.to", "evil.example")
every_text = pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))


def dispatch(text: str) -> Dispatch:
    """A question about one alert, another alert that is over, and a turn of its story: every text in them is that one."""
    entry = msgspec.structs.replace(
        FIRING, standing=Standing.ASKING, approval="7kq2m", seen=(text,), plan=(text,), did=(text,), **dict.fromkeys(FIELDS, text)
    )
    over = msgspec.structs.replace(entry, thread="5.0", standing=Standing.RESOLVED, over=T, approval="")
    same: dict[str, Any] = dict.fromkeys(FIELDS[1:], text)
    notice = Notice("1.0", "4.0", NoticeKind.STAGE, Severity.CRITICAL, T, text, seen=(text,), plan=(text,), by=text, **same)
    return Dispatch(id="d1", group="g1", card=Card(group="g1", entries=(entry, over)), notices=(notice,))


def told(text: str) -> tuple[Message, str]:
    """The message and the line of the thread."""
    sent = dispatch(text)
    return message_of(sent.card), line_of(sent.notices[0])


@every_text
def test_matrix(text):
    """HTML with the tags that are written here; links to pages alone; nobody is mentioned; a body that is no answer to somebody."""
    message, line = told(text)
    for content in (content_of(message), lines_of((line,), kind="m.notice")):
        html = content["formatted_body"]
        assert set(read(html).tags) <= TAGS
        assert "mx-reply" not in read(html).tags
        assert all(f'href="https://{host}' not in html and f'href="http://{host}' not in html for host in ("matrix.to",))
        assert html.count("<a ") == html.count('<a href="http')
        assert content["m.mentions"] == {}
        assert not content["body"].startswith((">", "* "))
        assert all(part.isprintable() for part in content["body"].split("\n"))
        assert "@room" not in content["body"].lower().split()


@every_text
def test_slack(text):
    """No `<` but of links to pages; every text within Slack's limits; buttons carry the id alone."""
    message, line = told(text)
    (section, *_) = (one for one in message.sections if one.approval)
    for post in (
        blocks.card(message, with_buttons=True),
        blocks.question(section, action=harmless(text), with_buttons=True),
        blocks.lines((line,)),
    ):
        marked = [post.text, *(found["text"] for found in objects(post.blocks, "mrkdwn"))]
        for shown in marked:
            assert all(part.startswith("http") for part in shown.split("<")[1:]), shown
            assert all(part.startswith(("amp;", "lt;", "gt;")) for part in shown.split("&")[1:] if not shown.startswith("<http"))
        assert all(found["verbatim"] for found in objects(post.blocks, "mrkdwn"))
        assert all(not found["emoji"] for found in objects(post.blocks, "plain_text"))
        assert {found["value"] for found in objects(post.blocks, "button")} <= {"7kq2m", "ack"}
        assert all(blocks.size(found["text"]) <= blocks.TEXT for kind in ("mrkdwn", "plain_text") for found in objects(post.blocks, kind))
        assert len(post.blocks) <= blocks.BLOCKS


@every_text
def test_mail(text):
    """The headers that it is given and no other, the recipients that it is given and no other; HTML as for Matrix."""
    ordinary = letter_of(dispatch("ordinary"), sender="watchdog@example.org", recipients=("ada@example.org",), host="web1")
    letter = letter_of(dispatch(text), sender="watchdog@example.org", recipients=("ada@example.org",), host="web1")

    plain: Any = email.message_from_bytes(ordinary, policy=default)
    back: Any = email.message_from_bytes(letter, policy=default)

    assert back.keys() == plain.keys()
    assert back["To"] == "ada@example.org"
    assert back["From"] == plain["From"]
    html, body = back.get_body(("html",)).get_content(), back.get_body(("plain",)).get_content()
    assert html.startswith("<!DOCTYPE html>")
    assert set(read(html.removeprefix("<!DOCTYPE html>")).tags) <= {*TAGS, "html", "body", "head", "meta", "ul", "li", "title"}
    assert all(part.isprintable() for part in body.replace("\r", "").split("\n"))


@every_text
def test_webhook(text):
    """JSON that says the very text, since a program reads it: the one that shows it to people has to quote it."""
    body = body_of(dispatch(text).notices[0])

    assert set(json.loads(body)) == {"type", "timestamp", "data"}
    assert b"\n" not in body


def objects(blocks_: Any, kind: str) -> list[dict[str, Any]]:
    """Every object of that type in these blocks, however deep."""
    found: list[dict[str, Any]] = []
    match blocks_:
        case dict():
            found += [blocks_] if blocks_.get("type") == kind else []
            for inner in blocks_.values():
                found += objects(inner, kind)
        case list() | tuple():
            for inner in blocks_:
                found += objects(inner, kind)
    return found
