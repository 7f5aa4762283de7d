"""Opening a state folder: damage is set aside, what is not ours to touch is refused."""

import os
import sqlite3

import pytest

from watchdog.model.records import AuditRow
from watchdog.store import reading
from watchdog.store.aside import MUCH, account_of, room_of, words_on_room
from watchdog.store.chain import Verified
from watchdog.store.failures import StateTooNewError, StoreError
from watchdog.store.lock import is_running
from watchdog.store.schema import STEPS
from watchdog.store.store import Commit, Store


@pytest.fixture
async def written(state, clock):
    """A folder in which an agent has worked and ended in order."""
    store = await Store.open(state, clock=clock)
    await store.commit(Commit(seq=1, ledger=b"ledger", audit=tuple(AuditRow("alert", 1000 + n, reason="x" * 200) for n in range(200))))
    await store.close()
    return state


def scribble(path, *, at, length):
    """Overwrite a part of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * length)


DAMAGE = {
    "no database at all": lambda path: path.write_bytes(b"this was a database once " * 1000),
    "the head overwritten": lambda path: scribble(path, at=0, length=200),
    "a table overwritten": lambda path: scribble(path, at=4096, length=4096),
    "everything but the head overwritten": lambda path: scribble(path, at=4096, length=path.stat().st_size - 4096),
    "cut in half": lambda path: os.truncate(path, path.stat().st_size // 8192 * 4096),
}


@pytest.mark.parametrize("name", DAMAGE)
async def test_a_damaged_database_is_set_aside(written, clock, name):
    """It is renamed with the time, byte for byte as it was, and a new one begun that works; the store says where the old one is."""
    path = written / "watchdog.db"
    DAMAGE[name](path)
    before = path.read_bytes()
    store = await Store.open(written, clock=clock)
    try:
        assert store.set_aside == written / f"watchdog.db.broken-{clock.now}"
        assert (written / f"watchdog.db.broken-{clock.now}").read_bytes() == before
        assert (store.ledger, store.last_seq) == (None, 0)
        await store.commit(Commit(seq=1, audit=(AuditRow("agent", 1),)))
        assert reading.verify(written) == Verified(1)
    finally:
        await store.close()


@pytest.mark.parametrize("statement", ["DROP TABLE outbox", "DELETE FROM position", "DROP TABLE position", "PRAGMA user_version = 0"])
async def test_a_database_that_is_not_ours_any_more_is_set_aside(written, clock, tamper, statement):
    """A readable database whose tables are gone or emptied, or are somebody else's, is damage, too."""
    tamper(statement)
    store = await Store.open(written, clock=clock)
    assert store.set_aside is not None
    await store.commit(Commit(seq=1))
    await store.close()


async def test_the_log_goes_with_its_database(written, clock):
    """What had not yet been moved from the log into the damaged file is kept beside it under the name that fits."""
    (written / "watchdog.db-wal").write_bytes(b"log")
    scribble(written / "watchdog.db", at=0, length=200)
    store = await Store.open(written, clock=clock)
    assert (written / f"watchdog.db.broken-{clock.now}-wal").exists()
    await store.close()


async def test_what_is_set_aside_can_be_read_again(written, clock):
    """A database that was set aside is still one: its rows can be had with SQLite's own tools."""
    scribble(written / "watchdog.db", at=written.joinpath("watchdog.db").stat().st_size - 4096, length=4096)
    store = await Store.open(written, clock=clock)
    assert store.set_aside is not None
    await store.close()
    connection = sqlite3.connect(store.set_aside)
    assert connection.execute("SELECT body FROM ledger").fetchone() == (b"ledger",)
    connection.close()


