"""An agent's part in the fleet, against a Redis that answers as it is told: what the lock's answers come to, when it counts as lost, and who says that he is there."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from watchdog.daemon.fleet import EVERY, LOST, PROMPT, REFUSED_AGAIN, SOON, FleetKeeper
from watchdog.engine.fleet import Lead, Lock
from watchdog.model.effects import GiveFleetLockBack, TakeFleetLock
from watchdog.model.events import FleetLead, FleetLockLost
from watchdog.model.results import FleetBudgetSpent, FleetLockHeld, FleetLockRefused, FleetLockTaken, Refused
from watchdog.model.verdicts import Mode
from watchdog.sidekiq.edit import fleet_lock, lead
from watchdog.sidekiq.edit.agents import Present
from watchdog.sidekiq.edit.failures import EditError, MaybeEditedError, NotEditedError
from watchdog.sidekiq.edit.fleet_lock import About
from watchdog.sidekiq.edit.lead import Leader
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.keys import Keys

FENCE = '{"number":7,"since":1790000000000,"token":"memory-boot","subject":"3.0","host":"web1","action":"recover_process","target":"web1/app[push]"}'
TAKE = TakeFleetLock(id="9.0", subject="3.0", action="recover_process", target="web1/app[push]", limit=6, window=3_600_000)
THEIRS = About(token="t", subject="1.0", host="web2", action="restart_unit", target="web2/app[push]", since=1_790_000_000_000, number=6)
GONE = NotEditedError("gone", "Redis is gone")
NO_RIGHT = NotEditedError("noperm", "no right")
NAMES = {
    getattr(part, name): name for part, name in ((fleet_lock, "_TAKE"), (fleet_lock, "_RENEW"), (fleet_lock, "_GIVE_BACK"), (lead, "_SEEK"))
}
MINE = Leader("memory-boot", "web1")
OTHER = Leader("t", "web2")


class Redis:
    """
    Its scripts and its connection: `answers` are by script, the next one first, an error is raised; `written` is what else was sent.

    Who asks to lead does so unless `answers` says otherwise. `asked` are the scripts of the lock with their arguments, `sought` those of the lead, `closed` counts ended connections; `denied` is raised for what else is sent.
    """

    where = "h:1"
    keys = Keys("")

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self.answers: dict[str, list[Any]] = {}
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self.sought: list[tuple[Any, ...]] = []
        self.written: list[Any] = []
        self.takes = 0
        self.closed = 0
        self.denied: EditError | None = None

    async def run(self, script: Any, _keys: Sequence[bytes], arguments: Sequence[Any]) -> Any:
        name = NAMES[script]
        if name == "_SEEK":
            self.sought.append(tuple(arguments))
            answer = self.answers[name].pop(0) if self.answers.get(name) else arguments[0]
        else:
            self.asked.append((name, tuple(arguments)))
            self._clock.now += self.takes
            answer = self.answers[name].pop(0)
        if isinstance(answer, EditError):
            raise answer
        return answer

    async def ask(self, commands: Sequence[Any]) -> list[Any]:
        if self.denied is not None:
            raise self.denied
        self.written += commands
        return [b"OK"] * len(commands)

    def close(self) -> None:
        self.closed += 1


class Follower:
    """Reads: `agents` are the hosts in the set with what their keys hold; `failure` is raised while it is set."""

    where = "h:1"
    keys = Keys("")

    def __init__(self, said: list[Any]) -> None:
        self._said = said
        self.agents: dict[str, bytes | None] = {}
        self.lock: bytes | None = None
        self.lead: bytes | None = None
        self.failure: SourceUnavailableError | None = None

    async def ask(self, commands: Sequence[Any]) -> list[Any]:
        if self.failure is not None:
            raise self.failure
        return [self._reply(command) for command in commands]

    async def reread_all(self) -> None:
        if self.failure is not None:
            raise self.failure
        self._said.append("read again")

    def _reply(self, command: tuple[Any, ...]) -> Any:
        if command[0] == "GET":
            own = {b"sidekiq-watchdog:fleet:lock": self.lock, b"sidekiq-watchdog:lead": self.lead}
            return own[command[1]] if command[1] in own else self.agents[command[1].rpartition(b":")[2].decode()]
        return [b"0", [host.encode() for host in self.agents]]


class Clock:
    """As the test says."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.slept = 0

    def at(self) -> int:
        return self.now

    def asleep(self) -> int:
        return self.slept


