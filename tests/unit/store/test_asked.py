"""Rows of the audit log by what they say: none that fits is missed, and none that does not is shown."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.records import AuditRow
from watchdog.store import reading
from watchdog.store.asked import AuditAsked
from watchdog.store.chain import GENESIS, link
from watchdog.store.store import Commit, Store

ROWS = tuple(
    AuditRow(
        "alert" if number % 2 else "decision",
        1_000 * number,
        rule=f"r{number % 3}",
        entity=f"e{number}",
        target="" if number % 4 else "t",
        incident="7.1" if number > 900 else "",
    )
    for number in range(1, 1_202)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With more rows than are read at a time."""
    state = tmp_path_factory.mktemp("asked") / "state"

    async def agent():
        store = await Store.open(state)
        await store.commit(Commit(1, audit=ROWS))
        await store.close()

    asyncio.run(agent())
    return state


def seqs(rows):
    """Their numbers."""
    return [row["seq"] for row in rows]


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (AuditAsked(), lambda row, seq: True),
        (AuditAsked(kind="alert"), lambda row, seq: row.kind == "alert"),
        (AuditAsked(rule="r1", kind="decision"), lambda row, seq: row.rule == "r1" and row.kind == "decision"),
        (AuditAsked(target="t"), lambda row, seq: row.target == "t"),
        (AuditAsked(target="e5"), lambda row, seq: row.entity == "e5"),
        (AuditAsked(incident="7.1"), lambda row, seq: seq > 900),
        (AuditAsked(incident="no such"), lambda row, seq: False),
        (AuditAsked(since=300_000, until=600_000), lambda row, seq: 300 <= seq < 600),
        (AuditAsked(first=20, last=30), lambda row, seq: 20 <= seq <= 30),
        (AuditAsked(first=20, last=30, kind="alert"), lambda row, seq: 20 <= seq <= 30 and seq % 2),
    ],
)
def test_both_ways_through_the_log_find_the_same(folder, asked, fits):
    """From the old end, from the new one, the newest so many, and those behind a row."""
    expected = [seq for seq, row in enumerate(ROWS, start=1) if fits(row, seq)]
    assert seqs(reading.read_audit(folder, asked)) == expected
    assert seqs(reading.read_audit(folder, asked, limit=7)) == expected[-7:]
    assert seqs(reading.read_audit(folder, asked, after=700)) == [seq for seq in expected if seq > 700]
    assert seqs(reading.read_audit_before(folder, asked, before=0, limit=2_000)) == expected[::-1]
    assert seqs(reading.read_audit_before(folder, asked, before=700, limit=3)) == [seq for seq in expected if seq < 700][::-1][:3]


TEXT = st.text(st.characters(), max_size=12)


@given(target=TEXT, entity=TEXT, guard=TEXT, asked=st.sampled_from(["target", "entity", "guard"]))
def test_a_row_fits_what_it_says_whatever_that_is(target, entity, guard, asked):
    """Quotes, control characters, halves of surrogates: what SQLite looks for stands in the text of the row."""
    row = AuditRow("decision", 1, target=target, entity=entity, guard=guard)
    made = link(1, row, prev=GENESIS)
    wanted = AuditAsked(**{asked: getattr(row, asked)})
    assert wanted.fits(made)
    condition, values = wanted.where
    assert condition.count("?") == len(values)
    assert all(str(value) in made.body for value in values)
    assert not AuditAsked(guard=f"{guard}x").fits(made)
