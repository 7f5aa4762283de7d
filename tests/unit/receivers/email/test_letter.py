"""The letter that a dispatch is: the same bytes at every attempt, one thread, and nothing but what we wrote in its headers."""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import msgspec
import pytest

from tests.unit.receivers.dispatches import dispatch, entry, over, turn
from watchdog.model.cards import Standing
from watchdog.model.notices import NoticeKind, Severity
from watchdog.receivers.email.letter import is_worth_a_letter, letter_of
from watchdog.receivers.message.headers import header
from watchdog.receivers.message.words import message_of
from watchdog.receivers.receiver import Dispatch

SENDER = "watchdog@example.org"


def written(of: Dispatch, *recipients: str) -> EmailMessage:
    """As it is read at the other end."""
    data = letter_of(of, sender=SENDER, recipients=recipients or ("ops@example.org",), host="web1")
    assert data.isascii()
    assert all(len(line) <= 998 for line in data.splitlines())
    return BytesParser(policy=default).parsebytes(data)


def parts(letter: EmailMessage) -> tuple[str, str]:
    """Text and HTML."""
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_what_stands_in_its_headers():
    """From whom, to whom, what it is about; that a program wrote it; how bad it is, for whoever sorts by it."""
    letter = written(dispatch(entry()), "ops@example.org", "ada@example.org")
    assert letter["From"] == "sidekiq-watchdog <watchdog@example.org>"
    assert letter["To"] == "ops@example.org, ada@example.org"
    assert letter["Subject"].startswith("CRITICAL ")
    assert letter["Date"] == "Tue, 14 Nov 2023 22:13:21 +0000"
    assert letter["Message-ID"] == "<d1@example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert (letter["Importance"], letter["X-Watchdog-Severity"], letter["X-Watchdog-State"]) == ("high", "critical", "open")
    assert letter["X-Watchdog-Rule"] == "stuck-job"
    assert b"\r\nX-Watchdog-Rule: stuck-job\r\n" in letter_of(
        dispatch(entry()), sender=SENDER, recipients=("ops@example.org",), host="web1"
    )


def test_it_is_text_and_html():
    """Both say the same: how it stands, and what happened."""
    letter = written(dispatch(entry(), notices=(turn(title="3 jobs are held"),)))
    assert letter.get_content_type() == "multipart/alternative"
    for part in parts(letter):
        assert "web1:4321:abc" in part
        assert "what happened:" in part
        assert "3 jobs are held" in part


def test_what_stands_for_itself_is_said_once():
    """A message of the agent, a digest, a test: there is no story to it."""
    of = dispatch(
        entry("agent", rule="", title="started in dry-run"), notices=(turn("agent", NoticeKind.AGENT, title="started in dry-run"),)
    )
    for part in parts(written(of)):
        assert "what happened" not in part
        assert "started in dry-run" in part


def test_a_group_is_one_thread():
    """Every letter answers the same one, which is of this group and host alone; nothing has to be remembered."""
    letters = [written(msgspec.structs.replace(dispatch(one), id=id_)) for one, id_ in ((entry(), "d1"), (entry(), "d2"), (over(), "d3"))]
    assert {letter["In-Reply-To"] for letter in letters} == {letter["References"] for letter in letters} == {"<g1.web1@example.org>"}
    assert len({letter["Message-ID"] for letter in letters}) == 3
    assert (letters[2]["X-Watchdog-State"], letters[2]["Importance"]) == ("over", None)
    other = msgspec.structs.replace(dispatch(entry()), group="g2")
    assert written(other)["References"] == "<g2.web1@example.org>"


def test_it_is_the_same_at_every_attempt():
    """To the byte: a server that has it already may throw it away."""
    of = dispatch(entry(), over("8"))
    assert len({letter_of(of, sender=SENDER, recipients=("ops@example.org",), host="web1") for _ in range(3)}) == 1