class Parts:
    """The keeper and all around it; `said` is what the engine is told, in order."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.said: list[Any] = []
        self.redis = Redis(self.clock)
        self.follower = Follower(self.said)
        self.mode = Mode.ACT
        self.held: Lock | None = None
        self.lead: Lead | None = None
        self.can_lead = True
        self.keeper = FleetKeeper(
            edits=self.redis,  # type: ignore[arg-type]
            follower=self.follower,  # type: ignore[arg-type]
            clock=self.clock,  # type: ignore[arg-type]
            emit=self.hear,
            held=lambda: self.held,
            lead=lambda: self.lead,
            mode=lambda: self.mode,
            can_lead=lambda: self.can_lead,
            token="memory-boot",
            me=Present(host="web1", version="1", pid=7, since=5),
        )

    def hear(self, body: Any) -> None:
        """As the engine does: it believes what it is told."""
        self.said.append(body)
        if isinstance(body, FleetLead):
            self.lead = Lead(body.host, mine=body.mine)

    def losses(self) -> list[Any]:
        """What was said of the lock alone."""
        return [body for body in self.said if not isinstance(body, FleetLead)]

    async def rounds(
        self, number: int, monkeypatch: pytest.MonkeyPatch, between: Callable[[], object] = lambda: None, waits: list[float] | None = None
    ) -> None:
        """So many rounds of what goes on for ever, with nothing to wait for between them."""
        left = number

        async def pause(seconds: float) -> None:
            nonlocal left
            if waits is not None:
                waits.append(seconds)
            left -= 1
            between()
            if not left:
                raise asyncio.CancelledError

        monkeypatch.setattr(asyncio, "sleep", pause)
        with pytest.raises(asyncio.CancelledError):
            await self.keeper.run()


@pytest.fixture
def parts() -> Parts:
    """Of an agent in mode act."""
    return Parts()


async def test_it_is_taken_and_everything_is_read_before_it_is_answered_for(parts):
    """The engine hears what the others do before it hears that it may go on; Redis is told who asks for what."""
    parts.redis.answers["_TAKE"] = [[b"taken", FENCE.encode(), 7]]
    assert await parts.keeper.lock(TAKE) == FleetLockTaken(FENCE, 7)
    assert parts.said == ["read again"]
    ((_, (token, about, ttl, limit, window, again)),) = parts.redis.asked
    assert (token, ttl, limit, window, again) == ("memory-boot", 60_000, 6, 3_600_000, 0)
    assert msgspec.json.decode(about) == {
        "token": "memory-boot", "subject": "3.0", "host": "web1", "action": "recover_process", "target": "web1/app[push]"
    }  # fmt: skip


@pytest.mark.parametrize("again", [False, True])
async def test_where_nothing_can_be_read_under_it_it_goes_back(parts, again):
    """It is refused, and counts as an action only if it was for one that had begun."""
    parts.redis.answers = {"_TAKE": [[b"taken", FENCE.encode(), 7]], "_GIVE_BACK": [1]}
    parts.follower.failure = SourceUnavailableError("gone", "Redis is gone")
    answer = await parts.keeper.lock(msgspec.structs.replace(TAKE, again=again))

    assert answer == FleetLockRefused("what the others do can't be read: Redis is gone")
    assert parts.redis.asked[-1] == ("_GIVE_BACK", (FENCE, int(again)))


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ([b"held", msgspec.json.encode(THEIRS)], FleetLockHeld("web2", "restart_unit", "web2/app[push]", 1_790_000_000_000)),
        ([b"held", b"what is this"], FleetLockHeld("another host", "an unknown one", "an unknown target", 0)),
        ([b"spent", 1_200_000], FleetBudgetSpent(1_200_000)),
        (GONE, FleetLockRefused("Redis is gone")),
        (MaybeEditedError("lost", "no answer came"), FleetLockRefused("no answer came")),
        (b"OK", FleetLockRefused("what answers in Redis' place does not run scripts as Redis does")),
    ],
)
async def test_every_other_answer_says_why_not(parts, reply, answer):
    """Held by somebody, by somebody unknown, spent, unanswered: nothing is read under it."""
    parts.redis.answers["_TAKE"] = [reply]
    assert await parts.keeper.lock(TAKE) == answer
    assert parts.said == []


@pytest.mark.parametrize("reply", [1, 0, GONE])
async def test_it_is_given_back_whatever_comes_of_it(parts, reply):
    """Where that fails it runs out."""
    parts.redis.answers["_GIVE_BACK"] = [reply]
    assert isinstance(await parts.keeper.lock(GiveFleetLockBack(id="1.0", fence=FENCE, used=True)), Refused)
    assert parts.redis.asked == [("_GIVE_BACK", (FENCE, 1))]


async def test_who_can_not_renew_it_does_nothing(parts):
    """Renewed: nothing stands against it. Lost: the engine is told. Unanswered: it may still be held, and is not lost for that."""
    parts.redis.answers["_RENEW"] = [1, 0, GONE]
    assert await parts.keeper.holds(FENCE) == ""
    assert parts.said == []
    assert await parts.keeper.holds(FENCE) == LOST
    assert parts.said == [FleetLockLost(FENCE, LOST)]
    assert await parts.keeper.holds(FENCE) == "the lock of the fleet can't be renewed: Redis is gone"
    assert len(parts.said) == 1


async def test_a_late_answer_is_worth_nothing(parts):
    """Whoever was held up for longer than an answer may take asks again; a sleep of the machine counts too."""
    parts.redis.takes = PROMPT
    parts.redis.answers["_RENEW"] = [1, 0]
    assert await parts.keeper.holds(FENCE) == LOST
    assert len(parts.redis.asked) == 2

    parts.redis.takes = PROMPT - 1
    parts.redis.answers["_RENEW"] = [1]
    assert await parts.keeper.holds(FENCE) == ""


async def test_it_is_renewed_while_it_is_held(parts, monkeypatch):
    """Each round, until it is lost or given back; one without a fence is nobody's."""
    parts.redis.answers["_RENEW"] = [1, 1, 0]
    parts.held = Lock("3.0", FENCE, 7, 0)
    await parts.rounds(2, monkeypatch)
    assert parts.redis.asked == [("_RENEW", (FENCE, 60_000))] * 2
    parts.held = Lock("3.0", "", 0, 0)
    await parts.rounds(1, monkeypatch)
    parts.held = None
    await parts.rounds(1, monkeypatch)
    assert len(parts.redis.asked) == 2


