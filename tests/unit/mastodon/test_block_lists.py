"""Asking watched hosts whom they block, in virtual time: at which pace, and what is known of them meanwhile."""

import asyncio
import hashlib
import json

import pytest

from tests.unit.mastodon.watching import FakeClock, File, Heard, running, settings
from watchdog.mastodon.asking_peers import NotPublishedError, PeerError
from watchdog.mastodon.block_lists import BlockLists

pytestmark = pytest.mark.looptime
A, B = "a.example", "b.example"
DAY = 86_400
US = json.dumps([{"domain": "e*****e.org", "digest": hashlib.sha256(b"example.org").hexdigest(), "severity": "suspend"}]).encode()


class World:
    """What each host answers; `asked` is when which was asked in whose name, in seconds of the loop."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Exception] = {}
        self.asked: list[tuple[int, str]] = []
        self.names: list[str] = []

    def asker(self, domain: str):
        self.names.append(domain)

        async def ask(host: str) -> bytes:
            self.asked.append((int(asyncio.get_running_loop().time()), host))
            answer = self.answers.get(host, b"[]")
            if isinstance(answer, Exception):
                raise answer
            return answer

        return ask


def source(world: World, heard: Heard, file: File, meant, clock=None) -> BlockLists:
    """That asks this world."""
    return BlockLists(
        meant, clock=clock or FakeClock(), emit=heard.bodies.append, tell=heard.peers.tell, kept=file, asker=world.asker, chance=lambda: 0.5
    )


async def test_once_a_day_and_one_after_the_other():
    """Each host a while after the start, and then a day later, a little more by chance."""
    world, heard = World(), Heard(A, B)
    world.answers[B] = US
    async with running(source(world, heard, File(), settings(A, B))):
        await asyncio.sleep(60)
        assert world.asked == [(20, A), (30, B)]
        assert heard.of(A) == {"publishes_blocks": True, "blocks_us": ""}
        assert heard.of(B) == {"publishes_blocks": True, "blocks_us": "suspend"}
        await asyncio.sleep(DAY)
        assert len(world.asked) == 2
        await asyncio.sleep(3600)
        assert sorted(host for _, host in world.asked) == [A, A, B, B]
    assert (world.names, heard.complete) == (["example.org"], 1)


async def test_a_restart_asks_nobody_again():
    """And what was said is known at once."""
    world, heard, file = World(), Heard(A), File()
    world.answers[A] = US
    async with running(source(world, heard, file, settings(A))):
        await asyncio.sleep(60)
    heard = Heard(A)
    async with running(source(world, heard, file, settings(A))):
        await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        assert heard.of(A) == {"publishes_blocks": True, "blocks_us": "suspend"}
        await asyncio.sleep(DAY / 2)
    assert len(world.asked) == 1


async def test_under_another_name_everything_is_asked_anew():
    """What they said of our old domain says nothing of this one."""
    world, heard, file = World(), Heard(A), File()
    lists = source(world, heard, file, settings(A))
    world.answers[A] = US
    async with running(lists):
        await asyncio.sleep(60)
        lists.mean(settings(A, domain="example.com"))
        await asyncio.sleep(1)
        assert heard.of(A) == {}
        await asyncio.sleep(60)
        assert heard.of(A) == {"publishes_blocks": True, "blocks_us": ""}
    assert (len(world.asked), world.names) == (2, ["example.org", "example.com"])


async def test_a_host_that_publishes_nothing():
    """Says that, and nothing of us."""
    world, heard = World(), Heard(A)
    world.answers[A] = NotPublishedError("it answered 404")
    async with running(source(world, heard, File(), settings(A))):
        await asyncio.sleep(60)
    assert heard.of(A) == {"publishes_blocks": False}


@pytest.mark.parametrize("answer", [PeerError("no answer"), b"<html>"], ids=["unreachable", "strange"])
async def test_a_host_that_can_not_be_asked(answer, caplog):
    """It is asked again after six hours; what it said before counts for three days, and is not known any more then. The log says it once."""
    world, heard = World(), Heard(A)
    async with running(source(world, heard, File(), settings(A))):
        await asyncio.sleep(60)
        world.answers[A] = answer
        caplog.set_level("INFO")
        await asyncio.sleep(3 * DAY - 120)
        assert heard.of(A) == {"publishes_blocks": True, "blocks_us": ""}
        await asyncio.sleep(200)
        assert heard.of(A) == {}
    assert len(world.asked) == 2 + 7
    assert len([one for one in caplog.messages if A in one]) == 1


async def test_nobody_is_watched():
    """Nobody is asked, and whoever was is not known any more."""
    world, heard = World(), Heard(A)
    lists = source(world, heard, File(), settings(A))
    async with running(lists):
        await asyncio.sleep(60)
        lists.mean(settings())
        await asyncio.sleep(10 * DAY)
        assert (len(world.asked), heard.of(A)) == (1, {})
        lists.mean(None)
        await asyncio.sleep(1)


async def test_a_file_that_can_not_be_written(caplog):
    """Is said once; the answers are known all the same, and nobody is asked more often for it."""
    world, heard, file = World(), Heard(A), File()
    async with running(source(world, heard, file, settings(A))):
        await asyncio.sleep(1)
        file.fails = True
        await asyncio.sleep(3 * DAY)
    assert len(world.asked) == 3
    assert sum("not kept" in one for one in caplog.messages) == 1
