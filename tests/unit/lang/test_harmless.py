"""What strangers write is shown as text everywhere, and does nothing else."""

import email
import io
import logging
import unicodedata
from email.header import Header
from email.message import Message
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.receivers.message.hostile import HOSTILE
from watchdog.cli.logs import Lines
from watchdog.cli.output import Plain
from watchdog.lang.harmless import CUT, harmless, harmless_lines
from watchdog.receivers.message import html, mrkdwn
from watchdog.receivers.message.headers import header

TEXTS = st.one_of(st.text(), st.sampled_from(HOSTILE[:50]), st.lists(st.sampled_from(HOSTILE[:50]), max_size=3).map("".join))


class Reading(HTMLParser):
    """Text and tags as a browser would find them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.text += "\n" if tag == "br" else ""

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def read(text: str) -> Reading:
    """What a parser finds in that HTML."""
    reading = Reading()
    reading.feed(text)
    reading.close()
    return reading


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_it_is_one_line_of_what_can_be_seen(text):
    """No control character, no mark of direction, nothing invisible, no tower of accents, no line that begins anew, and no longer than asked for."""
    shown = harmless(text, 200)

    assert shown.isprintable()
    assert len(shown) <= 200
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not any(all(unicodedata.category(char) in ("Mn", "Me") for char in shown[at : at + 3]) for at in range(len(shown) - 2))
    assert shown == harmless(shown, 200)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_it_is_text_in_html(text):
    """A browser finds no tag in it but the ends of lines, and the very text."""
    shown = harmless_lines(text)

    reading = read(html.quoted(shown))

    assert reading.text == shown
    assert set(reading.tags) <= {"br"}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_it_calls_nobody_and_marks_nothing_in_slack(text):
    """Nothing is left that Slack reads as a call, a link, a style, a quotation or a picture; its own unquoting gives back text without marks."""
    shown = mrkdwn.quoted(harmless_lines(text))

    assert not set(shown) & set("<>*~`")
    assert not any(line.lstrip().startswith("&gt;") for line in shown.split("\n"))
    assert all(part.startswith(("amp;", "lt;", "gt;")) for part in shown.split("&")[1:])
    assert ":fire:" not in shown


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_it_is_one_header_of_a_mail(text):
    """A mail with it has the headers that it was given and no other, and nothing in it is decoded into something else."""
    mail = Message()
    mail["Subject"] = Header(header(text), "utf-8", header_name="Subject").encode()
    mail["To"] = "ada@example.org"

    back = email.message_from_bytes(mail.as_bytes(), policy=default)

    assert back.keys() == ["Subject", "To"]
    assert str(back["Subject"]) == header(text)
    assert back["To"] == "ada@example.org"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_it_is_one_line_of_a_terminal(text):
    """Whatever a command prints of it moves no cursor and begins no line."""
    stream = io.StringIO()

    Plain(stream).line(text)

    assert stream.getvalue().rstrip("\n").isprintable()
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_it_is_harmless_in_the_log(text):
    """Each line of the log is made of what can be printed."""
    record = logging.LogRecord("watchdog", logging.ERROR, "", 0, "receiver ops: %s", (text,), None)

    assert all(line.isprintable() for line in Lines().format(record).split("\n"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Scheduler::UserCleanupScheduler", "Scheduler::UserCleanupScheduler"),
        ("web1/mastodon-sidekiq-ingress@2.service", "web1/mastodon-sidekiq-ingress@2.service"),
        ("web1/mastodon-sidekiq@all.service", "web1/mastodon-sidekiq@all.service"),
        ("Zoë's Büro, 日本語 👍", "Zoë's Büro, 日本語 👍"),
        ("a\n\n b\t\tc ", "a b c"),
        ("@room", "\N{FULLWIDTH COMMERCIAL AT}room"),
        ("(@Everyone)", "(\N{FULLWIDTH COMMERCIAL AT}Everyone)"),
        ("@roomy @ada:example.org", "@roomy @ada:example.org"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eevil", "\\u202eevil"),
        ("https://matrix.to/#/@ada:example.org", "https://matrix.to/ #/@ada:example.org"),
        ("x" * 11, "x" * 9 + CUT),
        ("x" * 10, "x" * 10),
        ("x" * 10 + " ", "x" * 10),
        ("x" * 10 + " y", "x" * 9 + CUT),
        ("a" + "\u0301" * 9 + "b", "a\u0301\u0301b"),
    ],
)
def test_what_is_shown(text, shown):
    """Names that are meant are left as they are; what would do something can be seen."""
    assert harmless(text, 10 if "xxx" in text else 200) == shown


def test_lines_that_have_no_room_are_cut():
    """So many lines, each of such a width; the end is marked."""
    assert harmless_lines("\n".join("abcdef"), 1, 4) == f"a\nb\nc\n{CUT}"
    assert harmless_lines("a\n\n\nb", 10, 2) == "a\nb"


@given(TEXTS, st.integers(1, 120))
def test_any_text_is_harmless_and_stays_so(text, width):
    """Whatever it is: printable, no wider, the same when it is done once more."""
    shown = harmless(text, width)

    assert shown.isprintable()
    assert len(shown) <= width
    assert harmless(shown, width) == shown


@given(TEXTS)
def test_any_text_comes_back_from_html(text):
    """Quoted for HTML and read by a parser it is what it was, and nothing more."""
    reading = read(f'<a title="{html.quoted(harmless_lines(text))}">{html.quoted(harmless_lines(text))}</a>')

    assert reading.text == harmless_lines(text)
    assert set(reading.tags) <= {"a", "br"}


@given(TEXTS)
def test_any_text_is_one_header(text):
    """Whatever it is, written as encoded words a mail reader finds one subject, which is the text."""
    mail = Message()
    mail["Subject"] = Header(header(text), "utf-8", header_name="Subject").encode()

    back = email.message_from_bytes(mail.as_bytes(), policy=default)

    assert list(back.keys()) == ["Subject"]
    assert str(back["Subject"]) == header(text)