async def test_damage_to_the_log_leaves_a_whole_beginning(state, clock):
    """
    What SQLite can't vouch for at the end of its log was never there: what is left is whole, ledger, position and chain alike, and nothing is set aside.

    It can't tell damage from a power failure in the middle of a write; what was committed before the damage is not touched by it.
    """
    store = await Store.open(state, clock=clock)
    for seq in range(1, 21):
        await store.commit(Commit(seq=seq, ledger=b"ledger %d" % seq, audit=(AuditRow("alert", seq, reason="x" * 3000),)))
    copied = state.parent / "copy"
    copied.mkdir()
    for name in ("watchdog.db", "watchdog.db-wal"):
        (copied / name).write_bytes((state / name).read_bytes())
    await store.close()
    log = copied / "watchdog.db-wal"
    scribble(log, at=log.stat().st_size // 2, length=64)
    again = await Store.open(copied, clock=clock)
    try:
        left = again.last_seq
        assert (again.set_aside, again.ledger) == (None, b"ledger %d" % left)
        assert 1 <= left < 20
        assert reading.verify(copied) == Verified(left)
    finally:
        await again.close()


async def test_the_new_account_leads_to_the_old_one(written, clock):
    """It is told where the old audit log ended, as far as that can be read, and how much room all that was set aside takes."""
    path = written / "watchdog.db"
    (last,) = (row["hash"] for row in reading.read_audit(written, limit=1))
    scribble(path, at=path.stat().st_size - 4096, length=4096)
    store = await Store.open(written, clock=clock)
    aside = store.set_aside
    await store.close()
    assert aside is not None
    count, size = room_of(written)
    assert count == 1
    assert account_of(aside) == f"{aside.name} ({size / (1 << 20):.1f} MB; its audit log ended with row 200, hash {last})"

    clock.now += 1
    path.write_bytes(b"no database")
    store = await Store.open(written, clock=clock)
    other = store.set_aside
    await store.close()
    assert other is not None
    assert account_of(other) == f"{other.name} ({(size + 11) / (1 << 20):.1f} MB, with 1 of before)"
    assert aside.exists(), "nobody deletes it"
    assert room_of(written) == (2, sum(part.stat().st_size for part in written.glob("*.broken-*"))), "with the files beside them"


def test_much_room_is_told(tmp_path):
    """From a gigabyte on, and not before."""
    with (tmp_path / "watchdog.db.broken-1").open("wb") as file:
        file.truncate(MUCH - 1)
    assert words_on_room(tmp_path) == ""
    (tmp_path / "watchdog.db.broken-2-wal").write_bytes(b"x")
    assert words_on_room(tmp_path) == f"1 damaged database set aside in {tmp_path} takes 1.0 GB; nobody but you removes them"


async def test_a_later_format_is_refused_and_left_as_it_is(written, clock, tamper):
    """A database of a later version is neither changed nor set aside, and the folder is free again."""
    tamper(f"PRAGMA user_version = {len(STEPS) + 1}")
    before = (written / "watchdog.db").read_bytes()
    with pytest.raises(StateTooNewError, match="newer sidekiq-watchdog"):
        await Store.open(written, clock=clock)
    with pytest.raises(StateTooNewError):
        reading.read_status(written)
    assert (written / "watchdog.db").read_bytes() == before
    assert is_running(written) is None


async def test_an_empty_file_is_a_new_database(state, clock):
    """An agent that was killed just after it had made the file left no damage."""
    state.mkdir()
    (state / "watchdog.db").touch()
    store = await Store.open(state, clock=clock)
    assert (store.last_seq, store.set_aside) == (0, None)
    await store.close()


@pytest.mark.parametrize("obstacle", ["state", "state/watchdog.db", "state/agent.lock"])
async def test_what_stands_in_the_way_is_named(tmp_path, state, obstacle):
    """A file where the folder should be, or a folder where a file should be, is an error with its path, not a database set aside."""
    if obstacle == "state":
        state.write_text("a file")
    else:
        (tmp_path / obstacle).mkdir(parents=True)
    with pytest.raises(StoreError, match=str(state)):
        await Store.open(state)
    assert not list(tmp_path.rglob("*.broken-*"))


async def test_a_failed_opening_gives_the_folder_back(written, tamper):
    """After a refusal another agent can have the folder."""
    tamper("PRAGMA user_version = 99")
    for _ in range(2):
        with pytest.raises(StateTooNewError):
            await Store.open(written)
    tamper(f"PRAGMA user_version = {len(STEPS)}")
    store = await Store.open(written)
    assert store.ledger == b"ledger"
    await store.close()
