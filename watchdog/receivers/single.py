"""One notice to one receiver, past the outbox: where nothing can be written down, or no agent runs."""

from collections.abc import Mapping

from watchdog.model.cards import Card
from watchdog.model.notices import Notice
from watchdog.receivers.folding import fold
from watchdog.receivers.receiver import Dispatch, Receiver


async def send_single(receiver: Receiver, notice: Notice) -> str:
    """A dispatch of its own, tried once; what the server answered. Raises what `Receiver.send` raises."""
    group = notice.group or notice.id
    card = fold(Card(group=group), (notice,))
    return await receiver.send(Dispatch(id=notice.id, group=group, card=card, notices=(notice,)), _forget)


async def _forget(_lines: Mapping[str, str]) -> None:
    """It is never changed: nobody need know how its message is called."""
