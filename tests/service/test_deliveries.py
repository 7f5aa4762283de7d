"""What Mastodon keeps of deliveries that fail, read from a real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.service.conftest import RedisServer
from tests.service.users import observer
from watchdog.clock import Clock
from watchdog.mastodon.deliveries import Deliveries
from watchdog.mastodon.peers import Peers
from watchdog.model.events import Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
TODAY = datetime.now(UTC)
INBOX = "https://Red.example/inbox"


def day(ago: int) -> str:
    """As Mastodon writes it."""
    return (TODAY - timedelta(days=ago)).strftime("%Y%m%d")


class Heard:
    """All that was emitted, and what follows from it."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    @property
    def rounds(self) -> int:
        return sum(isinstance(one, Observed) and one.complete for one in self.said)

    def peers(self) -> dict[str, dict[str, Any]]:
        """The readings as they now stand."""
        found: dict[str, dict[str, Any]] = {}
        for body in self.said:
            assert not isinstance(body, Observed) or body.source is Source.DELIVERIES
            for change in body.changes if isinstance(body, Observed) else ():
                assert change.kind is Kind.PEER
                if isinstance(change, Gone):
                    del found[change.id]
                else:
                    assert isinstance(change, Delta)
                    found.setdefault(change.id, {}).update(change.fields)
        return found

    def shown(self) -> dict[str, tuple[Any, ...]]:
        """Of each its days and circuits."""
        return {host: (one.get("failing_days"), one.get("circuits")) for host, one in self.peers().items()}


@asynccontextmanager
async def reading(
    server: RedisServer, watched: tuple[str, ...] = (), *, url: str = "", namespace: str = "", every: float = 0.05
) -> AsyncIterator[Heard]:
    """The source at work on that server, in short rounds."""
    heard = Heard()
    source = Deliveries(
        url=url or server.url,
        namespace=namespace,
        peers=Peers(watched),
        clock=Clock(),
        emit=heard.said.append,
        every=every,
        answer_within=0.5,
    )
    heard.source = source  # type: ignore[attr-defined]
    task = asyncio.create_task(source.run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (fault := task.exception()) is not None:
            raise fault


async def test_days_on_which_deliveries_failed(redis_server, until: Callable[..., Any]):
    """How many and since when, of each host; one that is watched and delivers is told as well. Minutes of other services, and what is no set, are nothing."""
    client = redis_server.client()
    await client.sadd("exhausted_deliveries:Dead.example", day(3), day(0), day(1))
    await client.sadd("exhausted_deliveries:fasp.example", "202611261200")
    await client.set("exhausted_deliveries:odd.example", "x")
    await client.sadd("exhausted_deliveries:no host", day(1))
    await client.sadd("exhausted_deliveries:long.example", *(day(ago) for ago in range(400)))
    async with reading(redis_server, ("well.example",)) as heard:
        await until(lambda: heard.rounds, what="a round")
        assert heard.shown() == {"well.example": (0, 0), "dead.example": (3, 0), "long.example": (400, 0)}
        one = heard.peers()["dead.example"]
        assert (one["name"], one["domain"], one["watched"]) == ("dead.example", "dead.example", False)
        midnight = (TODAY - timedelta(days=3)).replace(hour=0, minute=0, second=0, microsecond=0)
        age = Clock().at() - one["failing_at"]
        assert abs(age - (time.time() - midnight.timestamp()) * 1000) < 5_000
        assert "failing_at" not in heard.peers()["well.example"]

        # A delivery succeeded: Mastodon deletes the key.
        await client.delete("exhausted_deliveries:Dead.example")
        await until(lambda: "dead.example" not in heard.peers(), what="that it is gone")


async def another_round(client: Any, heard: Heard, until: Callable[..., Any]) -> None:
    """What is there now has been looked at once more."""
    await client.sadd("exhausted_deliveries:later.example", day(0))
    await until(lambda: "later.example" in heard.peers(), what="another round")


async def _red_lists(client: Any) -> None:
    failure = orjson.dumps({"error": {"class": "E", "message": "m"}, "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000+00:00")})
    for _ in range(10):
        await client.lpush(f"stoplight:failures:{INBOX}", failure)
    await client.lpush("stoplight:failures:https://few.example/inbox", failure)


