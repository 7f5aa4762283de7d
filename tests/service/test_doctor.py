"""`doctor` beside a real Redis and a real Sidekiq: what is broken is named, and is well once that was done which it says."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bench.beats import SimulatedProcess
from tests.ports import free_port
from tests.service.agent import AgentProcess, write_config
from tests.service.conftest import RedisServer
from tests.service.sentinels import Sentinel
from tests.service.users import USERS, actor, observer
from watchdog.doctor.beginning import as_whom, examined
from watchdog.doctor.exam import Places
from watchdog.doctor.found import Health, Point
from watchdog.doctor.server import ask_server
from watchdog.model.points import BY_NAME, Area
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.sidekiq.address import parse
from watchdog.sidekiq.connection import connect
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.rights import READING, SCRIPTS, WRITING, may_not_read, may_not_write

pytestmark = pytest.mark.needs("redis-server")
Look = Callable[..., Any]
RULES = "rules:\n  - rule: stuck-job\n    each: job\n    when: job.elapsed > 20s\n"


def whoever(folder: Path) -> dict[str, Any]:
    """As whoever runs the tests, on a host whose systemd is not asked."""
    places = Places(bus=folder / "no-bus", inspect=folder / "no-socket")
    who, own_unit, agent = as_whom(folder / "config.yml", places)
    return {"who": who, "own_unit": own_unit, "agent": agent, "places": places}


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Gives the points by name, of a config with that address of Redis."""
    (tmp_path / "rules.yml").write_text(RULES)

    async def run(url: str, *, namespace: str = "", mode: str = "act", more: str = "", text: str = "") -> dict[str, Point]:
        (tmp_path / "config.yml").write_text(
            f"mode: {mode}\nrules: [rules.yml]\nstate: state\n{more}" + (text or f'redis: {{url: "{url}", namespace: "{namespace}"}}\n')
        )
        given = await asyncio.to_thread(whoever, tmp_path)
        return {point.name: point for point in (await examined(tmp_path / "config.yml", **given))[1]}

    return run


async def test_each_thing_that_is_broken_is_named_and_mended(redis_server, look):
    """By nothing but what the hints say; of a Redis that is as it should be every point is well."""
    client = redis_server.client()
    await client.config_set("maxmemory", "100mb")
    await client.config_set("maxmemory-policy", "allkeys-lru")
    url = await actor(redis_server)
    await client.execute_command("ACL", "SETUSER", "watchdog-act", "-pttl", "-zadd", "-client|tracking")
    before = await look(url)
    amiss = {name: point for name, point in before.items() if point.area == Area.REDIS and point.health in (Health.WARN, Health.FAIL)}
    assert {name: point.health.value for name, point in amiss.items()} == {
        "redis-reading": "fail", "redis-writing": "fail", "redis-tracking": "warn", "redis-policy": "fail", "redis-saving": "warn",
    }  # fmt: skip
    assert amiss["redis-reading"].says == "the user of Redis may not: client|tracking, pttl"
    assert amiss["redis-writing"].says == "the user of Redis may not: zadd"
    assert amiss["redis-tracking"].says == BY_NAME["redis-tracking"].example
    for point in amiss.values():
        assert point.mend.startswith("redis-cli ")
        words = point.mend.partition(";")[0].split()[1:]
        await client.execute_command(*("watchdog-act" if word == "USER" else word for word in words))
    after = await look(url)
    wrong = [point for point in after.values() if point.area == Area.REDIS and point.health in (Health.WARN, Health.FAIL)]
    assert wrong == []
    assert after["redis-version"].health is Health.OK


async def test_looking_leaves_nothing_behind(redis_server, look):
    """Neither a key nor a change of any, though the rights to write are looked at."""
    client = redis_server.client()
    await client.rpush("queue:push", "{}")
    changes = (await client.info("persistence"))["rdb_changes_since_last_save"]
    points = await look(await actor(redis_server))
    assert points["redis-writing"].health is Health.OK
    assert await client.keys("*") == [b"queue:push"]
    assert (await client.info("persistence"))["rdb_changes_since_last_save"] == changes


