"""Deliveries to our inboxes, as Mastodon's web server logs them."""

import pytest

from watchdog.mastodon.web_log import Delivery, is_request, read_web_line
from watchdog.model.log_lines import LogLine

BEFORE = "I, [2026-11-22T14:11:22.123456 #255]  INFO -- : [6f0c0a0e-3c2b-4a8e-9d0c-0b8f3c1d2e4f] "
LINE = (
    "method=POST path=/inbox format=html controller=ActivityPub::InboxesController action=create status=202 duration=4.12 view=0.00 db=1.10 "
    "key=https://Remote.example/users/alice#main-key"
)


@pytest.mark.parametrize("before", ["", BEFORE])
def test_a_delivery(before):
    """Its host and the answer, and nothing else."""
    found = read_web_line(LogLine(before + LINE, at=5))
    assert found == Delivery(5, "remote.example", 202)
    assert found.is_proven
    assert "alice" not in repr(found)


def test_only_an_accepted_signature_proves_the_host():
    """Whoever is refused may call itself anything."""
    for status in ("401", "403", "500"):
        found = read_web_line(LogLine(LINE.replace("202", status)))
        assert (found.host, found.is_proven) == ("remote.example", False)


def test_a_request_without_a_signature():
    """No host, and nothing proven."""
    found = read_web_line(LogLine(LINE.partition(" key=")[0]))
    assert (found.host, found.is_proven) == ("", False)


@pytest.mark.parametrize(
    "text",
    [
        "", "method=POST", LINE.replace("POST", "GET"), LINE.replace("InboxesController", "OutboxesController"), LINE.replace("=create", "=show"),
        LINE.replace("status=202", "status=20x"), LINE.replace("status=202 ", ""), "x" * 1_000_000,
    ],
)  # fmt: skip
def test_every_other_line(text):
    """It is no delivery."""
    assert read_web_line(LogLine(text)) is None


def test_a_sender_can_not_write_the_answer():
    """The key is the sender's own text: what it puts behind or into it changes no field before it, and no other host is believed."""
    forged = LINE.replace("202", "401").replace("#main-key", " status=202 key=https://victim.example/x")
    assert read_web_line(LogLine(forged)) == Delivery(0, "remote.example", 401)
    path = LINE.replace("/inbox", "/inbox&status=202&key=https://victim.example/").replace("status=202 ", "status=401 ")
    assert read_web_line(LogLine(path)) == Delivery(0, "remote.example", 401)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("B\u00fccher.example.", "xn--bcher-kva.example"),
        ("[2001:DB8::1]:8080", "2001:db8::1"),
        ("a..b", ""),
        ("-x.example", ""),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_a_host_is_named_as_mastodon_names_it(written, host):
    """So that what one source tells of it belongs to what another does; what can't be a host is nobody."""
    assert read_web_line(LogLine(LINE.replace("Remote.example", written))).host == host


FORGED = LINE.replace("Remote.example", "victim.example")


@pytest.mark.parametrize(
    "line",
    [
        BEFORE
        + f"method=GET path=/users/a format=json controller=AccountsController action=show status=200 duration=4.1 view=0.0 db=1.0 key=x {FORGED}",
        BEFORE + f"ActionDispatch::Http::Parameters::ParseError (unexpected token at '{{ {FORGED}' ):",
        BEFORE + f'ActionController::BadRequest: invalid value " {FORGED}"',
        BEFORE + f"Error parsing x= {FORGED}",
        "x" * 2_000 + f" {FORGED}",
    ],
    ids=["key of another request", "error about a body", "quoted", "behind a sign", "far behind"],
)
def test_a_stranger_can_not_write_a_whole_delivery(line):
    """The key of any signed request is free text, and errors repeat what was sent: neither is a delivery of whom it names, nor a request that shows that the log speaks of them."""
    assert read_web_line(LogLine(line)) is None
    assert is_request(LogLine(line)) == line.startswith(BEFORE + "method=GET")


@pytest.mark.parametrize(
    "before",
    [
        "I, [2026-11-22T14:11:22.123456 #255]  INFO -- : [" + "x" * 255 + "] ", "web-1  | [6f0c0a0e] ", "2026-11-22T14:11:22.1Z stdout F [6f0c0a0e] ",
        "Nov 22 14:11:22 host bundle[255]: [6f0c0a0e] ", "  ",
    ],
)  # fmt: skip
def test_what_collectors_of_logs_put_before_a_line(before):
    """Is no hindrance."""
    assert read_web_line(LogLine(before + LINE)) == Delivery(0, "remote.example", 202)
    assert is_request(LogLine(before + LINE))
