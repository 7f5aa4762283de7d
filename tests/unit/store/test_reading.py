"""Looking into a state folder from outside, with and without an agent."""

import asyncio
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from watchdog.model.records import AuditRow
from watchdog.store import reading
from watchdog.store.chain import BrokenRow, Verified
from watchdog.store.failures import NoStateError, StoreError
from watchdog.store.store import Commit, Store

ASKS = {
    "audit": lambda folder: list(reading.read_audit(folder)),
    "verify": reading.verify,
    "status": reading.read_status,
    "incidents": reading.read_incidents,
    "outbox": reading.read_outbox_counts,
}


@pytest.fixture
async def filled(store):
    """Twelve audit rows, a second apart, of two rules."""
    rows = tuple(AuditRow("decision", 1000 * n, rule="even" if n % 2 == 0 else "odd") for n in range(1, 13))
    await store.commit(Commit(seq=1, audit=rows))
    await store.keep_status(b"{}")
    return store


def numbers(folder, **how):
    """The numbers of the rows that are read."""
    return [row["seq"] for row in reading.read_audit(folder, **how)]


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
def test_no_state_is_said(tmp_path, ask):
    """A folder that is missing, is empty, or in which an agent has made nothing but the file: no state, rather than an empty answer."""
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(NoStateError, match=str(folder)):
            ask(folder)
    (tmp_path / "watchdog.db").touch()
    with pytest.raises(NoStateError):
        ask(tmp_path)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ({"since": 10_000}, [10, 11, 12]),
        ({"rule": "even"}, [2, 4, 6, 8, 10, 12]),
        ({"rule": "other"}, []),
        ({"limit": 3}, [10, 11, 12]),
        ({"limit": 0}, []),
        ({"limit": 100}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        ({"rule": "odd", "limit": 2}, [9, 11]),
        ({"rule": "odd", "since": 6_000, "limit": 9}, [7, 9, 11]),
        ({"after": 9}, [10, 11, 12]),
        ({"after": 11, "limit": 5}, [12]),
        ({"after": 12}, []),
    ],
)
async def test_rows_are_chosen(state, filled, how, expected):
    """By time, by rule, after a number, the newest so many; always oldest first."""
    assert numbers(state, **how) == expected


async def test_rows_are_read_in_pages(state, filled, monkeypatch):
    """However many rows there are, each page is a short look of its own: what is written meanwhile is read, too, and nothing twice."""
    monkeypatch.setattr(reading, "_PAGE", 5)
    rows = reading.read_audit(state)
    first = [next(rows)["seq"] for _ in range(7)]
    await filled.commit(Commit(seq=2, audit=(AuditRow("alert", 20_000),)))
    assert first + [row["seq"] for row in rows] == list(range(1, 14))


async def test_a_slow_reader_holds_nothing(state, filled):
    """Between two rows a reader holds no transaction: the agent can empty its log in the middle of somebody's reading."""
    rows = reading.read_audit(state)
    next(rows)
    busy = await filled._writer.read(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
    assert busy == 0
    assert len(list(rows)) == 11


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS.keys())
async def test_the_answer_is_the_same_without_the_agent(state, filled, ask):
    """What is read while the agent runs is read again after it has ended, twice, and the agent finds its state unchanged."""
    running = ask(state)
    await filled.close()
    assert ask(state) == running
    assert ask(state) == running
    again = await Store.open(state)
    assert again.last_seq == 1
    assert ask(state) == running
    await again.close()


