"""Looking for what processes have left behind, over the connection that is there anyway and with the least rights."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import RedisServer
from tests.service.users import guarded
from watchdog.clock import Clock
from watchdog.recovery.left_behind import Behind, LeftBehind
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.follow import Follower

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
GONE = "elsewhere:10:abc"
SAID = '{"strength":"fetch","format":1,"queues":["push"]}'


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    """A Redis whose first user is on, its password is `secret`."""
    async with guarded(tmp_path) as one:
        yield one


def looking(follower: Follower, told: list[Any]) -> LeftBehind:
    """Over the connection of that follower."""
    return LeftBehind(ask=follower.ask, keys=follower.keys, where=follower.where, host="here", found=dict, clock=Clock(), emit=told.append)


@pytest.mark.parametrize("namespace", ["", "mastodon"])
async def test_with_the_least_rights(server, following, namespace):
    """The user who may only read finds it, under a namespace as well, and is refused nothing."""
    client = server.client(db=2)
    prefix = f"{namespace}:" if namespace else ""
    await client.sadd(f"{prefix}sidekiq-watchdog:probes", GONE, "here:4194305:silent")
    await client.hset(f"{prefix}sidekiq-watchdog:probe:{GONE}", ":probe", SAID)
    await client.lpush(f"{prefix}sidekiq-watchdog:fetch:{GONE}:push", '{"jid":"1"}', '{"jid":"2"}')
    await client.lpush(f"{prefix}sidekiq-watchdog:fetch:here:4194305:silent:pull", '{"jid":"3"}')
    await client.sadd(f"{prefix}queues", "pull")
    # A probe that gave a sign of life nine minutes ago may be heard again; one that gave one eleven minutes ago not.
    await client.pexpire(f"{prefix}sidekiq-watchdog:probe:{GONE}", 86_400_000 - 9 * 60_000)
    one = following(url=f"redis://watchdog-observe:secret@127.0.0.1:{server.port}/2", namespace=namespace)
    told: list[Any] = []
    left = looking(one.follower, told)
    with pytest.raises(SourceUnavailableError):
        await left.look()
    await one.until(lambda: one.follower.tracking)
    await left.look()
    here = Behind(identity="here:4194305:silent", host="here", strength="", jobs=1)
    assert list(left.behind) == [here]
    await client.pexpire(f"{prefix}sidekiq-watchdog:probe:{GONE}", 86_400_000 - 11 * 60_000)
    await left.look()

    assert list(left.behind) == [here, Behind(identity=GONE, host="elsewhere", strength="fetch", jobs=2)]
    assert [body.changes[0].id for body in told] == [here.identity, GONE]
    assert [entry["object"] for entry in await client.acl_log()] == []