async def _red_sorted(client: Any) -> None:
    for number in range(10):
        await client.zadd(f"stoplight:v4:failures:{INBOX}", {orjson.dumps({"error": {}, "n": number}): int(time.time())})
    await client.zadd("stoplight:v4:failures:https://few.example/inbox", {"{}": int(time.time())})
    # What the generation before has left behind.
    await _red_lists_of(client, "old.example")


async def _red_hashes(client: Any) -> None:
    now = int(time.time())
    await client.hset(
        f"stoplight:v5:metadata:{INBOX}", mapping={"breached_at": now, "recovery_scheduled_after": now + 60, "consecutive_errors": 10}
    )
    await client.hset("stoplight:v5:metadata:https://few.example/inbox", mapping={"last_error_at": now, "consecutive_errors": 1})
    await client.hset("stoplight:v5:metadata:source:10.0.0.1", mapping={"breached_at": now, "recovery_scheduled_after": now + 60})
    await _red_lists_of(client, "old.example")


async def _red_lists_of(client: Any, host: str) -> None:
    await client.hset("stoplight:states", f"https://{host}/inbox", "locked_red")
    await client.lpush(f"stoplight:failures:https://{host}/inbox", "{}")


@pytest.mark.parametrize("generation", [_red_lists, _red_sorted, _red_hashes])
async def test_circuits_of_each_generation(redis_server, until: Callable[..., Any], generation: Callable[[Any], Any]):
    """An inbox that is not tried is counted to its host, and what an earlier version of the gem left behind is not."""
    client = redis_server.client()
    await generation(client)
    await client.hset("stoplight:v4:states", "x", "locked_red")
    async with reading(redis_server, ("few.example",)) as heard:
        await until(lambda: heard.shown().get("red.example") == (0, 1), what="a light that is red")
        assert heard.shown()["few.example"] == (0, 0)
        await another_round(client, heard, until)
        assert "old.example" not in heard.peers() or generation is _red_lists


async def test_hashed_names_are_not_guessed(redis_server, until: Callable[..., Any], caplog):
    """Of a generation that hides whose a light is nothing is known, and that is said once; days are read as before."""
    client = redis_server.client()
    await client.hset("stoplight:v6:metadata:9f86d081884c7d65", mapping={"breached_at": 1})
    await client.sadd("exhausted_deliveries:dead.example", day(1))
    async with reading(redis_server) as heard:
        await until(lambda: heard.rounds, what="a round")
        await another_round(client, heard, until)
        assert heard.shown() == {"dead.example": (1, None), "later.example": (1, None)}
    assert [record.getMessage() for record in caplog.records].count(
        "the circuits of deliveries can't be read: stoplight 6 and later hide whose they are"
    ) == 1


async def test_a_namespace_is_taken_as_it_is_written(redis_server, until: Callable[..., Any]):
    """Signs that mean something in a pattern mean themselves, and other namespaces are left alone."""
    client = redis_server.client()
    await client.sadd("m[1]*:exhausted_deliveries:dead.example", day(1))
    await client.sadd("m1x:exhausted_deliveries:other.example", day(1))
    await client.sadd("exhausted_deliveries:other.example", day(1))
    now = int(time.time())
    await client.hset(f"m[1]*:stoplight:v5:metadata:{INBOX}", mapping={"breached_at": now, "recovery_scheduled_after": now + 60})
    async with reading(redis_server, namespace="m[1]*") as heard:
        await until(lambda: heard.rounds, what="a round")
        assert heard.shown() == {"dead.example": (1, 0), "red.example": (0, 1)}


async def test_five_thousand_keys_cost_redis_little(redis_server, until: Callable[..., Any]):
    """Each key is asked about, and no command looks through more than a page."""
    client = redis_server.client()
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(5_000):
            pipeline.sadd(f"exhausted_deliveries:h{number}.example", day(number % 9), day(0))
            pipeline.hset(f"stoplight:v5:metadata:https://h{number}.example/inbox", mapping={"last_success_at": 1})
            pipeline.set(f"feed:home:{number}", "x")
        await pipeline.execute()
    await client.config_resetstat()
    async with reading(redis_server, every=60) as heard:
        await until(lambda: heard.rounds, what="a round")
        stats = await client.info("commandstats")
        assert len(heard.peers()) == 2_000
        assert all(one["failing_days"] in (1, 2) for one in heard.peers().values())
    scans = stats["cmdstat_scan"]
    assert 15 <= scans["calls"] <= 40
    # SCAN may show a key twice while Redis moves its table.
    assert 5_000 <= stats["cmdstat_sscan"]["calls"] <= 6_000
    assert 5_000 <= stats["cmdstat_hmget"]["calls"] <= 6_000