@pytest.mark.parametrize("mode", Mode)
async def test_who_only_watches_writes_nothing(parts, monkeypatch, mode):
    """In ask and act it says that it is there, and forgets who has gone; in the other modes it looks only."""
    parts.mode = mode
    parts.follower.agents = {"web2": msgspec.json.encode(Present(host="web2", mode="act")), "old": None}
    await parts.rounds(1, monkeypatch)

    assert [one.host for one in parts.keeper.seen.agents] == ["web2"]
    if mode in (Mode.OBSERVE, Mode.DRY_RUN):
        assert parts.redis.written == []
        return
    said, listed, forgotten = parts.redis.written
    assert said[:2] == ("SET", b"sidekiq-watchdog:agent:web1")
    assert msgspec.json.decode(said[2], type=Present) == Present(host="web1", version="1", mode=mode.value, pid=7, since=5)
    assert said[3:] == ("PX", 30_000)
    assert (listed, forgotten) == (("SADD", b"sidekiq-watchdog:agents", "web1"), ("SREM", b"sidekiq-watchdog:agents", "old"))


async def test_who_may_not_say_it_works_on(parts, monkeypatch, caplog):
    """It is said once, no connection is kept for it, and it is tried again after ten minutes."""
    caplog.set_level("INFO", logger="watchdog")
    parts.redis.denied = NO_RIGHT
    await parts.rounds(3, monkeypatch)
    assert parts.redis.closed == 1
    parts.clock.now += REFUSED_AGAIN
    await parts.rounds(2, monkeypatch)
    assert parts.redis.closed == 2
    assert [record.message for record in caplog.records] == [
        "this agent can't tell the agents of other hosts that it is there, and works without: no right"
    ]
    parts.redis.denied = None
    parts.clock.now += REFUSED_AGAIN
    await parts.rounds(1, monkeypatch)
    assert parts.redis.written


async def test_a_redis_that_is_gone_ends_no_round(parts, monkeypatch):
    """Neither that it can't be read nor that it can't be written ends what renews the lock."""
    parts.follower.failure = SourceUnavailableError("gone", "Redis is gone")
    parts.redis.denied = GONE
    parts.held = Lock("3.0", FENCE, 7, 0)
    parts.redis.answers["_RENEW"] = [GONE, GONE, 0]

    def comes_back() -> None:
        parts.follower.failure = None

    await parts.rounds(3, monkeypatch, comes_back)
    assert parts.losses() == [FleetLockLost(FENCE, LOST)]


