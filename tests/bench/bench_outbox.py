"""
What the outbox costs: messages a second into it, and out of it to receivers that take everything at once.

Beside it stands plain SQLite with the same settings on the same disk: one insert of the same bytes a transaction on the way in, one row read and marked a transaction on the way out.
A dispatch is two transactions, before it is sent and after, and four looks; no receiver is allowed more than a few a second.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.bench.rows import Row
from watchdog.clock import Clock
from watchdog.model.cards import Card
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.folding import fold
from watchdog.receivers.habits import Habits
from watchdog.receivers.receiver import Dispatch, Remember
from watchdog.store.encoding import encode
from watchdog.store.outbox import Handed
from watchdog.store.store import Commit, Store

SINGLE = 1_000
"""Messages that come one an event, each of its own alert and group."""
STORM = 9_000
"""Messages that wait, of as many alerts in ten groups."""
AN_EVENT = 100
"""Messages of one event in a storm."""


class Taking:
    """A receiver that takes everything; `all_told` is set when the cards that it was shown hold so many notices."""

    def __init__(self, wanted: int) -> None:
        self.all_told = asyncio.Event()
        self.dispatches = 0
        self._wanted = wanted
        self._told: dict[str, int] = {}

    async def send(self, dispatch: Dispatch, _remember: Remember, /) -> str:
        self.dispatches += 1
        self._told[dispatch.group] = dispatch.card.told
        if sum(self._told.values()) >= self._wanted:
            self.all_told.set()
        return "taken"

    async def close(self) -> None:
        """Nothing is open."""


def notice(number: int, group: str) -> Notice:
    """A message as they are: 700 bytes."""
    return Notice(
        f"m_{number}_0", f"t{number}", NoticeKind.FIRING, Severity.CRITICAL, 1_700_000_000_000, f"web1/mastodon-sidekiq@push holds job {number}",
        rule="stuck-job", entity=f"web1:4242:abc/t1/j{number}/1700", target="web1/mastodon-sidekiq@push.service", group=group, since=1_700_000_000_000, host="web1",
        condition='job.elapsed > 10m and job.queue in ["push", "pull"]', seen=("job.elapsed = 12m", 'job.queue = "push"'), next="TERM within 20 s",
        runbook="https://wiki.example.org/sidekiq", labels={"team": "ops", "tier": "1"},
    )  # fmt: skip


async def timed(store: Store, commits: list[Commit]) -> float:
    """Seconds that these take, one after the other."""
    begun = time.perf_counter()
    for commit in commits:
        await store.commit(commit)
    return time.perf_counter() - begun


async def drained(store: Store, wanted: int, habits: Habits) -> tuple[float, int]:
    """Seconds until everything has arrived and is recorded, and in how many dispatches."""
    taking = Taking(wanted)
    begun = time.perf_counter()
    task = asyncio.create_task(Deliverer(store, {"ops": taking}, Clock(), {"ops": habits}).run())
    await taking.all_told.wait()
    while (await store.outbox_counts())["ops"].waiting:
        await asyncio.sleep(0)
    took = time.perf_counter() - begun
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return took, taking.dispatches


def plain(folder: Path, work: Callable[[sqlite3.Connection, int], None]) -> float:
    """Seconds that so many transactions take in SQLite alone."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, receiver TEXT, notice BLOB, ended INTEGER) STRICT")
    begun = time.perf_counter()
    for number in range(SINGLE):
        connection.execute("BEGIN IMMEDIATE")
        work(connection, number)
        connection.execute("COMMIT")
    took = time.perf_counter() - begun
    connection.close()
    return took


def insert(connection: sqlite3.Connection, number: int) -> None:
    """One message."""
    data = encode(msgspec.to_builtins(notice(number, f"g{number}")))
    connection.execute("INSERT INTO outbox (receiver, notice) VALUES ('ops', ?)", (data,))


def mark(connection: sqlite3.Connection, _number: int) -> None:
    """Read the oldest that waits, and say that it has arrived."""
    id_, data = connection.execute("SELECT id, notice FROM outbox WHERE ended IS NULL ORDER BY id LIMIT 1").fetchone()
    msgspec.json.decode(data, type=Notice)
    connection.execute("UPDATE outbox SET ended = 1 WHERE id = ?", (id_,))


async def main() -> list[Row]:
    """All rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain_in, plain_out = plain(folder, insert), plain(folder, mark)
        store = await Store.open(folder / "state")
        try:
            singles = [Commit(n + 1, notices=(Handed("ops", notice(n, f"g{n}")),)) for n in range(SINGLE)]
            single_in = await timed(store, singles)
            single_out, _ = await drained(store, SINGLE, Habits(every_thread=True))
            storm = [
                Commit(SINGLE + 1 + n, notices=tuple(Handed("ops", notice(n * AN_EVENT + one, f"s{one % 10}")) for one in range(AN_EVENT)))
                for n in range(STORM // AN_EVENT)
            ]
            storm_in = await timed(store, storm)
            storm_out, dispatches = await drained(store, STORM, Habits())
        finally:
            await store.close()
    data = [msgspec.json.encode(notice(n, "a")) for n in range(STORM)]
    begun = time.perf_counter()
    decoded = [msgspec.json.decode(one, type=Notice) for one in data]
    decoding = time.perf_counter() - begun
    begun = time.perf_counter()
    fold(Card(group="a"), decoded)
    folding = time.perf_counter() - begun
    return [
        Row(what="into the outbox, one an event", value=SINGLE / single_in, unit="messages/s", beside=SINGLE / plain_in, beside_what="one insert a transaction", goal="≥ 0.3 ×"),
        Row(what=f"into the outbox, {AN_EVENT} an event", value=STORM / storm_in, unit="messages/s", beside=SINGLE / plain_in, beside_what="one insert a transaction"),
        Row(what="out of it, a dispatch each", value=SINGLE / single_out, unit="messages/s", beside=SINGLE / plain_out, beside_what="one read and marked a transaction", goal="≥ 0.05 ×"),
        Row(what=f"out of it, {STORM:,} in ten groups", value=STORM / storm_out, unit="messages/s", beside=SINGLE / plain_out, beside_what="one read and marked a transaction"),
        Row(what="dispatches for those", value=dispatches, unit="dispatches", goal="10"),
        Row(what="folding them into one card", value=1e6 * folding / STORM, unit="µs/message", beside=1e6 * decoding / STORM, beside_what="reading it from JSON"),
    ]  # fmt: skip
