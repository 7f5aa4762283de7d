"""When what of the web log is told, in virtual time: all together and who is watched at once, others one after the other; and when nothing is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from watchdog.host.log_source import LogUnreadableError
from watchdog.mastodon import web_log_source
from watchdog.mastodon.following_log import SILENT_AFTER
from watchdog.mastodon.peers import Peers
from watchdog.mastodon.traffic import DAY, HOUR, Traffic
from watchdog.mastodon.traffic_kept import decode, encode
from watchdog.mastodon.web_log_source import EACH, NAME, TICK, WebLog
from watchdog.model.events import Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.log_lines import LogLine

pytestmark = pytest.mark.looptime
WALL = 1_795_700_000_000
GET = "method=GET path=/about format=html status=200"


class Clock:
    """Both clocks go with the loop."""

    def at(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    def wall(self) -> int:
        return WALL + self.at()


class Log:
    """A log that a test writes; `fault` is raised to whoever reads on."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.fault = ""

    def writes(self, *lines: str) -> None:
        for line in lines:
            self.lines.put_nowait(line)

    async def follow(self, *, cursor: str = "") -> AsyncIterator[LogLine]:
        while not self.fault:
            line = await self.lines.get()
            if not self.fault:
                yield LogLine(line, cursor="c")
        raise LogUnreadableError(self.fault)


