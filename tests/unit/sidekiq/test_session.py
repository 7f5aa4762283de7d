"""The snapshot at the beginning of a connection, where the connection is lost in the middle of it."""

from typing import Any

import orjson
import pytest

from watchdog.clock import Clock
from watchdog.model.events import Body, Observed
from watchdog.model.kinds import Kind
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.session import Memory, Session
from watchdog.sidekiq.tracking import Dirty

ID = "web1:42:cafe"
INFO = orjson.dumps({"hostname": "web1", "pid": 42, "queues": ["push"], "concurrency": 5, "started_at": 1.7e9})
ENTRY = orjson.dumps({"queue": "push", "payload": orjson.dumps({"jid": "j", "class": "C"}).decode(), "run_at": 1_700_000_000})
USUAL: dict[str, Any] = {
    "TIME": [b"1700000000", b"0"], "GET": b"1", "ZCARD": 0, "INFO": b"redis_version:7.0.15", "LLEN": 0, "LINDEX": None, "PTTL": 55_000, "SISMEMBER": 1, "ZRANGE": [],
    "HMGET": [INFO, b"1700000000.5", b"1", b"false", b"1", b"1", None],
}  # fmt: skip


class Server:
    """Stands for a wire: answers as a Redis with one process that runs one job, but for what is in `failing`."""

    where = "h:1"
    speaks_resp3 = False

    def __init__(self) -> None:
        self.failing: dict[str, Any] = {}

    async def ask(self, commands: Any) -> list[Any]:
        return [self._answer(*command) for command in commands]

    def _answer(self, verb: str, *arguments: Any) -> Any:
        match verb, arguments:
            case _ if verb in self.failing:
                return self.failing[verb]
            case "SSCAN", (key, *_):
                return [b"0", [ID.encode()] if key == b"processes" else []]
            case "HSCAN", _:
                return [b"0", []]
            case "HGETALL", (key,):
                return {b"t": ENTRY} if key.endswith(b":work") else {}
            case _:
                return USUAL[verb]


async def test_a_process_that_was_read_before_the_connection_was_lost_is_told():
    """What was taken in is told at once, because it will not be told again: neither the process nor its job may be missing afterwards."""
    server: Any = Server()
    memory = Memory(keys=Keys(), clock=Clock(), where="h:1", budget=1.0)
    said: list[Body] = []

    def session() -> Session:
        return Session(server, Dirty(memory.keys), memory=memory, clock=Clock(), emit=said.append)

    server.failing = {"TIME": ServerError("LOADING Redis is loading the dataset in memory")}
    with pytest.raises(SourceUnavailableError):
        await session().open()
    server.failing = {}
    await session().open()

    told = {(change.kind, change.id) for body in said if isinstance(body, Observed) for change in body.changes}
    assert {(Kind.PROCESS, ID), (Kind.JOB, f"{ID}/t/j/1700000000")} <= told
    assert [body.complete for body in said if isinstance(body, Observed)][-1:] == [True]
    assert sum(body.complete for body in said if isinstance(body, Observed)) == 1
