"""
What comes over Socket Mode: a frame is greeting, farewell, or an envelope with something that a person did. Pure: bytes in, values out.

After https://docs.slack.dev/apis/events-api/using-socket-mode. Whatever has another form is nothing to us.
"""

from typing import Final

import msgspec

from watchdog.receivers.slack.blocks import ACKNOWLEDGE, APPROVE, DENY

COMMAND: Final = "/watchdog"
LONGEST_TEXT: Final = 500
"""Characters of a command that are read."""
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""The last is said of brackets in brackets in brackets."""


class Frame(msgspec.Struct, frozen=True):
    """One message on the socket. `reason` is that of a farewell, `num_connections` how many hold one for the same app, this one included."""

    type: str
    envelope_id: str = ""
    reason: str = ""
    num_connections: int = 0
    payload: msgspec.Raw = msgspec.Raw(b"null")


class Deed(msgspec.Struct, frozen=True):
    """
    A person pressed a button or gave a command. `id` is the same where it is delivered once more; `by` the person's id; `ref` the message with the button, empty for a command; `channel` where it was;
    `at` when (UTC milliseconds, by Slack's clock), 0 where Slack does not say. `answer_to` is an address that takes an answer which only that person sees.
    """

    id: str
    by: str
    text: str
    ref: str = ""
    at: int = 0
    answer_to: str = ""
    channel: str = ""


class _Person(msgspec.Struct, frozen=True):
    id: str


class _Container(msgspec.Struct, frozen=True):
    message_ts: str = ""
    channel_id: str = ""


class _Action(msgspec.Struct, frozen=True):
    action_id: str
    action_ts: str = ""
    value: str = ""


class _Interaction(msgspec.Struct, frozen=True):
    type: str
    user: _Person
    container: _Container = _Container()
    actions: tuple[_Action, ...] = ()
    response_url: str = ""


class _Command(msgspec.Struct, frozen=True):
    user_id: str
    command: str
    text: str = ""
    channel_id: str = ""
    trigger_id: str = ""
    response_url: str = ""


def read(data: str | bytes) -> Frame | None:
    """The frame; None for what is none."""
    try:
        return msgspec.json.decode(data, type=Frame)
    except _UNREADABLE:
        return None


def deed_of(frame: Frame) -> Deed | None:
    """What a person did; None if it is nothing that this program offers."""
    try:
        match frame.type:
            case "interactive":
                return _pressed(msgspec.json.decode(frame.payload, type=_Interaction))
            case "slash_commands":
                command = msgspec.json.decode(frame.payload, type=_Command)
                # Whatever it is called there: of two apps with a command of the same name Slack heeds only one.
                text = f"{COMMAND} {command.text}"[:LONGEST_TEXT]
                return Deed(
                    f"command.{command.trigger_id or frame.envelope_id}",
                    command.user_id,
                    text,
                    answer_to=command.response_url,
                    channel=command.channel_id,
                )
            case _:
                return None
    except _UNREADABLE:
        return None


def _pressed(its: _Interaction) -> Deed | None:
    if its.type != "block_actions" or len(its.actions) != 1:
        return None
    action, where = its.actions[0], its.container
    id_ = f"pressed.{where.channel_id}.{where.message_ts}.{action.action_ts}.{its.user.id}.{action.action_id}"
    if not action.action_ts or not where.message_ts:
        return None
    if action.action_id == ACKNOWLEDGE:
        text = ACKNOWLEDGE
    elif action.action_id in {APPROVE, DENY} and action.value:
        text = f"{action.action_id} {action.value}"
    else:
        return None
    return Deed(
        id_, its.user.id, text[:LONGEST_TEXT], where.message_ts, _milliseconds(action.action_ts), its.response_url, where.channel_id
    )


def _milliseconds(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return 0
    return int(seconds) * 1000 + int(f"{fraction:0<3}"[:3] if fraction.isascii() and fraction.isdigit() else 0)