class Heard:
    """A source at work on that log, and all that it has emitted."""

    def __init__(self, log: Log, state: Any, watched: tuple[str, ...]) -> None:
        self.said: list[Any] = []
        self.log = log
        self.peers = Peers(watched)
        self.source = WebLog(units=(), files=("x",), peers=self.peers, state=state, clock=Clock(), emit=self.said.append)  # type: ignore[arg-type]
        self.source._sources = lambda _units: [log]  # type: ignore[method-assign, list-item, assignment, return-value]

    def readings(self, kind: Kind, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for body in self.said:
            for change in body.changes if isinstance(body, Observed) else ():
                if (change.kind, change.id) == (kind, name):
                    found = {} if isinstance(change, Gone) else {**found, **change.fields}
        return found

    @property
    def words(self) -> list[str]:
        """What was said of the source itself."""
        return [one.code if isinstance(one, SourceLost) else "back" for one in self.said if isinstance(one, SourceLost | SourceBack)]


def post(host: str, status: int = 202) -> str:
    """A delivery."""
    return f"method=POST path=/inbox controller=ActivityPub::InboxesController action=create status={status} key=https://{host}/x#main-key"


@asynccontextmanager
async def following(state: Any, *, watched: tuple[str, ...] = ("watched.example",)) -> AsyncIterator[Heard]:
    """It runs meanwhile."""
    heard = Heard(Log(), state, watched)
    task = asyncio.create_task(heard.source.run())
    await asyncio.sleep(1)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (fault := task.exception()) is not None:
            raise fault


def known(state: Any, *hosts: str) -> None:
    """What an agent has learned of these in five days, a week ago."""
    traffic = Traffic()
    for host in hosts:
        for at in range(0, 5 * DAY, HOUR):
            traffic.hear(host, 202, at)
    data = encode(traffic, wall=WALL - 7 * DAY, passed=5 * DAY, cursor="", speaks=True, spoke=True)
    (state / NAME).write_bytes(data)


async def test_all_together_and_watched_hosts_are_told_every_five_seconds(tmp_path):
    """Only what has changed."""
    async with following(tmp_path) as heard:
        heard.log.writes(post("watched.example"), post("watched.example", 401))
        await asyncio.sleep(TICK)
        assert heard.readings(Kind.FEDERATION, "federation") | {"inbound_at": 0} == {
            "inbound": 1, "inbound_refused": 1, "inbound_failed": 0, "heard_peers": 1, "inbound_at": 0,
        }  # fmt: skip
        assert heard.readings(Kind.PEER, "watched.example")["inbound_refused"] == 1
        before = len(heard.said)
        await asyncio.sleep(10 * TICK)
        assert len(heard.said) == before
        heard.log.writes(post("watched.example"))
        await asyncio.sleep(TICK)
        assert heard.readings(Kind.PEER, "watched.example")["inbound"] == 2


async def test_others_are_told_once_in_five_minutes_each_at_its_own_time(tmp_path):
    """At the start all that is known of them; an age is never older than that, and no pause is told that is shorter."""
    hosts = [f"h{number}.example" for number in range(120)]
    known(tmp_path, *hosts)
    async with following(tmp_path) as heard:
        heard.log.writes(GET)
        await asyncio.sleep(TICK)
        assert heard.readings(Kind.PEER, "h7.example")["inbound_gap"] == HOUR
        heard.log.writes(*(post(host) for host in hosts))
        moments: dict[str, float] = {}
        for _ in range(EACH // 5_000 + 1):
            await asyncio.sleep(TICK)
            for host in hosts:
                if heard.readings(Kind.PEER, host)["inbound"] == 1:
                    moments.setdefault(host, asyncio.get_running_loop().time())
        assert moments.keys() == set(hosts)
        assert max(list(moments.values()).count(moment) for moment in moments.values()) < 15


async def test_a_log_that_never_spoke_is_no_loss(tmp_path, caplog):
    """Nothing is told, nobody is alarmed; the log of the agent says it once."""
    async with following(tmp_path) as heard:
        heard.log.writes("a word")
        await asyncio.sleep(3 * SILENT_AFTER / 1000)
        assert heard.said == []
        assert heard.source.trouble.startswith("the log of Mastodon's web server has no requests in it")
        heard.log.writes(GET)
        await asyncio.sleep(TICK)
        assert heard.source.trouble == ""
    assert [record.getMessage() for record in caplog.records if "no requests in it" in record.getMessage()] == [
        "the log of Mastodon's web server has no requests in it: nobody reaches that server, or RAILS_LOG_LEVEL is above info"
    ]


async def test_one_that_spoke_and_says_nothing_after_a_restart_of_the_web_server_is_lost(tmp_path):
    """Until it speaks again; ages stand still from the restart on."""
    async with following(tmp_path) as heard:
        heard.log.writes(post("watched.example"))
        await asyncio.sleep(100)
        heard.log.writes("[7] Puma starting in single mode...")
        await asyncio.sleep(SILENT_AFTER / 1000 + TICK)
        assert heard.words == ["silent_log"]
        await asyncio.sleep(3_600)
        heard.log.writes(GET)
        await asyncio.sleep(TICK)
        assert heard.words == ["silent_log", "back"]
        age = heard.source._clock.at() - heard.readings(Kind.PEER, "watched.example")["inbound_at"]
        assert 100_000 <= age <= 100_000 + 3 * TICK * 1000


async def test_a_log_that_can_not_be_read_is_lost_at_once(tmp_path):
    """It is tried again, ever more seldom, and said once."""
    async with following(tmp_path) as heard:
        heard.log.writes(post("watched.example"))
        await asyncio.sleep(TICK)
        heard.log.fault = "the disk is broken"
        heard.log.writes("x")
        await asyncio.sleep(600)
        assert heard.words == ["unreadable"]
        heard.log.fault = ""
        heard.log.writes(GET)
        await asyncio.sleep(200)
        assert heard.words == ["unreadable", "back"]


async def test_what_is_followed_no_more_is_unknown_and_no_loss(tmp_path):
    """As a reload may have it."""
    async with following(tmp_path) as heard:
        heard.log.writes(post("watched.example"))
        await asyncio.sleep(TICK)
        heard.log.fault = "gone"
        heard.log.writes("x")
        await asyncio.sleep(TICK)
        heard.source.end()
        assert heard.words == ["unreadable", "back"]
        assert set(heard.readings(Kind.FEDERATION, "federation").values()) == {None}
        assert heard.readings(Kind.PEER, "watched.example")["inbound"] is None
        assert heard.readings(Kind.PEER, "watched.example")["name"] == "watched.example"
    assert all(body.source is Source.WEB_LOG for body in heard.said)


async def test_what_was_learned_is_kept_now_and_then(tmp_path, monkeypatch):
    """And at the end; a disk that is full is no harm."""
    async with following(tmp_path) as heard:
        heard.log.writes(post("watched.example"))
        await asyncio.sleep(web_log_source.KEEP_EACH + 1)
        assert decode((tmp_path / NAME).read_bytes()).rhythms.keys() == {"watched.example"}
        heard.log.writes(post("other.example"))
        await asyncio.sleep(TICK)
        await heard.source.keep()
        assert decode((tmp_path / NAME).read_bytes()).rhythms.keys() == {"watched.example", "other.example"}
        (tmp_path / f".{NAME}.new").mkdir()
        await heard.source.keep()


async def test_a_loss_makes_nobody_older(tmp_path):
    """As soon as the log is read again, everybody's age is told without the time in which nobody could look: also of those that are told one after the other."""
    hosts = [f"h{number}.example" for number in range(30)]
    known(tmp_path, *hosts)
    async with following(tmp_path) as heard:
        heard.log.writes(GET, *(post(host) for host in hosts))
        await asyncio.sleep(2 * EACH / 1000)
        heard.log.fault = "gone"
        heard.log.writes(GET)
        await asyncio.sleep(40 * 3_600)
        assert heard.words == ["unreadable"]
        heard.log.fault = ""
        heard.log.writes(GET)
        while heard.words[-1] != "back":
            await asyncio.sleep(1)
        ages = [heard.source._clock.at() - heard.readings(Kind.PEER, host)["inbound_at"] for host in hosts]
        assert max(ages) <= 3 * EACH


async def test_a_damaged_file_is_no_end(tmp_path, caplog):
    """What was learned is learned anew."""
    known(tmp_path, "h.example")
    (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes().replace(b"h.example", b"h.exampl\xff"))
    async with following(tmp_path) as heard:
        heard.log.writes(post("watched.example"))
        await asyncio.sleep(TICK)
        assert heard.readings(Kind.PEER, "watched.example")["inbound"] == 1
    assert "it is damaged" in caplog.text
