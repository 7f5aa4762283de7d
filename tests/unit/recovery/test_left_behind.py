"""Who is gone and has left something: found by what Redis and the kernel say, and never taken for dead too early."""

import os
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.host.proc import ProcessFacts
from watchdog.model.events import LEFT_BEHIND, Delta, Gone, Observed
from watchdog.model.kinds import Kind
from watchdog.recovery import left_behind
from watchdog.recovery.left_behind import AGAIN, GRACE, Behind, LeftBehind, place_of
from watchdog.sidekiq.failures import ServerError, SourceUnavailableError
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.probe import KEPT

HERE, THERE = "web1:4194305:abc", "web2:10:abc"
"""No pid is that high."""
KEYS = Keys()
NOTE = b'1795354499250 push\n{"class":"A","args":["private"],"jid":"j1","queue":"push"}'
SAID = {b":probe": b'{"strength":"observe","format":1,"queues":["push"]}', b"t:1": NOTE}


class Hours(Clock):
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def at(self) -> int:
        return self.now


class Server:
    """A Redis with these processes in the set of all probes, each with a note."""

    def __init__(self, *identities: str) -> None:
        self.probes = list(identities)
        self.listed: set[str] = set()
        self.beats: dict[str, Any] = {}
        self.lives_for = KEPT - 2 * GRACE
        self.hashes = dict.fromkeys(identities, SAID)
        self.asked: list[str] = []

    async def ask(self, commands):
        """As Redis answers."""
        self.asked += [command[0] for command in commands]
        return [self._answer(*command) for command in commands]

    def _answer(self, command, key, *rest):
        identity = key.decode().removeprefix("sidekiq-watchdog:probe:")
        match command:
            case "SSCAN":
                return [b"0", [one.encode() for one in self.probes] if key == KEYS.probes else []]
            case "SISMEMBER":
                return int(rest[0] in self.listed)
            case "HGET":
                return self.beats.get(identity)
            case "PTTL":
                return self.lives_for
            case "HSCAN":
                return [b"0", [part for pair in self.hashes.get(identity, {}).items() for part in pair]]
            case "LRANGE":
                return []
        pytest.fail(f"{command} was asked")