async def test_each_right_that_is_lacking_is_found(redis_server):
    """One after the other, and no other with it."""
    client = redis_server.client()
    url = await actor(redis_server)
    await SimulatedProcess().beat(client)
    found = {}
    for right in (*READING, *WRITING, *SCRIPTS):
        await client.execute_command(
            "ACL", "SETUSER", "watchdog-act", "reset", *USERS["watchdog-act"].split()[1:], "on", ">secret", f"-{right}"
        )
        wire = await connect(parse(url), lambda _: None)
        found[right] = await may_not_read(wire, Keys(), db=0), await may_not_write(wire, Keys())
        wire.close()
        # Whatever is lacking, the rest is found out.
        server = await ask_server(RedisSettings(url), writing=True)
        assert (server.unread, server.unwritten) == found[right]
        assert server.processes != []
    for right in READING:
        assert found[right] == ([right], []), right
    for right in (*WRITING, *SCRIPTS):
        assert found[right] == ([], [right]), right


async def test_who_may_not_read_the_processes(redis_server, look):
    """They are not taken for none."""
    await SimulatedProcess().beat(redis_server.client())
    url = await actor(redis_server)
    await redis_server.client().execute_command("ACL", "SETUSER", "watchdog-act", "-sscan")
    points = await look(url)
    assert points["redis-reading"].says == "the user of Redis may not: sscan"
    assert (points["sidekiq"].health, points["sidekiq"].says) == (Health.SKIPPED, "redis-reading first")
    assert points["sidekiq-here"].says == "sidekiq first"


async def test_a_redis_that_hangs(redis_server, look):
    """It is said in seconds, and all the rest is looked at."""
    redis_server.pause()
    try:
        points = await look(redis_server.url)
    finally:
        redis_server.resume()
    assert points["redis"].says == f"127.0.0.1:{redis_server.port} accepts connections but does not answer in time"
    assert points["sidekiq"].says == "redis first"
    assert points["state-folder"].health is Health.OK


async def test_the_user_who_only_watches(redis_server, look):
    """In dry-run that one is enough; to act it lacks just what moving jobs takes."""
    url = await observer(redis_server)
    watching = await look(url, mode="dry-run")
    assert watching["redis-reading"].health is Health.OK
    assert watching["redis-writing"].says == "nothing is written in mode dry-run"
    acting = await look(url)
    assert acting["redis-writing"].says == "the user of Redis may not: evalsha, script|load"


async def test_a_replica_and_a_password(redis_server, look, tmp_path, until):
    """A replica is told from a master, and who is not let in is told so without the password."""
    await redis_server.client().execute_command("ACL", "SETUSER", "default", "on", "resetpass", ">hunter2")
    shut = await look(redis_server.url)
    assert shut["redis"].says == "Redis wants a password and the configured URL has none"
    wrong = await look(redis_server.url.replace("//", "//:hunter3@"))
    assert wrong["redis"].says == "Redis refuses the configured user name or password"
    assert "hunter" not in str(wrong.values())
    (tmp_path / "replica").mkdir()
    replica = RedisServer(tmp_path / "replica", "--replicaof", f"127.0.0.1 {redis_server.port}", "--masterauth", "hunter2")
    await replica.start()
    try:

        async def is_told() -> bool:
            # Until it has all data it says nothing else than that.
            return (await look(replica.url))["redis-role"].health is Health.FAIL

        await until(is_told)
        assert f"127.0.0.1:{redis_server.port}" in (await look(replica.url))["redis-role"].mend
    finally:
        await replica.close()


async def test_a_sentinel_that_is_gone(redis_server, tmp_path, look):
    """One of two is a warning, since the other names the master; none of them is a failure."""
    (tmp_path / "sentinel").mkdir()
    # One that takes its time to believe that a master is gone: nothing is elected here.
    watched = f"sentinel monitor mymaster 127.0.0.1 {redis_server.port} 1\nsentinel down-after-milliseconds mymaster 600000\n"
    sentinel = Sentinel(tmp_path / "sentinel", watched)
    await sentinel.start()
    try:
        section = "redis: {{sentinels: [{}], master: mymaster}}\n"
        half = await look("", text=section.format(f"'{sentinel.at}', '127.0.0.1:1'"))
        assert half["redis"].health is Health.OK, half["redis"]
        assert (half["redis-sentinels"].health, half["redis-sentinels"].says) == (Health.WARN, BY_NAME["redis-sentinels"].example)
        none = await look("", text=section.format("'127.0.0.1:1'"))
        assert none["redis-sentinels"].health is Health.FAIL
        assert none["redis"].says == "none of the Sentinels at 127.0.0.1:1 answers, so nobody says where the master is"
    finally:
        await sentinel.close()


