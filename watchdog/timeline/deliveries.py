"""
Who was told what and when, from the messages in the outbox: one moment for each message, whoever was told it.

The counterpart of `receivers/`, which deliver them.
"""

from collections.abc import Iterable, Iterator

from watchdog.lang.harmless import harmless
from watchdog.store.story import Message
from watchdog.timeline.said import sentence
from watchdog.timeline.timeline import Moment, MomentKind

_NOT_TOLD = {"given_up": "given up", "left_out": "left out, there was no room for it"}


def deliveries(messages: Iterable[Message]) -> Iterator[Moment]:
    """A moment for each: when the first receiver had it, or where none has it when it was written."""
    by_notice: dict[str, list[Message]] = {}
    for number, message in enumerate(messages):
        by_notice.setdefault(str(message.notice.get("id") or number), []).append(message)
    for told in by_notice.values():
        arrived = [one for one in told if one.outcome == "delivered" and one.ended is not None]
        title = str(told[0].notice.get("title", ""))
        who = ", ".join(one.receiver for one in arrived)
        waits = [one for one in told if one.ended is None]
        text = f"told {who}" if arrived else f"waits for {', '.join(one.receiver for one in waits)}" if waits else "not told"
        yield Moment(
            wall=min((one.ended for one in arrived if one.ended is not None), default=told[0].written),
            kind=MomentKind.DELIVERY,
            text=sentence(text, title),
            detail={harmless(one.receiver): _became(one) for one in told},
        )


def receivers(messages: Iterable[Message]) -> tuple[str, ...]:
    """Those who have heard of it, in the order in which they did."""
    heard = [(one.ended, one.receiver) for one in messages if one.outcome == "delivered" and one.ended is not None]
    return tuple(dict.fromkeys(receiver for _, receiver in sorted(heard, key=lambda each: each[0])))


def _became(message: Message) -> str:
    if message.ended is None:
        return harmless(f"waits: {message.error}" if message.error else "waits")
    if message.outcome == "delivered":
        return f"delivered after {max(0, message.ended - message.written) / 1000:.1f} s"
    said = _NOT_TOLD.get(message.outcome, message.outcome)
    return harmless(f"{said}: {message.error}" if message.error and message.outcome == "given_up" else said)
