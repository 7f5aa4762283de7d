"""The hash chain by itself: what it notices, and that anybody can check it."""

import hashlib
import json

import msgspec
import pytest

from watchdog.model.records import AuditRow
from watchdog.store.chain import GENESIS, BrokenRow, Link, Verified, check, digest, head, link


def chain(length: int) -> list[Link]:
    """Rows 1 to `length`, a second apart."""
    rows: list[Link] = []
    for seq in range(1, length + 1):
        row = AuditRow(
            "decision", 1000 * seq, rule="stuck-job", target=f"host/{seq}", reason="zu spät", detail={"pid": seq, "frozen": False}
        )
        rows.append(link(seq, row, prev=rows[-1].hash if rows else GENESIS))
    return rows


def verdict(rows: list[Link], written: list[Link]) -> Verified | BrokenRow:
    """What the check says of `rows` where `written` is what had been written."""
    return check(rows, last_seq=written[-1].seq, last_hash=written[-1].hash)


def forged(row: Link, **changes: object) -> Link:
    """A row with other content and a hash that fits it."""
    new = msgspec.structs.replace(row, **changes)
    return msgspec.structs.replace(new, hash=digest(new.prev, new.body))


TAMPERING = {
    "an altered field": (
        lambda rows: [rows[0], msgspec.structs.replace(rows[1], body=rows[1].body.replace("host/2", "host/9")), *rows[2:]],
        2,
    ),
    "an altered field with a new hash": (
        lambda rows: [rows[0], forged(rows[1], body=rows[1].body.replace("host/2", "host/9")), *rows[2:]],
        3,
    ),
    "the number of another row": (lambda rows: [rows[0], forged(rows[1], body=rows[1].body.replace('"seq":2', '"seq":9')), *rows[2:]], 2),
    "a forged hash": (lambda rows: [*rows[:2], msgspec.structs.replace(rows[2], hash="f" * 64), *rows[3:]], 3),
    "a forged previous hash": (lambda rows: [*rows[:2], msgspec.structs.replace(rows[2], prev="f" * 64), *rows[3:]], 3),
    "a forged previous hash with a new hash": (lambda rows: [*rows[:2], forged(rows[2], prev="f" * 64), *rows[3:]], 3),
    "an altered time to search by": (lambda rows: [msgspec.structs.replace(rows[0], wall=5), *rows[1:]], 1),
    "a time that no calendar has": (lambda rows: [msgspec.structs.replace(rows[0], wall=2**62), *rows[1:]], 1),
    "an altered rule to search by": (lambda rows: [msgspec.structs.replace(rows[0], rule="other"), *rows[1:]], 1),
    "a text that is not JSON": (lambda rows: [*rows[:3], forged(rows[3], body="{"), *rows[4:]], 4),
    "a text that is not an object": (lambda rows: [*rows[:3], forged(rows[3], body="[]"), *rows[4:]], 4),
    "the first row removed": (lambda rows: rows[1:], 1),
    "a row removed in the middle": (lambda rows: [*rows[:2], *rows[3:]], 3),
    "several rows removed in the middle": (lambda rows: [rows[0], *rows[4:]], 2),
    "two rows exchanged": (
        lambda rows: [rows[0], msgspec.structs.replace(rows[2], seq=2), msgspec.structs.replace(rows[1], seq=3), *rows[3:]],
        2,
    ),
    "a row put in": (lambda rows: [*rows, link(6, AuditRow("alert", 9), prev=rows[-1].hash)], 6),
    "the end removed": (lambda rows: rows[:3], 4),
    "everything removed": (lambda rows: [], 1),
    "a head in the middle": (lambda rows: [*rows[:2], link(3, AuditRow("head", 3000), prev=rows[1].hash), *rows[3:]], 3),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_found_at_the_first_broken_row(name):
    """Whatever is done to single rows, the check names the first row that is not as it was written, and says what is wrong with it."""
    rows = chain(5)
    change, first = TAMPERING[name]
    found = verdict(change(rows), rows)
    assert isinstance(found, BrokenRow), found
    assert found.seq == first
    assert found.what


def test_an_untouched_chain_is_whole():
    """A chain as it was written is whole, and so is one that has not begun."""
    assert verdict(chain(5), chain(5)) == Verified(5)
    assert check([], last_seq=0, last_hash=GENESIS) == Verified(0)


def test_a_pruned_chain_is_whole():
    """A head stands for the rows before it, for one pruning and for several, and even for all rows."""
    rows = chain(5)
    first = head(rows[1], wall=3000, removed=2)
    assert verdict([first, *rows[2:]], rows) == Verified(4)
    second = head(rows[3], wall=5000, removed=4)
    assert verdict([second, rows[4]], rows) == Verified(2)
    assert verdict([head(rows[4], wall=9000, removed=5)], rows) == Verified(1)


def test_a_head_is_protected_like_any_row():
    """A head that was altered, and one that does not fit what follows, are found."""
    rows = chain(5)
    good = head(rows[1], wall=3000, removed=2)
    altered = msgspec.structs.replace(good, body=good.body.replace("2 rows", "1 rows"))
    assert verdict([altered, *rows[2:]], rows) == BrokenRow(2, "its content does not match its hash")
    assert verdict([good, *rows[3:]], rows) == BrokenRow(3, "row 3 is missing")
    assert verdict([head(rows[0], wall=3000, removed=1), *rows[2:]], rows) == BrokenRow(2, "row 2 is missing")


def test_a_gap_is_named_whole():
    """Rows that are missing are named from the first to the last."""
    rows = chain(5)
    assert verdict([rows[0], rows[4]], rows) == BrokenRow(2, "rows 2 to 4 are missing")
    assert verdict(rows[:3], rows) == BrokenRow(4, "rows 4 to 5 are missing at the end")


def test_anybody_can_do_the_sum_again():
    """The hash of a row as it is shown follows from what is shown, with nothing but the standard library."""
    for row in chain(3):
        shown = row.public()
        prev, told = shown.pop("prev"), shown.pop("hash")
        text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256((prev + text).encode()).hexdigest() == told


def test_a_row_is_shown_in_full():
    """Every field is shown, times as RFC 3339 in UTC with milliseconds, and absent ones as empty or null."""
    shown = link(7, AuditRow("would", 1_700_000_000_123, stage="KILL", would_at=1_700_000_010_000), prev=GENESIS).public()
    assert list(shown)[:4] == ["seq", "at", "kind", "rule"]
    assert shown.pop("hash")
    assert shown == {
        "seq": 7, "at": "2023-11-14T22:13:20.123Z", "kind": "would", "rule": "", "entity": "", "target": "", "mode": "", "decision": "", "guard": "",
        "reason": "", "action": "", "stage": "KILL", "outcome": "", "incident": "", "would_at": "2023-11-14T22:13:30.000Z", "detail": {}, "prev": GENESIS,
    }  # fmt: skip


def test_a_name_that_is_no_text_can_be_written():
    """Bytes that are not UTF-8 in a name (lone surrogates here) are spelled out; they never keep a row from being written."""
    row = link(1, AuditRow("alert", 1, target="caf\udce9", detail={"unit\udcff": "x\udc80"}), prev=GENESIS)
    assert row.public()["target"] == "caf\\udce9"
    assert row.public()["detail"] == {"unit\\udcff": "x\\udc80"}
    assert check([row], last_seq=1, last_hash=row.hash) == Verified(1)
