"""Redis refuses an edit, or is lost in the middle of it: nothing is lost, nothing is pushed twice, and what can be known is said."""

import asyncio
from typing import Any, Final

import pytest

from tests.patience import PATIENCE
from tests.service.conftest import _eventually
from tests.service.edit.conftest import JID, ask
from tests.service.proxy import Proxy
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import EditError, MaybeEditedError, NotEditedError
from watchdog.sidekiq.edit.put_back import AlreadyDone, Done, PutBackOutcome, Token, ToQueue, ToRetry

pytestmark = [pytest.mark.needs("redis-server"), pytest.mark.timeout(180)]
SECRET: Final = b'{"class":"A","args":["a private post"],"jid":"%s"}' % JID.encode()


async def make_readonly(server: Any) -> None:
    """A replica of nobody."""
    await server.client().config_set("replica-serve-stale-data", "yes")
    await server.client().replicaof("127.0.0.1", "1")


async def make_full(server: Any) -> None:
    """No memory is left, and nothing may be thrown away for it."""
    await server.client().config_set("maxmemory", "1")


async def make_unsaved(server: Any) -> None:
    """The last save has failed."""
    gone = server.folder / "gone"
    gone.mkdir()
    await server.client().config_set("dir", str(gone))
    await server.client().config_set("save", "3600 1")
    gone.rmdir()
    await server.client().bgsave()
    await _saves(server.client(), "err")


STATES: Final = {"readonly": make_readonly, "oom": make_full, "misconf": make_unsaved}


@pytest.mark.parametrize("code", STATES)
async def test_a_server_that_takes_no_writes_has_changed_nothing(redis_server, editing, code):
    """The failure has its own word and says nothing of the job; when the server is well again, the job goes back."""
    client = redis_server.client()
    await STATES[code](redis_server)
    edits = editing(redis_server.url)

    with pytest.raises(NotEditedError) as caught:
        await ask(edits, payload=SECRET)

    assert caught.value.code == code, caught.value.message
    assert "private" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert await client.keys("*") == []
    await client.replicaof("NO", "ONE")
    await client.config_set("maxmemory", "0")
    await client.config_set("dir", str(redis_server.folder))
    await client.config_set("save", "")
    await client.bgsave()
    await _saves(client, "ok")
    assert await ask(edits, payload=SECRET) == Done()


async def _saves(client: Any, outcome: str) -> None:
    """Wait for a save that ends so."""

    async def ended() -> bool:
        return bool((await client.info("persistence"))["rdb_last_bgsave_status"] == outcome)

    await _eventually(ended, within=PATIENCE, what=lambda: f"a save that ends with {outcome}")


async def test_any_right_that_is_missing_changes_nothing(redis_server, editing):
    """Whichever command of the script the user may not use: refused, not half done; with all of them it is done."""
    client = redis_server.client()
    await client.execute_command("CONFIG", "RESETSTAT")
    assert await ask(editing(redis_server.url), place=ToRetry(5000)) == Done()
    await client.flushdb()
    assert await ask(editing(redis_server.url), payload=SECRET) == Done()
    used = {name.removeprefix("cmdstat_") for name in await client.info("commandstats")}
    writes = {"hdel", "hsetnx", "expire", "sadd", "rpush", "zadd"}
    assert writes < used
    around = {"acl", "client", "config", "flushdb", "hello", "info", "script"}
    for command in sorted(one for one in used if one.partition("|")[0] not in around):
        await client.flushdb()
        await client.execute_command("ACL", "SETUSER", "one", "reset", "on", ">pw", "~*", "+@all", f"-{command}")
        edits = editing(f"redis://one:pw@127.0.0.1:{redis_server.port}/0")
        place = ToRetry(5000) if command == "zadd" else ToQueue()

        with pytest.raises(NotEditedError) as caught:
            await ask(edits, payload=SECRET, place=place)

        assert caught.value.code == "noperm", command
        assert set(await client.keys("*")) <= {b"queues"}, command
        await client.execute_command("ACL", "SETUSER", "one", f"+{command}")
        edits.close()
        assert await ask(edits, payload=SECRET, place=place) == Done()


async def test_a_key_of_another_type_changes_nothing(redis_server, editing):
    """Somebody's string in place of the queue: it is said, and the token is taken back."""
    client = redis_server.client()
    await client.set("queue:push", "a string")
    edits = editing(redis_server.url)

    with pytest.raises(NotEditedError) as caught:
        await ask(edits, payload=SECRET)

    assert caught.value.code == "wrongtype"
    await client.delete("queue:push")
    assert await ask(edits, payload=SECRET) == Done()


async def test_a_server_that_forgot_the_script_is_told_it_again(redis_server, editing):
    """A restart, a failover or SCRIPT FLUSH in between is not even noticed."""
    edits = editing(redis_server.url)
    assert await ask(edits, payload=SECRET) == Done()
    await redis_server.client().script_flush()
    assert await ask(edits, payload=SECRET) == AlreadyDone()
    await redis_server.stop()
    await redis_server.start()
    assert await _until_done(edits) == Done()


async def _until_done(edits: Edits) -> PutBackOutcome:
    """Asked again until it is answered, as whoever uses it must."""
    while True:
        try:
            return await ask(edits, payload=SECRET)
        except EditError:
            await asyncio.sleep(0.05)  # sleeps on purpose: it asks again and again


async def test_a_server_that_is_away_is_waited_for(redis_server, editing):
    """Nothing was asked, so nothing was changed, and that is what is said."""
    edits = editing(redis_server.url)
    await redis_server.stop()
    with pytest.raises(NotEditedError) as caught:
        await ask(edits, payload=SECRET)
    assert caught.value.code == "refused"

    waiting = asyncio.create_task(_until_done(edits))
    await redis_server.start()

    assert await waiting == Done()
    assert await redis_server.client().lrange("queue:push", 0, -1) == [SECRET]


async def test_an_answer_that_was_lost_does_not_push_twice(redis_server, editing, until):
    """The connection ends after the push and before the answer: that is unknown until it is asked again, and then it is known."""
    client = redis_server.client()
    async with Proxy(redis_server.port, delay=0.3) as proxy:
        edits = editing(proxy.url)
        await edits.ask([("PING",)])
        await _load_scripts(edits)
        asking = asyncio.create_task(ask(edits, payload=SECRET))
        await until(lambda: client.exists("queue:push"), what="the push")
        proxy.switch("")

        with pytest.raises(MaybeEditedError) as caught:
            await asking

        assert caught.value.code == "reset"
        assert await client.rpop("queue:push") == SECRET
        assert await ask(edits, payload=SECRET) == AlreadyDone()
        assert await client.llen("queue:push") == 0


async def _load_scripts(edits: Edits) -> None:
    """So that the next answer is that of the edit."""
    await ask(edits, token=Token("before", "x"), payload=b"x", queue="other")


async def test_a_server_that_stands_still_is_given_up_and_asked_again(redis_server, editing):
    """It does the work later, when nobody waits for the answer any more: the next one learns that it is done."""
    edits = editing(redis_server.url, answer_within=0.3)
    await _load_scripts(edits)
    redis_server.pause()

    with pytest.raises(MaybeEditedError) as caught:
        await ask(edits, payload=SECRET)

    assert caught.value.code == "timeout"
    redis_server.resume()
    assert await ask(edits, payload=SECRET) == AlreadyDone()
    assert await redis_server.client().lrange("queue:push", 0, -1) == [SECRET]
