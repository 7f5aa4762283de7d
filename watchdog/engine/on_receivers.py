"""
What a person says of receivers: that they be told something as a test, or what waits be tried now.

The test goes the way of everything: from here into the outbox, and from there by the deliverer. No silence and no route holds it back, since it is about the way itself.
"""

from watchdog.engine.heard import Heard, refused
from watchdog.engine.turn import Turn
from watchdog.model.effects import Notify, TryReceiver
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.model.told import OperatorRetried, OperatorTested


def thread_of(told: str) -> str:
    """In which thread, and in which group, the test that was said under that id is told: each is a message of its own."""
    return f"test_{told}"


def notice_of(told: OperatorTested, *, id: str, wall: int, host: str) -> Notice:  # noqa: A002  (the word of the notice)
    """What they are told, the same whether an agent runs or not."""
    thread = thread_of(told.id)
    return Notice(
        id=id, thread=thread, kind=NoticeKind.TEST, severity=Severity.INFO, at=wall, title=f"test from {host}, by {told.by}: nothing is wrong", reason=told.reason,
        group=thread, host=host, by=told.by, next="nothing: it only shows that messages arrive",
    )  # fmt: skip


def tell(turn: Turn, told: OperatorTested) -> Heard:
    """By command: each of them is told once. Whether they are there is known outside."""
    if not told.receivers:
        return refused("it says of nobody who is to be told")
    turn.effects.append(Notify(told.receivers, notice_of(told, id=turn.id(), wall=turn.wall, host=turn.ledger.host)))
    # One that has failed is left alone for a while; whoever tests it wants to know how it is now.
    turn.effects.extend(TryReceiver(receiver) for receiver in told.receivers)
    return Heard("told", f"as a test: {', '.join(told.receivers)}", detail={"thread": thread_of(told.id)})


def try_now(turn: Turn, told: OperatorRetried) -> Heard:
    """By command: what waits is tried now."""
    turn.effects.append(TryReceiver(told.receiver))
    return Heard("tried now", f"what waits for {told.receiver}")
