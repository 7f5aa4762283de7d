"""Collecting from all sides at once: within its time whatever does not answer, kept, and said in a word what could not be had."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from watchdog.clock import Clock
from watchdog.errors import WatchdogError
from watchdog.host.boot import here
from watchdog.model.effects import CollectEvidence
from watchdog.model.evidence import ALL, Came, Piece, Suspicion
from watchdog.recovery.evidence.collecting import COLLECTORS, KEPT_FOR, Collector, Evidence
from watchdog.recovery.evidence.views import Begun, LogTail
from watchdog.rulefile.log import LogSettings
from watchdog.store.failures import StoreError
from watchdog.store.reading import read_evidence_of
from watchdog.store.store import Store

TAIL = LogTail(("a line",), (Begun("j1", "Spin", "t1", 0, "proven"),), whole=True, missing=(), last="j1")
Collect = Callable[[Any], Awaitable[Any]]


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(tmp_path / "state")
    yield opened
    await opened.close()


@pytest.fixture
def collect(store, picture, me):
    """Collect by these, within so many milliseconds: `collect(500, log=…)`."""

    async def run(milliseconds: int, *, still: bool = False, **by: Collect) -> Any:
        collectors = {kind: Collector(one, 60.0) for kind, one in by.items()}
        evidence = Evidence(
            picture=picture, store=store, here=here(name="web1"), clock=Clock(), log_settings=LogSettings, collectors=collectors
        )
        return await evidence.collect(CollectEvidence("1.0", "7.1", me, tuple(by), Clock().at() + milliseconds, still))

    return run


async def tail(_subject: Any) -> LogTail:
    """A log that answers at once."""
    return TAIL


def test_there_is_a_collector_for_everything_in_the_table():
    """And for nothing else; each has less time than there is for all."""
    assert tuple(COLLECTORS) == ALL
    assert all(0 < one.bound < 5 for one in COLLECTORS.values())


async def test_what_is_found_is_kept_and_judged(collect, store, tmp_path, me):
    """Under the incident, for thirty days; the answer holds names and sentences, the store the rest."""
    found = await collect(5_000, still=True, log=tail)
    ((summary, bodies),) = read_evidence_of(tmp_path / "state", "7.1")

    assert found.pieces == (Piece("log", Came.KEPT),)
    assert [(one.jid, one.suspicion) for one in found.suspects] == [("j1", Suspicion.PROVEN)]
    assert (found.alone, "a line" in repr(found)) == ("j1", False)
    assert (summary.process, summary.target, summary.suspects) == (me.identity, me.name, found.suspects)
    assert summary.until - summary.taken == KEPT_FOR
    assert bodies["log"]["lines"] == ["a line"]


async def test_one_that_never_answers_holds_nobody_up(collect):
    """Neither one that waits for ever, nor one that hangs in another thread; the others are there all the same, within the time."""
    gate = threading.Event()

    async def hangs(_subject: Any) -> LogTail:
        await asyncio.to_thread(gate.wait, 60)
        raise AssertionError("nobody let it go on")

    async def waits(_subject: Any) -> LogTail:
        await asyncio.Event().wait()
        raise AssertionError("nothing happened")

    loop = asyncio.get_running_loop()
    began = loop.time()
    found = await collect(1_000, log=tail, proc=hangs, redis=waits)
    took = loop.time() - began
    gate.set()

    assert {piece.kind: piece.came for piece in found.pieces} == {"log": Came.KEPT, "proc": Came.TIMED_OUT, "redis": Came.TIMED_OUT}
    assert took < 20, "it has waited for them"


async def test_each_has_a_bound_of_its_own(store, picture, me):
    """Who takes too long for itself is given up, though there were time left."""

    async def waits(_subject: Any) -> LogTail:
        await asyncio.Event().wait()
        raise AssertionError("nothing happened")

    evidence = Evidence(
        picture=picture,
        store=store,
        here=here(name="web1"),
        clock=Clock(),
        log_settings=LogSettings,
        collectors={"log": Collector(waits, 0.1)},
    )
    found = await evidence.collect(CollectEvidence("1.0", "7.1", me, ("log",), Clock().at() + 60_000))

    assert found.pieces == (Piece("log", Came.TIMED_OUT, "no answer within 0.1 s"),)


async def test_what_can_not_be_had_is_said(collect, caplog):
    """By its own words where it was refused; a fault of ours by its type alone: its text could repeat what was read."""

    async def refuses(_subject: Any) -> LogTail:
        raise WatchdogError("no log is named")

    async def fails(_subject: Any) -> LogTail:
        raise ValueError("a private post")

    found = await collect(5_000, log=refuses, redis=fails)

    assert found.pieces == (Piece("log", Came.REFUSED, "no log is named"), Piece("redis", Came.REFUSED, "internal error: ValueError"))
    assert (found.suspects, found.note) == ((), "no job is known to have begun in it")
    assert "ValueError in " in caplog.text
    assert "private" not in caplog.text


async def test_what_could_not_be_kept_is_said_and_judged_all_the_same(collect, store, monkeypatch):
    """A full disk takes the evidence, not the suspicion; nothing is stopped."""

    async def full(*_: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store, "keep_evidence", full)
    found = await collect(5_000, still=True, log=tail)

    assert found.pieces == (Piece("log", Came.REFUSED, "it could not be kept: the disk is full"),)
    assert found.alone == "j1"


async def test_time_that_is_over_is_no_error(collect):
    """Then nothing is waited for."""

    async def waits(_subject: Any) -> LogTail:
        await asyncio.Event().wait()
        raise AssertionError("nothing happened")

    assert (await collect(-1_000, log=waits)).pieces == (Piece("log", Came.TIMED_OUT),)
