"""Redis' answers about time and sorted sets as typed values, in both versions of its protocol."""

from watchdog.sidekiq.decode import count
from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.wire import Reply

Entries = list[tuple[bytes, float]]
"""Members with their scores, the lowest first."""


def seconds(reply: Reply, where: str) -> float:
    """The answer to TIME; raises `SourceUnavailableError` for anything else."""
    match reply:
        case ServerError():
            raise from_reply(reply, where)
        case [whole, micros] if (full := count(whole)) is not None and (part := count(micros)) is not None:
            return full + part / 1e6
        case _:
            raise unavailable("protocol", where)


def entries(reply: Reply, where: str) -> Entries:
    """
    Members with scores; none where the key is no sorted set (`is_wrong_type` tells that).

    Raises `SourceUnavailableError` for a refusal or a reply that Redis would not give.
    """
    match reply:
        case ServerError() if is_wrong_type(reply):
            return []
        case ServerError():
            raise from_reply(reply, where)
        case [[bytes(), float()], *_]:  # RESP3
            pairs: Entries = reply
            return pairs
        case list() if len(reply) % 2 == 0:
            return list(zip(reply[::2], map(float, reply[1::2]), strict=True))
        case _:
            raise unavailable("protocol", where)


def is_wrong_type(reply: Reply) -> bool:
    """The key holds something else than what was asked for."""
    return isinstance(reply, ServerError) and str(reply).startswith("WRONGTYPE")
