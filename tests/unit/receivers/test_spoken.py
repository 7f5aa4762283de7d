"""What people write in a room or click is understood the same everywhere; what is no command is answered with how it is written."""

import pytest

from watchdog.receivers.spoken import SEEN_FOR, Answered, Hushed, Looked, Puzzled, Seen, is_for_us, read

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("!watchdog approve 7kq2m", Answered(True, "7kq2m", "")),
        ("/watchdog approve 7KQ2M", Answered(True, "7kq2m", "")),
        ("approve 7kq2m it is wedged", Answered(True, "7kq2m", "it is wedged")),
        ("Deny 7kq2m  I am\n on it", Answered(False, "7kq2m", "I am on it")),
        ("ack stuck web1/app for 2h looking", Seen(2 * HOUR, "looking", rule="stuck", target="web1/app")),
        ("acknowledge stuck web1/app", Seen(SEEN_FOR, "", rule="stuck", target="web1/app")),
        ("ack stuck web1/app looking for it", Seen(SEEN_FOR, "looking for it", rule="stuck", target="web1/app")),
        ("ack 412.0 for 30m", Seen(HOUR // 2, "", incident="412.0")),
        ("silence stuck for 2h new disks", Hushed(2 * HOUR, "new disks", {"rule": "stuck"}, {})),
        (
            "silence rule=mastodon-* target=web1/* label.team=ops for 1h",
            Hushed(HOUR, "", {"rule": "mastodon-*", "target": "web1/*"}, {"team": "ops"}),
        ),
        ("status", Looked("status")),
        ("STATUS please", Looked("status")),
        ("why stuck web1:1:a b", Looked("why", "stuck", "web1:1:a b")),
        ("help", Looked("help")),
        ("!watchdog", Looked("help")),
        ("", Looked("help")),
    ],
)
def test_what_is_understood(text, meant):
    """Blanks, capitals and the word before it make no difference."""
    assert read(text) == ("", meant)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("approve", Answered(True, "", "")),
        ("approve go ahead", Answered(True, "", "go ahead")),
        ("approve 7kq2m", Answered(True, "7kq2m", "")),
        ("deny", Answered(False, "", "")),
        ("ack", Seen(SEEN_FOR, "")),
        ("ack for 8h until morning", Seen(8 * HOUR, "until morning")),
        ("ack looking into it", Seen(SEEN_FOR, "looking into it")),
    ],
)
def test_said_to_a_message_it_need_not_say_of_what(text, meant):
    """A reaction has no words at all."""
    assert read(text, is_reply=True) == ("", meant)


@pytest.mark.parametrize(
    "text",
    ["approve", "approve right", "deny everything", "ack", "ack 7kq2m", "ack stuck", "ack a b for 2", "ack a b for 2 h", "silence", "silence for 2h",
     "silence stuck", "silence rule=a rule=b for 2h", "silence host=a for 2h", "silence rule= for 2h", "why", "why stuck", "hello", "aprove 7kq2m"],
)  # fmt: skip
def test_what_is_no_command(text):
    """It is said how it is written; nothing is guessed."""
    assert isinstance(read(text)[1], Puzzled)


@pytest.mark.parametrize("word", ["arm", "pause", "adopt", "run", "resume", "recover", "restart", "close", "go-on", "quarantine"])
def test_what_only_the_machine_takes(word):
    """Whoever has the account of a person there must not be able to take the guards away."""
    host, meant = read(f"{word} everything")
    assert host == ""
    assert isinstance(meant, Puzzled)
    assert meant.answer == f"{word} can't be said here, only on the machine itself: sidekiq-watchdog {word}"


def test_a_host_can_be_addressed():
    """In a room where several agents hear; a host that is called like a command is none."""
    assert read("!watchdog web1 approve 7kq2m") == ("web1", Answered(True, "7kq2m", ""))
    assert read("web1 status") == ("web1", Looked("status"))
    assert read("web1 pause")[0] == "web1"
    assert read("status help") == ("", Looked("status"))


@pytest.mark.parametrize("text", ["!watchdog", "  !Watchdog help", "/watchdog approve 7kq2m", "!watchdog\nhelp"])
def test_it_is_for_us(text):
    """By its first word."""
    assert is_for_us(text)


@pytest.mark.parametrize("text", ["", "hello", "!watchdogs", "the !watchdog", "watchdog help", "!" * 100_000, " " * 100_000])
def test_it_is_not_for_us(text):
    """People talk of it, too."""
    assert not is_for_us(text)


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\u202egnp", "a\u200bb", "\x00", "\ud800", "x" * 1_000_000, "\r\nSubject: x"])
def test_a_reason_is_one_harmless_line(hostile):
    """It goes into the audit log and to everybody who is told."""
    _, meant = read(f"deny 7kq2m {hostile}")
    assert isinstance(meant, Answered)
    assert meant.reason.isprintable()
    assert len(meant.reason) < 500