async def test_a_redis_that_goes_away_is_said(redis_server, until: Callable[..., Any]):
    """Once, and that it is back, with what has changed."""
    client = redis_server.client()
    await client.sadd("exhausted_deliveries:dead.example", day(1))
    async with reading(redis_server) as heard:
        await until(lambda: heard.rounds, what="a round")
        await redis_server.stop()
        await until(lambda: any(isinstance(one, SourceLost) for one in heard.said), what="that it is lost")
        await redis_server.start()
        await redis_server.client().sadd("exhausted_deliveries:other.example", day(1))
        await until(lambda: any(isinstance(one, SourceBack) for one in heard.said), what="that it is back")
        await until(lambda: heard.peers().keys() == {"other.example"}, what="what is there now")
    assert all(one.source is Source.DELIVERIES for one in heard.said)


async def test_the_user_who_observes_is_enough(redis_server, until: Callable[..., Any]):
    """And each right is needed: without one the source is lost for want of it."""
    client = redis_server.client()
    await client.sadd("exhausted_deliveries:dead.example", day(1))
    await _red_lists(client)
    url = await observer(redis_server)
    async with reading(redis_server, url=url) as heard:
        await until(lambda: heard.rounds, what="a round")
        assert heard.shown() == {"dead.example": (1, 0), "red.example": (0, 1)}
    assert await client.acl_log() == []
    await client.execute_command("ACL", "SETUSER", "watchdog-observe", "-scan")
    async with reading(redis_server, url=url) as heard:
        await until(lambda: any(isinstance(one, SourceLost) for one in heard.said), what="that it is lost")
        assert [one.code for one in heard.said if isinstance(one, SourceLost)] == ["noperm"]


async def test_what_may_not_be_read_is_not_empty(redis_server, until: Callable[..., Any]):
    """A right that is missing for the records themselves is a loss: nobody is said to be reached again because of it."""
    client = redis_server.client()
    await client.sadd("exhausted_deliveries:dead.example", day(3), day(0))
    async with reading(redis_server, ("dead.example",), url=await observer(redis_server)) as heard:
        await until(lambda: heard.shown() == {"dead.example": (2, 0)})
        await client.execute_command("ACL", "SETUSER", "watchdog-observe", "-sscan")
        await until(lambda: [one.code for one in heard.said if isinstance(one, SourceLost)] == ["noperm"])
        assert heard.shown() == {"dead.example": (2, 0)}
        await client.execute_command("ACL", "SETUSER", "watchdog-observe", "+sscan")
        await until(lambda: any(isinstance(one, SourceBack) for one in heard.said))
        assert heard.shown() == {"dead.example": (2, 0)}


async def test_more_records_than_are_looked_at(redis_server, until: Callable[..., Any], monkeypatch, caplog):
    """Those that are told already are looked at whatever else there is; of others nothing is said, least of all that they are well."""
    monkeypatch.setattr("watchdog.mastodon.deliveries.MOST_HOSTS", 50)
    client = redis_server.client()
    async with reading(redis_server, ("watched.example",)) as heard:
        await client.sadd("exhausted_deliveries:watched.example", day(3), day(0))
        await until(lambda: heard.shown().get("watched.example") == (2, 0))
        pipe = client.pipeline()
        for number in range(3_000):
            pipe.sadd(f"exhausted_deliveries:h{number}.example", day(1))
        await pipe.execute()
        await until(lambda: len(heard.shown()) > 40)
        heard.source._peers.claim(  # type: ignore[attr-defined]
            Source.WEB_LOG, dict.fromkeys((f"h{number}.example" for number in range(500)), 1.0)
        )
        looks = []

        def nobody_is_said_to_be_well() -> bool:
            shown = heard.shown()
            assert shown["watched.example"] == (2, 0)
            assert 0 not in {days for days, _ in shown.values()}
            looks.append(1)
            return len(looks) > 30

        await until(nobody_is_said_to_be_well)
        await client.flushall()
        await until(lambda: heard.shown()["watched.example"] == (0, 0))
    assert "deliveries fail to more servers than the 50 that are looked at" in caplog.text