async def test_a_log_left_behind_is_read(state, filled, tmp_path):
    """After an agent that was killed, what stands only in the log is read, too."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("watchdog.db", "watchdog.db-wal"):
        (copy / name).write_bytes((state / name).read_bytes())
    assert (copy / "watchdog.db-wal").stat().st_size
    assert reading.verify(copy) == Verified(12)


@pytest.mark.needs("mount")
async def test_a_medium_that_cannot_be_written_is_read(state, filled, tmp_path):
    """A state folder on a read-only medium, ended in order, can be read all the same."""
    await filled.close()
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    subprocess.run(["mount", "--bind", state, mounted], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", mounted], check=True)
        assert numbers(mounted, limit=1) == [12]
        assert reading.read_status(mounted) == b"{}"
    finally:
        subprocess.run(["umount", mounted], check=True)


@pytest.mark.needs("setuid")
async def test_a_closed_folder_is_said_to_be_closed(state, filled):
    """Somebody who may not look is told so, and as whom to ask."""
    pid = os.fork()
    if pid == 0:
        answer = "nothing"
        try:
            os.setuid(65534)
            reading.read_status(state)
        except StoreError as error:
            answer = str(error)
        finally:
            os._exit(7 if "closed to this user" in answer else 8)  # the child must never get back into pytest
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_something_else_is_said_to_be_unreadable(tmp_path):
    """A file that is no database is an error with its path; it is left as it is."""
    (tmp_path / "watchdog.db").write_text("no database " * 100)
    with pytest.raises(StoreError, match=r"watchdog\.db can't be read"):
        reading.read_status(tmp_path)
    assert (tmp_path / "watchdog.db").read_text() == "no database " * 100


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE audit SET body = replace(body, 'odd', 'odder') WHERE seq = 3", 3),
        ("UPDATE audit SET rule = 'even' WHERE seq = 5", 5),
        ("UPDATE audit SET hash = upper(hash) WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 6", 6),
        ("DELETE FROM audit WHERE seq <= 2", 1),
        ("DELETE FROM audit WHERE seq >= 11", 11),
        ("DELETE FROM audit", 1),
        ("UPDATE position SET audit_hash = 'f'", 12),
    ],
)
async def test_the_first_broken_row_is_named(state, filled, tamper, statement, first):
    """Whatever is done to the table behind the agent's back, `verify` names the first row that shows it."""
    assert reading.verify(state) == Verified(12)
    tamper(statement)
    found = reading.verify(state)
    assert isinstance(found, BrokenRow)
    assert found.seq == first


async def test_readers_and_the_writer_do_not_hinder_each_other(state, filled):
    """Reading in other threads while commits go on: every look is whole, and every commit succeeds."""
    looks = asyncio.gather(*(asyncio.to_thread(reading.verify, state) for _ in range(20)))
    for seq in range(2, 30):
        await filled.commit(Commit(seq=seq, audit=(AuditRow("alert", seq),)))
    assert all(isinstance(found, Verified) for found in await looks)


async def test_a_folder_with_a_strange_name_is_read(tmp_path):
    """A name with characters that mean something in a URI is just a name."""
    folder = tmp_path / "a?mode=rwc#50%25 ü"
    store = await Store.open(folder)
    await store.keep_status(b"{}")
    assert reading.read_status(folder) == b"{}"
    await store.close()


async def test_reading_writes_nothing(state, filled):
    """A reader can't change the database, not even by mistake."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading._asked(Path(state / "watchdog.db"), lambda connection: connection.execute("DELETE FROM audit"), "mode=ro")


@pytest.mark.parametrize("body", ["no JSON", "[]"])
async def test_a_broken_row_is_an_error_with_its_number(state, filled, tamper, body):
    """Rows before a row that is no row any more are read; that one is an error that names it and says what to do."""
    tamper(f"UPDATE audit SET body = '{body}' WHERE seq = 3")
    rows = reading.read_audit(state)
    assert [next(rows)["seq"], next(rows)["seq"]] == [1, 2]
    with pytest.raises(StoreError, match="audit row 3 is broken"):
        next(rows)


async def test_a_broken_incident_is_an_error(state, filled, tamper):
    """An incident that can't be read is an error of the state, not of the program."""
    tamper("INSERT INTO incidents VALUES ('1', 1, NULL, CAST('{}' AS BLOB))")
    with pytest.raises(StoreError, match="an incident in"):
        reading.read_incidents(state)