async def test_what_status_shows(parts, monkeypatch):
    """The agents that act, hosts of others that have none, and who holds the lock; this agent's own host is its own affair."""
    parts.follower.agents = {"web2": msgspec.json.encode(Present(host="web2", mode="act")), "web4": b"not JSON"}
    parts.follower.lock = msgspec.json.encode(THEIRS)
    parts.redis.answers["_SEEK"] = [msgspec.json.encode(OTHER)]
    assert parts.keeper.picture(["web1"]) == {"agents": [], "without": [], "leads": "", "acts": None}
    await parts.rounds(1, monkeypatch)

    picture = parts.keeper.picture(["web3", "web1", "web2", "web4"])
    assert picture["agents"] == [{"host": "web2", "version": "", "mode": "act", "pid": 0, "since": 0}]
    assert picture["without"] == ["web3", "web4"]
    assert picture["leads"] == "web2"
    assert picture["acts"] == {"host": "web2", "action": "restart_unit", "target": "web2/app[push]", "since": 1_790_000_000_000}


async def test_whoever_comes_first_leads_and_says_so_once(parts, monkeypatch):
    """It asks with each announcement; the engine hears of it when it changes, and again when it has forgotten it."""
    await parts.rounds(3, monkeypatch)
    assert parts.redis.sought == [(msgspec.json.encode(MINE), 30_000)] * 3
    assert parts.said == [FleetLead("web1", mine=True)]
    parts.lead = None
    await parts.rounds(2, monkeypatch)
    assert parts.said == [FleetLead("web1", mine=True)] * 2


async def test_another_leads_until_it_is_gone(parts, monkeypatch):
    """Also one of the same host name: the token tells them apart."""
    parts.redis.answers["_SEEK"] = [msgspec.json.encode(OTHER), msgspec.json.encode(OTHER), msgspec.json.encode(Leader("t", "web1"))]
    await parts.rounds(2, monkeypatch)
    assert parts.said == [FleetLead("web2")]
    await parts.rounds(1, monkeypatch)
    assert parts.said[1:] == [FleetLead("web1")]
    await parts.rounds(1, monkeypatch)
    assert parts.said[2:] == [FleetLead("web1", mine=True)]


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.DRY_RUN])
async def test_who_only_watches_sees_who_leads(parts, monkeypatch, mode):
    """It does not seek the lead; one that it had before its mode was lowered runs out."""
    parts.mode = mode
    seen = [msgspec.json.encode(MINE), None, msgspec.json.encode(OTHER), b"\xff"]
    for one in seen:
        parts.follower.lead = one
        await parts.rounds(1, monkeypatch)
    assert parts.said == [FleetLead("web1", mine=True), FleetLead(""), FleetLead("web2"), FleetLead("another host")]
    assert parts.redis.sought == []


async def test_who_has_nothing_to_lead_leaves_it_to_others(parts, monkeypatch):
    """No rule of its would have jobs moved: it says that it is there, and hears who leads."""
    parts.can_lead = False
    await parts.rounds(1, monkeypatch)
    parts.follower.lead = msgspec.json.encode(OTHER)
    await parts.rounds(1, monkeypatch)
    assert parts.said == [FleetLead(""), FleetLead("web2")]
    assert parts.redis.sought == []
    assert parts.redis.written


@pytest.mark.parametrize("denied", [NO_RIGHT, GONE])
async def test_who_can_not_lead_goes_by_what_is_read(parts, monkeypatch, denied):
    """Nobody leads where nobody can be seen to; where another does, that one does."""
    parts.redis.answers["_SEEK"] = [denied, denied]
    await parts.rounds(1, monkeypatch)
    parts.follower.lead = msgspec.json.encode(OTHER)
    await parts.rounds(1, monkeypatch)
    assert parts.said == [FleetLead(""), FleetLead("web2")]


async def test_what_can_not_be_read_is_no_word_of_who_leads(parts, monkeypatch):
    """Nothing is said, and while nobody is known to lead it is asked again soon."""
    waits: list[float] = []
    parts.follower.failure = SourceUnavailableError("gone", "Redis is gone")
    await parts.rounds(1, monkeypatch, lambda: None, waits)
    assert (parts.said, waits) == ([], [SOON])
    parts.follower.failure = None
    await parts.rounds(1, monkeypatch, lambda: None, waits)
    assert waits == [SOON, EVERY]
