"""What the server says of itself by INFO; and how long it takes to answer."""

import logging
from typing import Any, Final

from watchdog.sidekiq.failures import ServerError, from_reply, unavailable
from watchdog.sidekiq.redis_clock import RedisClock
from watchdog.sidekiq.sampled.part import Found, Ground, Moment
from watchdog.sidekiq.scanning import Ask
from watchdog.sidekiq.serverinfo import (
    ASK_INFO,
    ASK_SAVING,
    garbage,
    last_save,
    log_failed,
    parse_info,
    readings,
    save_failed,
    save_stops_writes,
)
from watchdog.sidekiq.wire import Command, Reply

_LOG: Final = logging.getLogger(__name__)


class Server:
    """The entity `redis`."""

    every = 5_000

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._may_ask = True
        self._run_id = ""
        self._restarts = 0
        self._slowest = 0
        self._saved_at: int | None = None
        self._clock = RedisClock()

    def commands(self) -> list[Command] | None:
        """INFO, where that is allowed."""
        return list(ASK_INFO) if self._may_ask else None

    def answered(self, took: int) -> None:
        """A sample was answered within so many milliseconds."""
        self._slowest = max(self._slowest, took)

    async def take(self, ask: Ask, replies: list[Reply], moment: Moment) -> Found:
        """The readings; raises `SourceUnavailableError` (`misconf`) if Redis refuses writes because it can't save its data."""
        info = self._info(replies[0])
        if not info:
            return Found()
        slots: dict[str, Any] = readings(info) | {"latency": self._slowest, "restarts": self._count_restarts(info)}
        slots |= self._clock.slots(moment.now, moment.at)
        self._slowest = 0
        for name in garbage(info):
            self._ground.odd("INFO", f"`{name}` is not what it must be")
        if (saved := last_save(info)) is not None:
            slots["saved_at"] = self._saved_at = moment.engine_time(saved, self._saved_at)
        await self._judge_saving(ask, info)
        return Found({"redis": slots})

    async def check_writes(self, ask: Ask) -> None:
        """Raise `SourceUnavailableError` (`misconf`) if Redis refuses writes because it can't save its data."""
        (reply,) = await ask(ASK_INFO)
        await self._judge_saving(ask, self._info(reply))

    async def _judge_saving(self, ask: Ask, info: dict[str, str]) -> None:
        if log_failed(info) or (save_failed(info) and save_stops_writes(await ask(ASK_SAVING))):
            raise unavailable("misconf", self._ground.where)

    def _info(self, reply: Reply) -> dict[str, str]:
        if isinstance(reply, ServerError):
            failure = from_reply(reply, self._ground.where)
            if failure.code not in ("noperm", "error"):
                raise failure
            if self._may_ask:
                self._may_ask = False
                _LOG.warning("Redis does not tell about itself (%s); whether it can save its data is not known", failure.message)
            return {}
        return parse_info(reply)

    def _count_restarts(self, info: dict[str, str]) -> int:
        run_id = info.get("run_id", "")
        if self._run_id and run_id and run_id != self._run_id:
            self._restarts += 1
        self._run_id = run_id or self._run_id
        return self._restarts