@pytest.mark.needs("sidekiq")
async def test_a_real_sidekiq(redis_server, sidekiq, look):
    """It is found in Redis and on this host, may be signalled, and its clock is ours; under another name or namespace it is missed."""
    process = await sidekiq.start(queues=["push"])
    host = process.identity.rpartition(":")[0].rpartition(":")[0]
    points = await look(redis_server.url, more=f"host: {host}\n")
    for name in ("sidekiq", "sidekiq-versions", "sidekiq-here", "sidekiq-signals", "sidekiq-clocks", "sidekiq-fleet"):
        assert points[name].health is Health.OK, points[name]
    assert points["sidekiq"].says == "1 process, 1 queue"
    assert points["sidekiq-versions"].says == f"Sidekiq {process.version}"
    assert points["sidekiq-here"].says.startswith(f"1 process on this host ({host})")
    assert points["sidekiq-probe"].health is Health.SKIPPED

    other = await look(redis_server.url, more="host: another-name\n")
    assert other["sidekiq-here"].health is Health.FAIL
    assert other["sidekiq-here"].mend == f"host: {host} in the config"
    assert other["log"].says == "sidekiq-here first"

    astray = await look(redis_server.url, namespace="mastodon")
    assert astray["sidekiq"].says == "no process of Sidekiq beats under the namespace 'mastodon', but some do elsewhere: no namespace"


async def test_an_agent_that_shows_a_page(redis_server, tmp_path, until):
    """Its socket, its page and its metrics answer; who may look and who may speak is said, and that a token is needed is no fault."""
    port = free_port()
    config = write_config(tmp_path, url=redis_server.url, mode="observe")
    token = "9f2c4e1ab07d4f63a5e8c210"
    with config.open("a") as file:
        file.write(
            f'page: {{listen: "127.0.0.1:{port}", reading: named, tokens: {{ada: "{token}"}}}}\nalerts: {{page: "http://127.0.0.1:{port}"}}\n'
        )
    agent = AgentProcess(config)
    names = ("socket", "page", "page-people", "page-link", "metrics")

    async def points() -> dict[str, Point]:
        given = await asyncio.to_thread(whoever, tmp_path)
        return {point.name: point for point in (await examined(config, **given, only=names))[1]}

    async def well() -> dict[str, Point] | None:
        found = await points()
        return found if {point.health for point in found.values()} == {Health.OK} else None

    try:
        await agent.start()
        found = await until(well, what="the doors")
    finally:
        await agent.aclose()
    assert found["socket"].says == f"{tmp_path}/state/api.sock: the agent's user and root may ask"
    assert found["page"].says == f"http://127.0.0.1:{port}: who is named may look"
    assert found["page-people"].says == "with a token: ada"
    assert found["page-link"].says == f"http://127.0.0.1:{port} answers 200 OK"
    assert found["metrics"].says == "/metrics answers who shows a token"


async def test_what_a_mastodon_server_needs(redis_server, look, tmp_path):
    """The right to look for its records, in whichever Redis they are, and a web log with requests in it; of others neither is asked."""
    client = redis_server.client()
    url = await observer(redis_server)
    plain = await look(url, mode="dry-run")
    assert [plain[name].health for name in ("mastodon-deliveries", "mastodon-web-log")] == [Health.SKIPPED] * 2
    log = tmp_path / "web.log"
    log.write_text("a word\n" * 100)
    section = f"mastodon: {{domain: social.example.org, web_log: {{files: [{log}]}}}}\n"
    await client.execute_command("ACL", "SETUSER", "watchdog-observe", "-scan")
    before = await look(url, mode="dry-run", more=section)
    assert before["redis-reading"].health is Health.OK
    assert (before["mastodon-deliveries"].health, before["mastodon-deliveries"].says) == (
        Health.FAIL,
        BY_NAME["mastodon-deliveries"].example,
    )
    assert (before["mastodon-web-log"].health, before["mastodon-web-log"].says) == (
        Health.WARN,
        f"in the last 100 lines of {log} there is no request",
    )
    await client.execute_command("ACL", "SETUSER", "watchdog-observe", "+scan")
    with log.open("a") as file:
        file.write("method=GET path=/ format=html status=200\n")
    after = await look(url, mode="dry-run", more=section)
    assert [after[name].health for name in ("mastodon-deliveries", "mastodon-web-log")] == [Health.OK] * 2
    log.unlink()
    assert (await look(url, mode="dry-run", more=section))["mastodon-web-log"].health is Health.FAIL