HOSTILE = [
    "x\r\nBcc: everybody@example.org",
    "x\nSubject: another",
    "x\r\n\r\nbody",
    "=?utf-8?q?evil?=",
    "\x1b[31mred",
    "a\u202eb\u2066c",
    "x" * 1_000_000,
    "\udcff\udc80",
    "<script>alert(1)</script>",
    "--=_d1--\r\n.\r\n",
    "ü" * 500,
    "\0",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_strangers_named_makes_no_header(text):
    """Whatever a class, a host or an error is called: the headers are those that we write, and the body is text."""
    names = {"title": text, "rule": "stuck-job", "entity": text, "target": text, "host": text, "reason": text, "labels": {"team": text}}
    plain = written(dispatch(entry()))
    letter = written(dispatch(entry(**names), notices=(turn(title=text, reason=text),)))
    assert letter.keys() == plain.keys()
    assert "everybody" not in letter["To"]
    assert letter["Subject"].isprintable()
    assert len(letter["Subject"]) <= 200
    text_part, html_part = parts(letter)
    assert "<script" not in html_part
    assert len(text_part) < 20_000
    assert [part.get_content_type() for part in letter.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    "text", ["\uff20HERE: \uff20X:0 \uff20Y", "jobs of кириллица и 日本語 " * 5, "ü" * 90, "x ü" * 60, "plain", "words " * 30, "w" * 180]
)
def test_a_subject_is_read_as_it_was_written(text):
    """Whatever script it is in, and however it has to be folded."""
    of = dispatch(entry("agent", rule="", title=text), notices=(turn("agent", NoticeKind.AGENT),))
    assert written(of)["Subject"] == header(message_of(of.card).headline)


def test_an_id_that_could_be_none_is_made_one():
    """Whatever the deliverer calls a dispatch."""
    assert written(msgspec.structs.replace(dispatch(entry()), id="a b>\r\nX: y/ü"))["Message-ID"] == "<a-b---X--y--@example.org>"


@pytest.mark.parametrize(
    ("notice", "expected"),
    [
        (turn(kind=NoticeKind.FIRING), True),
        (turn(kind=NoticeKind.RESOLVED), True),
        (turn(kind=NoticeKind.REMINDER), True),
        (turn(kind=NoticeKind.ESCALATED), True),
        (turn(kind=NoticeKind.ACKNOWLEDGED), False),
        (turn(kind=NoticeKind.DECIDED, decision="DENY"), True),
        (turn(kind=NoticeKind.DECIDED, decision="DRY_RUN"), True),
        (turn(kind=NoticeKind.DECIDED, decision="ALLOW"), False),
        (turn(kind=NoticeKind.DECIDED, decision="ASK", approval="7kq2m"), True),
        (turn(kind=NoticeKind.STAGE, outcome="sent"), False),
        (turn(kind=NoticeKind.STAGE, outcome="held"), True),
        (turn(kind=NoticeKind.STAGE, outcome="not kept"), True),
        (turn(kind=NoticeKind.ENDED), True),
        (turn(kind=NoticeKind.SOURCE), True),
        (turn(kind=NoticeKind.AGENT), True),
        (turn(kind=NoticeKind.DIGEST), True),
        (turn(kind=NoticeKind.TEST), True),
    ],
    ids=lambda value: f"{value.kind}-{value.decision}{value.outcome}" if not isinstance(value, bool) else "",
)
def test_what_is_worth_a_letter(notice, expected):
    """What somebody should know of; the stages on the way stand in the next letter."""
    assert is_worth_a_letter(notice) is expected


def test_something_held_is_told_as_urgent_as_it_is():
    """The severity of the card, whatever kind of turn it was."""
    letter = written(
        dispatch(entry(standing=Standing.HELD, severity=Severity.WARNING), notices=(turn(kind=NoticeKind.STAGE, outcome="held"),))
    )
    assert letter["X-Watchdog-Severity"] == "warning"
    assert letter["Subject"].startswith("WARNING")
