"""The stream of events over a real socket: what a reader is told, what it can have again, and what becomes of one who is too slow."""

import asyncio
import contextlib
import gc
import weakref
from itertools import pairwise

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.patience import PATIENCE
from tests.unit.web.stream_parts import Listener, Teller, served
from watchdog.clock import Clock
from watchdog.model.effects import Audit
from watchdog.model.records import AuditRow
from watchdog.model.verdicts import Mode
from watchdog.web.openapi import described
from watchdog.web.stream.events import FORMATS, Name
from watchdog.web.stream.hub import MOST_ROWS
from watchdog.web.stream.sections import Section

ALL = {section.value for section in Section}


@pytest.fixture
def path(tmp_path):
    """Of the socket."""
    return tmp_path / "events.sock"


@pytest.fixture
async def listen(path):
    """Comes to hear the events after that one; who has come goes with the test."""
    all_ = []

    async def connect(last_id=""):
        all_.append(await Listener.connect(path, last_id))
        return all_[-1]

    yield connect
    for one in all_:
        await one.close()


async def until(holds):
    """Waits until that is so."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.001)


async def test_it_begins_with_the_versions_and_goes_on_with_what_changes(path, listen):
    """First all versions, then each row of the audit log at once, and the sections that have changed when their turn is."""
    teller = Teller()
    teller.turn(mode=Mode.ACT)
    async with served(teller.hub, path):
        one = await listen()
        name, hello = await one.event()
        assert (name, hello["host"], hello["seq"], set(hello["versions"])) == ("hello", "web1", 1, ALL)
        assert hello["versions"]["overview"] == 1
        teller.audit("it began")
        name, row = await one.event()
        assert (name, row) == ("audit", {"kind": "agent", "wall": teller.clock.wall(), "reason": "it began"})
        teller.wait(1_000)
        name, sections = await one.event()
        assert name == "sections"
        assert sections["audit"] > hello["versions"]["audit"]
        assert await one.event() == ("beat", {"wall": teller.clock.wall(), "seq": 2})


async def test_everybody_gets_the_very_same_bytes(path, listen):
    """An event is encoded once: what twenty readers get is equal, ids included."""
    teller = Teller()
    async with served(teller.hub, path):
        all_ = [await listen() for _ in range(20)]
        for number in range(50):
            teller.audit(f"row {number}")
        teller.hub.close()
        got = [await one.rest() for one in all_]
        assert got[0] == [("hello", got[0][0][1]), *(("audit", one) for _, one in got[0][1:-1]), ("bye", got[0][-1][1])]
        assert [one["reason"] for _, one in got[0][1:-1]] == [f"row {number}" for number in range(50)]
        assert all(one == got[0] for one in got)
        assert {one.last_id for one in all_} == {"a1-51"}
        await until(lambda: teller.hub.streams == 0)


async def test_a_turn_that_writes_very_much_drops_nobody(path, listen):
    """A thousand alerts fire at once, which nobody can have read before the next line of code: the first rows are told, and that there are more."""
    teller = Teller()
    async with served(teller.hub, path):
        one = await listen()
        await one.event()
        teller.turn(effects=tuple(Audit(AuditRow("alert", 1, entity=f"e{number}")) for number in range(1_000)))
        assert (teller.hub.streams, teller.hub.dropped) == (1, 0)
        teller.wait(1_000)
        teller.hub.close()
        got = await one.rest()
    assert [said["entity"] for name, said in got if name == "audit"] == [f"e{number}" for number in range(MOST_ROWS)]
    assert any("audit" in said for name, said in got if name == "sections")


async def test_who_was_away_is_told_what_it_missed_and_nothing_twice(path, listen):
    """By the id of the last event that it had."""
    teller = Teller()
    async with served(teller.hub, path):
        one = await listen()
        await one.event()
        teller.audit("heard")
        await one.event()
        await one.close()
        teller.audit("missed")
        teller.audit("missed too")
        again = await listen(one.last_id)
        assert [(await again.event())[1]["reason"] for _ in range(2)] == ["missed", "missed too"]
        teller.audit("new")
        assert (await again.event())[1]["reason"] == "new"


async def test_every_event_is_as_it_is_described(path, listen):
    """Each kind comes, with the fields that the API's own description gives it, and no others."""
    whole = described()
    events = whole["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]["x-events"]
    teller = Teller()
    async with served(teller.hub, path):
        one = await listen()
        again = await listen("b7-1")
        got = [await again.event(), await one.event()]
        teller.audit("it began")
        teller.turn(effects=(Audit(AuditRow("would", 1, rule="stuck", detail={"lines": 3, "late": True}, would_at=7)),))
        teller.wait(1_000)
        teller.hub.close()
        got += await one.rest()
    assert {name for name, _ in got} == set(events)
    for name, data in got:
        schema = {**events[name]["data"], "components": whole["components"]}
        Draft202012Validator(schema).validate(data)
        assert msgspec.to_builtins(msgspec.convert(data, FORMATS[Name(name)].data)) == data


@pytest.mark.parametrize(
    "last_id", ["b7-1", "a1-4", "a1-", "a1", "-", "a1--1", "a1-x", "a1-\N{SUPERSCRIPT TWO}", "a1-" + "9" * 400, "a1-1"]
)
async def test_who_can_no_longer_be_told_is_to_forget_everything(path, listen, last_id):
    """Of another life of the agent, of a time that is long over, of a future that never was, and of nothing at all."""
    teller = Teller()
    async with served(teller.hub, path):
        teller.audit("one")
        for _ in range(2):
            teller.audit("x" * 600_000)
        one = await listen(last_id)
        name, body = await one.event()
        assert (name, set(body["versions"]), one.last_id) == ("reset", ALL, "a1-3")


async def test_a_reader_who_takes_nothing_is_dropped_by_how_far_it_is_behind(path, listen):
    """Its connection is cut as soon as it is more events behind than may be, without waiting; those who read have lost nothing."""
    teller = Teller()
    async with served(teller.hub, path):
        slow, quick = await listen(), await listen()
        await quick.event()
        sent = 0
        while teller.hub.dropped == 0:
            teller.audit(f"{sent} {'x' * 2_000}")
            sent += 1
            assert (await quick.event())[1]["reason"].startswith(f"{sent - 1} ")
            assert sent < 1_000, "it is never dropped"
        await until(lambda: teller.hub.streams == 1)
        got = await slow.rest()
        # What had left already it may have got, and of that nothing is missing.
        assert [one["reason"].split()[0] for name, one in got if name == "audit"] == [str(number) for number in range(len(got) - 1)]
        assert len(got) < sent
        teller.audit("the end")
        assert (await quick.event())[1]["reason"] == "the end"
        assert teller.hub.dropped == 1


async def test_a_reader_who_takes_nothing_is_dropped_by_how_long(path, listen):
    """Where little is said it is the time that counts."""
    teller = Teller()
    async with served(teller.hub, path, patience=0.05):
        await listen()
        for _ in range(8):
            teller.audit("x" * 60_000)
        await until(lambda: teller.hub.dropped == 1)
        assert teller.hub.streams == 0


async def test_a_reader_who_has_gone_is_not_kept(path, listen):
    """Neither its place nor anything else of it, and it was not dropped."""
    teller = Teller()
    async with served(teller.hub, path):
        one = await listen()
        await one.event()
        held = weakref.ref(next(iter(teller.hub._readers)))
        await one.close()
        await until(lambda: teller.hub.streams == 0)
        gc.collect()
        assert held() is None
        assert teller.hub.dropped == 0


async def test_no_more_than_so_many_at_a_time(path, listen):
    """The next one is told to come again, and may once another has gone."""
    teller = Teller(most=2)
    async with served(teller.hub, path):
        first, second = await listen(), await listen()
        refused = await listen()
        assert (first.status, second.status, refused.status) == (200, 200, 503)
        await first.close()
        await until(lambda: teller.hub.streams == 1)
        again = await listen()
        assert again.status == 200


async def test_the_end_of_the_agent_is_said(path, listen):
    """Everybody hears `bye`, and the line is closed."""
    teller = Teller()
    async with served(teller.hub, path):
        one = await listen()
        teller.audit("last words")
        teller.hub.close()
        assert [name for name, _ in await one.rest()] == ["hello", "audit", "bye"]
        late = await listen()
        assert [name for name, _ in await late.rest()] == ["hello"]


async def test_a_name_that_is_no_text_is_told_all_the_same(path, listen):
    """What the kernel calls things need not be UTF-8; a turn never fails for it."""
    teller = Teller()
    async with served(teller.hub, path):
        one = await listen()
        await one.event()
        teller.audit("unit \udcff\n\ndata: x\r")
        assert (await one.event())[1]["reason"] == "unit \\udcff\n\ndata: x\r"


def test_what_cant_be_told_ends_no_turn(caplog):
    """A fault in the telling is written down, and everything that is shown counts as old."""
    teller = Teller()
    teller.turn()
    teller.clock.now += 10_000
    before = teller.hub.versions()
    teller.turn(effects=(Audit(AuditRow("agent", 0, detail={"x": object()})),))  # type: ignore[dict-item]
    assert "can't be told" in caplog.text
    teller.clock.now += 10_000
    assert all(version > before[section] for section, version in teller.hub.versions().items())
    teller.audit("it goes on")
    assert teller.hub.ring.last == 1


def test_a_version_is_drawn_once_for_all():
    """What changes with every beat is another version only each two seconds, however often it is asked for; what people wait for is one at once."""
    teller = Teller()
    seen = set()
    for _ in range(100):
        teller.clock.now += 100
        teller.turn(alerts={})
        for _ in range(3):
            seen.add((teller.hub.versions()["matrix"], teller.clock.now // 2_000))
    assert len({version for version, _ in seen}) <= 6
    before = teller.hub.versions()
    teller.turn(approvals={})
    assert teller.hub.versions()["approvals"] == before["approvals"] + 1
    assert teller.hub.versions() == teller.hub.versions()


@pytest.mark.looptime
async def test_what_changes_is_said_at_once_and_not_more_than_twice_a_second(monkeypatch):
    """A lone change is told in that very moment; of a hundred a second all those within half a second are told together, and none is forgotten."""
    teller = Teller(clock=Clock())
    told = []
    publish = teller.hub._publish

    def publish_and_tell(name, body):
        told.append((teller.clock.at(), name.value, body))
        publish(name, body)

    monkeypatch.setattr(teller.hub, "_publish", publish_and_tell)
    running = asyncio.create_task(teller.hub.run())
    with teller.hub.listening(lambda: None) as reader:
        teller.turn()
        await asyncio.sleep(20)
        told.clear()
        changed = teller.clock.at()
        teller.turn(approvals={})
        await asyncio.sleep(0.001)
        assert [(at == changed, name, set(body)) for at, name, body in told] == [(True, "sections", {"approvals", "overview", "matrix"})]
        await asyncio.sleep(5)
        told.clear()
        for _ in range(1_000):
            reader.number = teller.hub.ring.last
            teller.turn(approvals={})
            await asyncio.sleep(0.01)
        await asyncio.sleep(5)
        times = [at for at, name, _ in told if name == "sections"]
        assert 19 <= len(times) <= 22
        assert min(later - earlier for earlier, later in pairwise(times)) >= 500
        last = {section: version for _, name, body in told if name == "sections" for section, version in body.items()}
        assert last.items() <= teller.hub.versions().items()
        matrix = [at for at, name, body in told if name == "sections" and "matrix" in body]
        assert min(later - earlier for earlier, later in pairwise(matrix)) >= 2_000
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
