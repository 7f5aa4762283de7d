"""What comes over Socket Mode, as values."""

import json
from typing import Any

import pytest

from watchdog.receivers.slack.envelopes import Deed, Frame, deed_of, read

PRESSED: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": "U012AB3CD", "username": "<!channel>", "team_id": "T012"},
    "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "C012AB3CD"},
    "response_url": "https://hooks.slack.com/actions/T012/1/x",
    "actions": [{"type": "button", "action_id": "approve", "value": "7kq2m", "action_ts": "1700000007.123456", "block_id": "b"}],
}
SAID = {
    "user_id": "U012AB3CD",
    "user_name": "x",
    "command": "/watchdog",
    "text": "ack 7 for 2h",
    "trigger_id": "1.2.3",
    "response_url": "https://hooks.slack.com/c",
}


def frame(kind, payload, **more):
    """An envelope as it comes."""
    return read(json.dumps({"type": kind, "envelope_id": "e1", "payload": payload, **more}))


def test_a_press_is_a_deed():
    """Who, what, on which message and when; the same id for the same press, however often it comes."""
    deed = deed_of(frame("interactive", PRESSED))
    assert deed == Deed(
        "pressed.C012AB3CD.1700000000.000100.1700000007.123456.U012AB3CD.approve", "U012AB3CD", "approve 7kq2m", "1700000000.000100",
        1_700_000_007_123, "https://hooks.slack.com/actions/T012/1/x", "C012AB3CD",
    )  # fmt: skip
    assert deed_of(frame("interactive", PRESSED, retry_attempt=1, retry_reason="timeout")) == deed
    later = PRESSED | {"actions": [PRESSED["actions"][0] | {"action_ts": "1700000008.000000"}]}
    assert deed_of(frame("interactive", later)).id != deed.id


@pytest.mark.parametrize(("action", "text"), [("deny", "deny 7kq2m"), ("ack", "ack")])
def test_buttons_say_what_they_are_called(action, text):
    """An acknowledgement is of the message it stands on."""
    pressed = PRESSED | {"actions": [PRESSED["actions"][0] | {"action_id": action}]}
    assert deed_of(frame("interactive", pressed)).text == text


@pytest.mark.parametrize("name", ["/watchdog", "/watchdog-web2"])
def test_a_command_is_a_deed(name):
    """As it was written, whatever it is called there; Slack does not say when."""
    assert deed_of(frame("slash_commands", SAID | {"command": name}, accepts_response_payload=True)) == Deed(
        "command.1.2.3", "U012AB3CD", "/watchdog ack 7 for 2h", answer_to="https://hooks.slack.com/c"
    )


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("interactive", None),
        ("interactive", []),
        ("interactive", {"type": "view_submission", "user": {"id": "U1"}}),
        ("interactive", PRESSED | {"user": {}}),
        ("interactive", PRESSED | {"user": {"id": 7}}),
        ("interactive", PRESSED | {"actions": []}),
        ("interactive", PRESSED | {"actions": [{"action_id": "approve", "action_ts": "1.1"}]}),
        ("interactive", PRESSED | {"actions": [{"action_id": "ack", "value": "x"}]}),
        ("interactive", PRESSED | {"actions": [{"action_id": "wipe", "value": "7kq2m", "action_ts": "1.1"}]}),
        ("interactive", PRESSED | {"container": {"type": "view", "view_id": "V1"}}),
        ("slash_commands", {"command": "/watchdog"}),
        ("events_api", {"event": {"type": "message", "text": "approve 7kq2m", "user": "U1"}}),
    ],
)
def test_whatever_else_comes_is_nothing(kind, payload):
    """Nothing is guessed."""
    assert deed_of(frame(kind, payload)) is None


NESTED = "[" * 100_000


@pytest.mark.parametrize(
    "data",
    ["", "ping", "[]", '{"envelope_id": "1"}', '{"type": 7}', "\ud800", b"\xff", f'{{"type":"interactive","payload":{NESTED}'],
    ids=range(8),
)
def test_what_is_no_frame_is_left(data):
    """Garbage on the socket ends nothing."""
    assert read(data) is None


def test_greeting_and_farewell_are_read():
    """With what they say of the connection."""
    assert read('{"type":"hello","num_connections":2,"connection_info":{"app_id":"A1"}}') == Frame("hello", num_connections=2)
    assert read('{"type":"disconnect","reason":"refresh_requested"}').reason == "refresh_requested"


@pytest.mark.parametrize(
    ("ts", "at"),
    [("1700000007.123456", 1_700_000_007_123), ("1700000007", 1_700_000_007_000), ("1.5", 1500), ("x.1", 0), ("9" * 12, 0), ("1.x", 1000)],
)
def test_when_is_in_milliseconds(ts, at):
    """Zero where Slack's moment can't be read."""
    pressed = PRESSED | {"actions": [PRESSED["actions"][0] | {"action_ts": ts}]}
    assert deed_of(frame("interactive", pressed)).at == at
