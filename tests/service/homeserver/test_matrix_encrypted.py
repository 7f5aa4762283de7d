"""An encrypted room: what is sent is sealed for everybody in it, and what is typed there is heard. Ada reads by a client of the library's own."""

import pytest

from tests.service.homeserver.desk import Desk
from tests.service.homeserver.dispatches import Group, notice
from watchdog.model.cards import Standing
from watchdog.model.notices import NoticeKind
from watchdog.receivers.hearing import Posted

pytestmark = pytest.mark.needs("synapse", "nio")
SECRET = {"algorithm": "m.megolm.v1.aes-sha2"}


class Reader:
    """Somebody's client that can decrypt."""

    def __init__(self, person, folder):
        from nio import AsyncClient, AsyncClientConfig

        folder.mkdir()
        config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False)
        self.client = AsyncClient(person.server.url, person.id, device_id=person.device, store_path=str(folder), config=config)
        self.client.restore_login(person.id, person.device, person.token)
        self.person = person

    async def begin(self):
        """Publishes keys, so that others can seal for this device."""
        await self.client.sync(timeout=0, full_state=True)
        await self.client.keys_upload()

    async def reads(self, room):
        """What is in the room, decrypted: event → content."""
        from nio import Event
        from nio.exceptions import EncryptionError

        await self.client.sync(timeout=0, full_state=True)
        found = {}
        for event in await self.person.messages(room):
            if event["type"] == "m.room.encrypted":
                sealed = Event.parse_encrypted_event(event)
                sealed.room_id = room
                try:
                    found[event["event_id"]] = self.client.decrypt_event(sealed).source["content"]
                except EncryptionError:
                    found[event["event_id"]] = None
        return found

    async def close(self):
        """Lets go."""
        await self.client.close()
        self.client.store.database.close()


@pytest.fixture
async def reader(ada, tmp_path):
    """Ada's client."""
    made = Reader(ada, tmp_path / "ada")
    await made.begin()
    yield made
    await made.close()


@pytest.fixture
async def sealed_room(ada, bot):
    """Ada's room, encrypted from the beginning."""
    return await ada.room(bot, initial_state=[{"type": "m.room.encryption", "state_key": "", "content": SECRET}])


async def test_a_message_is_sealed(ada, bot, reader, sealed_room, receiver, tmp_path):
    """The homeserver sees that something was sent and to what it belongs, and nothing of what; Ada reads the message, its change and its thread, also what a new start sends with the same keys."""
    group = Group()
    first = receiver(bot, sealed_room, keys=str(tmp_path / "keys"))
    assert "which is encrypted" in await first.look()
    await first.send(group.dispatch(notice("3 jobs held", NoticeKind.FIRING)), group.remember)
    await first.send(group.dispatch(notice("TERM sent"), standing=Standing.ACTING), group.remember)
    await first.close()
    again = receiver(bot, sealed_room, keys=str(tmp_path / "keys"))
    await again.send(group.dispatch(notice("pid 12 has ended")), group.remember)

    raw = await ada.messages(sealed_room)
    assert {one["type"] for one in raw} == {"m.room.encrypted"}
    assert "jobs held" not in str(raw)
    read = await reader.reads(sealed_room)
    assert read[group.posted["card"]]["body"].startswith("CRITICAL 3 jobs held")
    assert [content["body"].partition(" ")[2] for content in read.values() if content["msgtype"] == "m.notice"] == [
        "TERM sent",
        "pid 12 has ended",
    ]
    related = [one["content"].get("m.relates_to", {}).get("rel_type") for one in raw]
    assert related == [None, "m.replace", "m.thread", "m.replace", "m.thread"]


async def test_whoever_comes_later_reads_what_comes_later(ada, bot, reader, sealed_room, receiver, homeserver, tmp_path):
    """A new member gets the key of what is sent from then on, not of what was sent before."""
    group, ops = Group(), receiver(bot, sealed_room, keys=str(tmp_path / "keys"))
    await ops.send(group.dispatch(notice("3 jobs held", NoticeKind.FIRING)), group.remember)
    ben = await homeserver.person("ben")
    await ada._call("POST", "rooms", sealed_room, "invite", body={"user_id": ben.id})
    await ben.enter(sealed_room)
    bens = Reader(ben, tmp_path / "ben")
    try:
        await bens.begin()
        await ops.send(group.dispatch(notice("TERM sent")), group.remember)
        read = await bens.reads(sealed_room)
        assert read.get(group.posted["card"]) is None
        assert any(content and "TERM sent" in content["body"] for content in read.values())
    finally:
        await bens.close()


async def test_answers_in_an_encrypted_room(ada, bot, reader, sealed_room, receiver, listening, until, tmp_path):
    """A reaction, which no client seals, and a command, which every client does; the answer is sealed again."""
    group, ops = Group(), receiver(bot, sealed_room, keys=str(tmp_path / "keys"))
    asks = notice("recover_process waits for a person", NoticeKind.DECIDED, approval="7kq2m", outcome="asked")
    await ops.send(group.dispatch(asks, standing=Standing.ASKING, approval="7kq2m"), group.remember)
    desk = Desk(group)
    await listening(ops, desk)
    await ada.react(sealed_room, group.posted["ask:7kq2m"], "👍")
    said = await desk.said.get()
    assert (said.by, said.text, said.about) == (ada.id, "approve", Posted("incident-7", "ask:7kq2m"))

    await reader.client.sync(timeout=0, full_state=True)
    await reader.client.keys_query()
    content = {"msgtype": "m.text", "body": "!watchdog deny 7kq2m"}
    await reader.client.room_send(sealed_room, "m.room.message", content, ignore_unverified_devices=True)
    said = await desk.said.get()
    assert (said.by, said.text) == (ada.id, "!watchdog deny 7kq2m")

    async def is_answered():
        read = await reader.reads(sealed_room)
        return [content["body"] for content in read.values() if content and content["body"].startswith("heard: ")]

    async def both():
        return len(await is_answered()) == 2

    await until(both)
    assert await is_answered() == ["heard: approve", "heard: !watchdog deny 7kq2m"]
    assert "heard" not in str(await ada.messages(sealed_room))
