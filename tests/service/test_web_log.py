"""The log of Mastodon's web server, followed: real journal files by the real journalctl, and plain files that are rotated."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.service.log.journal_files import entry, write
from watchdog.clock import Clock
from watchdog.mastodon import web_log_source
from watchdog.mastodon.peers import Peers
from watchdog.mastodon.traffic_kept import decode
from watchdog.mastodon.web_log_source import NAME, WebLog
from watchdog.model.events import Delta, Gone, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source

UNIT = "mastodon-web.service"
GET = "method=GET path=/about format=html controller=AboutController action=show status=200 duration=4.12"
WORDS = count()
"""Each file of a journal has a name of its own."""
journals = pytest.mark.needs("journalctl", "systemd-journal-remote")


def post(host: str, status: int = 202) -> str:
    """A delivery, as Rails writes it."""
    return (
        f"I, [2026-11-22T14:11:22.123456 #255]  INFO -- : [6f0c0a0e] method=POST path=/inbox format=html controller=ActivityPub::InboxesController "
        f"action=create status={status} duration=4.12 view=0.00 db=1.10 key=https://{host}/users/alice#main-key"
    )


def now(ago: float = 0) -> int:
    """UTC milliseconds, so many seconds ago."""
    return round((time.time() - ago) * 1000)


class Heard:
    """All that was emitted, and the readings that follow from it."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.source: WebLog

    def readings(self, kind: Kind, name: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for body in self.said:
            for change in body.changes if isinstance(body, Observed) else ():
                if (change.kind, change.id) != (kind, name):
                    continue
                if isinstance(change, Gone):
                    found = {}
                else:
                    assert isinstance(change, Delta)
                    found.update(change.fields)
        return found

    def peer(self, host: str) -> dict[str, Any]:
        return self.readings(Kind.PEER, host)

    @property
    def all(self) -> dict[str, Any]:
        return self.readings(Kind.FEDERATION, "federation")

    def lost(self) -> list[str]:
        return [one.code for one in self.said if isinstance(one, SourceLost)]


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Nobody waits five seconds."""
    monkeypatch.setattr(web_log_source, "TICK", 0.05)
    monkeypatch.setattr(web_log_source, "_FIRST", 0.05)
    monkeypatch.setattr(web_log_source, "_LONGEST", 0.2)


@asynccontextmanager
async def following(state: Path, *, watched=("a.example", "b.example"), units=(), files=(), directory=None) -> AsyncIterator[Heard]:
    """The source at work; what it has learned is kept at the end."""
    state.mkdir(exist_ok=True)
    heard = Heard()
    heard.source = WebLog(
        units=units,
        files=[str(one) for one in files],
        peers=Peers(watched),
        state=state,
        clock=Clock(),
        emit=heard.said.append,
        directory=directory,
    )
    task = asyncio.create_task(heard.source.run())
    try:
        yield heard
    finally:
        await heard.source.keep()
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (fault := task.exception()) is not None:
            raise fault


def on_journal(folder: Path, **more: Any) -> Any:
    """The same on the journal in that folder."""
    return following(folder / "state", units=("mastodon-web*",), directory=folder / "journal", **more)


def lines(folder: Path, *texts: str, ago: float = 0, name: str, unit: str = UNIT) -> None:
    """Written into the journal, so many seconds ago."""
    write(folder / "journal", [entry(now(ago), text.encode(), unit=unit) for text in texts], name=f"{name}.journal")


async def reads_file(heard: Heard, log: Path, until: Callable[..., Any]) -> None:
    """It is read from its end on: a line that counts for nothing has been seen."""

    def is_read() -> bool:
        with log.open("a") as file:
            file.write("a word\n")
        return heard.source._heard > 0

    await until(is_read, what="the file")


async def reads_journal(heard: Heard, folder: Path, until: Callable[..., Any]) -> None:
    """The same of the journal."""

    def is_read() -> bool:
        lines(folder, "a word", name=f"word{next(WORDS)}")
        return heard.source._heard > 0

    await until(is_read, what="the journal")


@journals
async def test_deliveries_in_the_journal(tmp_path, until: Callable[..., Any]):
    """Of the units that the config means and of no others; from now on, and nothing of what was before."""
    lines(tmp_path, GET, post("a.example"), ago=100, name="before")
    lines(tmp_path, post("a.example"), ago=100, name="other", unit="nginx.service")
    async with on_journal(tmp_path) as heard:
        await reads_journal(heard, tmp_path, until)
        lines(tmp_path, GET, post("a.example"), post("a.example", 401), post("b.example", 403), post("c.example", 500), name="now")
        lines(tmp_path, post("a.example"), name="now2", unit="nginx.service")
        await until(lambda: heard.all.get("inbound"), what="a delivery")
        assert {slot: heard.all[slot] for slot in ("inbound", "inbound_refused", "inbound_failed", "heard_peers")} == {
            "inbound": 1, "inbound_refused": 1, "inbound_failed": 1, "heard_peers": 1,
        }  # fmt: skip
        one = heard.peer("a.example")
        assert (one["inbound"], one["inbound_refused"]) == (1, 1)
        assert 0 <= Clock().at() - one["inbound_at"] < 10_000
        assert heard.peer("b.example")["inbound_refused"] == 1
        assert "inbound_at" not in heard.peer("b.example")
        assert heard.peer("c.example") == {}
        assert any(isinstance(one, Observed) and one.complete for one in heard.said)
    assert heard.lost() == []


@journals
async def test_what_was_written_while_no_agent_ran_is_made_up_for(tmp_path, until: Callable[..., Any]):
    """Each line once: ages go on, counters begin anew."""
    lines(tmp_path, GET, ago=100, name="before")
    async with on_journal(tmp_path) as heard:
        await reads_journal(heard, tmp_path, until)
        lines(tmp_path, post("a.example"), name="one")
        await until(lambda: heard.peer("a.example").get("inbound") == 1, what="a delivery")
    lines(tmp_path, post("a.example"), post("b.example"), name="two")
    await asyncio.sleep(0.01)  # sleeps on purpose: what was written before the start is older than it
    async with on_journal(tmp_path) as again:
        await until(lambda: "inbound_at" in again.peer("b.example"), what="what was missed")
        assert again.peer("b.example")["inbound"] == 0
        lines(tmp_path, post("b.example"), name="three")
        await until(lambda: again.peer("b.example")["inbound"] == 1, what="a delivery")
    kept = decode((tmp_path / "state" / NAME).read_bytes())
    assert {host: rhythm.count for host, rhythm in kept.rhythms.items()} == {"a.example": 2, "b.example": 2}


@journals
async def test_a_unit_that_nobody_has_is_no_loss(tmp_path, until: Callable[..., Any], caplog):
    """It is said in the log of the agent, once, and looked for again; as soon as one writes, it is read."""
    lines(tmp_path, "x", name="before", unit="nginx.service")
    async with on_journal(tmp_path) as heard:
        await until(lambda: caplog.records, what="a word")
        lines(tmp_path, GET, name="now")
        await reads_journal(heard, tmp_path, until)
        lines(tmp_path, post("a.example"), name="later")
        await until(lambda: heard.all.get("inbound") == 1, what="a delivery")
    assert heard.lost() == []
    assert [record.getMessage() for record in caplog.records] == [
        "no unit called mastodon-web* has written into the journal (hint: mastodon: {web_log: …} names units or files, or is none)"
    ]


async def test_a_file_that_is_rotated(tmp_path, until: Callable[..., Any]):
    """Both ways, and nothing is counted twice or left out."""
    log = tmp_path / "web.log"
    log.write_text(post("a.example") + "\n")
    async with following(tmp_path / "state", files=[log]) as heard:
        await reads_file(heard, log, until)
        with log.open("a") as file:
            file.write(GET + "\n" + post("a.example") + "\n")
        await until(lambda: heard.all.get("inbound") == 1, what="a delivery")
        log.rename(tmp_path / "web.log.1")
        log.write_text(post("a.example") + "\n")
        await until(lambda: heard.all.get("inbound") == 2, what="one in the new file")
    assert heard.peer("a.example")["inbound"] == 2
    assert heard.lost() == []


async def test_a_log_that_can_not_be_read_any_more_is_lost_and_comes_back(tmp_path, until: Callable[..., Any]):
    """Said once each; in between nobody grows older."""
    log = tmp_path / "web.log"
    log.write_text("")
    async with following(tmp_path / "state", files=[log]) as heard:
        await reads_file(heard, log, until)
        with log.open("a") as file:
            file.write(post("a.example") + "\n")
        await until(lambda: heard.all.get("inbound") == 1, what="a delivery")
        log.unlink()
        log.mkdir()
        await until(heard.lost, what="that it is lost")
        began = Clock().at()
        await asyncio.sleep(0.5)  # sleeps on purpose: a time in which nobody can look
        log.rmdir()
        log.write_text(GET + "\n")
        await until(lambda: any(isinstance(one, SourceBack) for one in heard.said), what="that it is back")
        gone_by = Clock().at() - began
        with log.open("a") as file:
            file.write(post("b.example") + "\n")
        await until(lambda: heard.all["inbound"] == 2, what="a delivery")
        assert Clock().at() - heard.peer("a.example")["inbound_at"] < gone_by + 1_000
    assert heard.lost() == ["unreadable"]
    assert all(one.source is Source.WEB_LOG for one in heard.said)


async def test_nothing_of_a_line_but_hosts_and_counts_goes_anywhere(tmp_path, until: Callable[..., Any], caplog):
    """Neither a path nor a name, a text nor an address: not into what is told, not into what is kept, not into the log."""
    caplog.set_level("DEBUG")
    log = tmp_path / "web.log"
    log.write_text("")
    async with following(tmp_path / "state", files=[log]) as heard:
        await reads_file(heard, log, until)
        with log.open("a") as file:
            file.write(
                post("a.example").replace("alice", "secretname") + "\nmethod=GET path=/@secretname?q=private status=200\n\x1b[31m\xff\n"
            )
        await until(lambda: heard.all.get("inbound") == 1, what="a delivery")
    told = repr(heard.said) + caplog.text + repr((tmp_path / "state" / NAME).read_bytes())
    assert "a.example" in told
    assert "secretname" not in told
    assert "private" not in told


async def test_what_can_not_be_used_is_learned_anew(tmp_path, until: Callable[..., Any], caplog):
    """A damaged file ends nothing."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / NAME).write_bytes(b"\xff\x00rubbish")
    log = tmp_path / "web.log"
    log.write_text("")
    async with following(tmp_path / "state", files=[log]) as heard:
        await reads_file(heard, log, until)
        with log.open("a") as file:
            file.write(post("a.example") + "\n")
        await until(lambda: heard.all.get("inbound") == 1, what="a delivery")
    assert "learned anew" in caplog.text
    assert decode((tmp_path / "state" / NAME).read_bytes()).rhythms.keys() == {"a.example"}
