"""What an agent of a Mastodon server follows, as the config says and says otherwise after a reload."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.unit.mastodon.test_web_log_source import Clock
from watchdog.daemon.federation import Federation
from watchdog.daemon.tasks import Tasks
from watchdog.mastodon.deliveries import Deliveries
from watchdog.mastodon.web_log_source import NAME, TICK
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.picture.other_servers import OtherServers
from watchdog.rulefile.settings import Settings, read_settings

PLAIN = "redis: {url: 'redis://127.0.0.1:1/0'}\nrules: [rules.yml]\nstate: state\n"
POST = "method=POST path=/inbox controller=ActivityPub::InboxesController action=create status=202 key=https://a.example/x#main-key\n"


def settings(mastodon: str = "") -> Settings:
    """Of a config with that section."""
    found, problems = read_settings("config.yml", PLAIN + (f"mastodon: {{domain: social.example.org, {mastodon}}}\n" if mastodon else ""))
    assert found is not None, problems
    return found


@pytest.fixture
def begun(monkeypatch) -> list[Deliveries]:
    """Those that were begun; none of them asks a Redis."""
    found: list[Deliveries] = []

    async def run(self: Deliveries) -> None:
        found.append(self)
        await asyncio.Event().wait()

    monkeypatch.setattr(Deliveries, "run", run)
    return found


class Room:
    """It at work, and what it has emitted."""

    def __init__(self, folder: Any) -> None:
        self.said: list[Any] = []
        self.federation = Federation(state=folder, clock=Clock(), emit=self.said.append)  # type: ignore[arg-type]

    def peers(self) -> dict[str, bool]:
        """Who is told, and whether it is watched."""
        found: dict[str, bool] = {}
        for body in self.said:
            for change in body.changes if isinstance(body, Observed) else ():
                if isinstance(change, Gone):
                    del found[change.id]
                elif change.kind is Kind.PEER and "watched" in change.fields:
                    found[change.id] = change.fields["watched"]
        return found

    def inbound(self) -> Any:
        """Of all together, as told last."""
        told = [
            change.fields["inbound"]
            for body in self.said
            if isinstance(body, Observed)
            for change in body.changes
            if isinstance(change, Delta) and change.kind is Kind.FEDERATION and "inbound" in change.fields
        ]
        return told[-1] if told else "nothing"


@pytest.mark.looptime
async def test_nothing_is_followed_where_the_config_does_not_say_that_this_is_mastodon(tmp_path, begun):
    """Neither Redis nor a log; a reload that says so begins it, and one that takes it back tells of nobody any more."""
    room = Room(tmp_path)
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        room.federation.serve(tasks, settings())
        await asyncio.sleep(1)
        assert (tasks.names(), begun, room.said) == ([], [], [])
        assert room.federation.picture() is None
        room.federation.serve(tasks, settings("watch: [a.example], web_log: none"))
        await asyncio.sleep(1)
        assert len(begun) == 1
        assert room.peers() == {"a.example": True}
        assert room.federation.picture() == OtherServers(told=1)
        room.federation.serve(tasks, settings("watch: [b.example], web_log: none"))
        assert room.peers() == {"b.example": True}
        room.federation.peers.claim(Source.DELIVERIES, {"dead.example": 1.0})
        room.said.append(Observed(Source.DELIVERIES, room.federation.peers.choose()))
        room.federation.serve(tasks, settings())
        assert room.peers() == {}
        assert room.federation.peers.chosen == ()
        assert room.federation.picture() is None
        await asyncio.sleep(1)
        assert len(begun) == 1
        tasks.cancel()


async def test_a_reload_that_names_another_log(tmp_path, begun, monkeypatch, until):
    """What was learned by the one goes on by the other; where none is named nothing is known any more."""
    monkeypatch.setattr("watchdog.mastodon.web_log_source.TICK", TICK / 500)
    room = Room(tmp_path)
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    first.write_text("")
    second.write_text("")

    async def delivered(log: Any) -> bool:
        with log.open("a") as file:
            file.write(POST)
        return room.inbound() not in ("nothing", None)

    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        room.federation.serve(tasks, settings(f"web_log: {{files: [{first}]}}"))
        await until(lambda: delivered(first), what="a delivery")
        room.federation.serve(tasks, settings(f"web_log: {{files: [{second}]}}"))
        assert room.inbound() is None
        await until(lambda: delivered(second), what="one in the other")
        assert (tmp_path / NAME).exists()
        room.federation.serve(tasks, settings("web_log: none"))
        assert room.inbound() is None
        await room.federation.keep()
        tasks.cancel()
    assert msgspec.msgpack.decode((tmp_path / NAME).read_bytes())[0] == 1