class Looking:
    """Who looks, and what was told."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.clock = Hours()
        self.found: dict[str, int] = {}
        self.told: list[Any] = []
        self.one = LeftBehind(
            ask=server.ask, keys=KEYS, where="h:1", host="web1", found=lambda: self.found, clock=self.clock, emit=self.told.append
        )

    async def look(self) -> list[str]:
        """Once; the processes that were told."""
        self.told.clear()
        await self.one.look()
        return [body.changes[0].id for body in self.told]


def shown(cmdline: str) -> Any:
    """What the kernel shows of every process."""
    return lambda pid, *_: ProcessFacts(pid=pid, start_ticks=1, state="S", comm="ruby", cmdline=cmdline)


async def test_who_is_gone_is_told_with_what_it_left():
    """By its name, its host, the strength of its probe and the number of its jobs, and nothing of a job."""
    looking = Looking(Server(HERE))

    assert await looking.look() == [HERE]
    fields = {
        "host": "web1",
        "pid": 4194305,
        "local": True,
        "queues": ("push",),
        "probe": "observe",
        "left_behind": 1,
        "alive": False,
        "start_ticks": 0,
        "boot_id": "",
    }
    (body,) = looking.told
    assert isinstance(body, Observed)
    assert body.changes == (Delta(Kind.PROCESS, HERE, fields), Gone(Kind.PROCESS, HERE, LEFT_BEHIND))
    assert looking.one.behind == (Behind(identity=HERE, host="web1", strength="observe", jobs=1),)
    assert "private" not in repr(body)


@pytest.mark.parametrize("lives", ["listed", "beats", "a broken beat"])
async def test_whom_redis_knows_is_not_gone(lives):
    """It is listed, or its beat is there."""
    looking = Looking(Server(HERE, THERE))
    for identity in (HERE, THERE):
        if lives == "listed":
            looking.server.listed.add(identity)
        else:
            looking.server.beats[identity] = b"1.0" if lives == "beats" else ServerError("WRONGTYPE no hash")

    assert await looking.look() == []


async def test_whom_the_kernel_knows_is_not_gone(monkeypatch):
    """Without a beat it may be frozen: a Sidekiq with its pid keeps it from being told, unless that is known to be another one."""
    identity = f"web1:{os.getpid()}:abc"
    looking = Looking(Server(identity))
    monkeypatch.setattr(left_behind, "read_process", shown("sidekiq 7.3.2 app [0 of 5 busy]"))
    assert await looking.look() == []
    monkeypatch.setattr(left_behind, "read_process", lambda *_: None)
    assert await looking.look() == []
    looking.found = {identity: os.getpid()}
    assert await looking.look() == []
    looking.found = {f"web1:{os.getpid()}:def": os.getpid()}
    assert await looking.look() == [identity]


@pytest.mark.parametrize(
    ("cmdline", "gone"),
    [
        ("/usr/bin/python3 /usr/bin/sidekiq-watchdog run", True),
        ("sidekiqmon", True),
        ("", True),
        ("/usr/bin/ruby /usr/bin/sidekiq -c 25", False),
        ("ruby bundle exec sidekiq", False),
        ("sidekiq 6.4.1 app [0 of 5 busy] stopping", False),
    ],
)
async def test_another_program_with_its_pid_is_not_it(monkeypatch, cmdline, gone):
    """A pid is given again; one that boots may be it."""
    identity = f"web1:{os.getpid()}:abc"
    monkeypatch.setattr(left_behind, "read_process", shown(cmdline))

    assert await Looking(Server(identity)).look() == ([identity] if gone else [])


@pytest.mark.parametrize(
    ("lives_for", "gone"), [(KEPT - 1_000, False), (KEPT - GRACE + 1, False), (KEPT - GRACE, True), (-2, True), (-1, False)]
)
async def test_of_another_host_the_last_sign_of_life_counts(lives_for, gone):
    """Nobody can ask its kernel; the probe itself gives a sign once a minute."""
    looking = Looking(Server(THERE))
    looking.server.lives_for = lives_for

    assert await looking.look() == ([THERE] if gone else [])
    assert not [body for body in looking.told if "alive" in body.changes[0].fields]


async def test_it_is_told_again_for_as_long_as_it_lies_there():
    """Every ten minutes; nothing is read of it in between. Once somebody has cared for it, it is forgotten."""
    looking = Looking(Server(HERE))
    await looking.look()
    looking.server.asked.clear()
    assert await looking.look() == []
    assert looking.server.asked == ["SSCAN"]
    looking.clock.now += AGAIN
    assert await looking.look() == [HERE]

    looking.server.probes.clear()
    assert await looking.look() == []
    assert looking.one.behind == ()


async def test_who_has_left_nothing_is_not_asked_again():
    """It is dead: nothing comes any more."""
    looking = Looking(Server(HERE))
    looking.server.hashes = {HERE: {b":probe": SAID[b":probe"]}}
    assert await looking.look() == []
    looking.clock.now += AGAIN
    looking.server.asked.clear()
    await looking.look()

    assert looking.server.asked == ["SSCAN"]


async def test_what_can_not_be_understood_is_told_too():
    """Somebody has to look at it."""
    looking = Looking(Server(HERE))
    looking.server.hashes = {HERE: SAID | {b"t:2": b"?"}}

    assert await looking.look() == [HERE]
    assert looking.one.behind[0].unreadable == 1


async def test_what_can_not_be_read_is_not_gone():
    """Redis refuses."""
    looking = Looking(Server(HERE))
    looking.server.beats[HERE] = ServerError("NOPERM no")

    with pytest.raises(SourceUnavailableError):
        await looking.look()


@pytest.mark.parametrize(
    ("identity", "place"),
    [
        ("web1:42:abc", ("web1", 42)),
        ("a:b:42:abc", ("a:b", 42)),
        ("web1:x:abc", None),
        ("web1", None),
        (":42:abc", None),
        ("", None),
        ("a:²:b", None),
        ("a:" + "9" * 11 + ":b", None),
    ],
)
def test_host_and_pid_of_an_identity(identity, place):
    """A host may have colons in its name; what is no identity has no place."""
    assert place_of(identity) == place
