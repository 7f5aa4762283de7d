"""
What it costs to look back: the story of one incident, the list, and the rows of one incident, in an audit log of 300,000 rows.

Beside it stands what anybody would do without knowing how the log lies: one search through all of it.
"""

import gc
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

from tests.bench.rows import Row
from tests.unit.timeline import stories
from tests.unit.timeline.kept import keep
from watchdog.store.asked import AuditAsked
from watchdog.store.reading import read_audit
from watchdog.timeline.assembling import of
from watchdog.timeline.listing import Asked, page

ROWS: Final = 300_000
_EVERY: Final = 5_000
_APART: Final = 10_000


def main() -> list[Row]:
    """The figures."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep(Path(scratch) / "state", stories.recovered().effects)
        fill(folder)
        whole = 1000 * _seconds(lambda: _search(folder))
        looks: dict[str, Callable[[], object]] = {
            "story of one incident": lambda: of(folder, "9.1"),
            "rows of one incident": lambda: list(read_audit(folder, AuditAsked(incident="9.1"))),
            "list of incidents": lambda: page(folder),
            "list with alerts that led to none": lambda: page(folder, Asked(alerts=True)),
        }
        return [
            Row(what=what, value=1000 * _seconds(look), unit="ms", beside=whole, beside_what="one search through all rows", goal="≤ 200 ms")
            for what, look in looks.items()
        ]


def fill(folder: Path) -> None:
    """Half of all rows before it, of other rules, and as many after it."""
    connection = sqlite3.connect(folder / "watchdog.db", isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    kept = connection.execute("SELECT wall, rule, body, prev, hash FROM audit ORDER BY seq").fetchall()
    connection.execute("DELETE FROM audit")
    first = kept[0][0]
    half = ROWS // 2
    _insert(connection, (_row(1 + number, first - (half - number) * _EVERY) for number in range(half)))
    _insert(connection, ((half + number, *row) for number, row in enumerate(kept, start=1)))
    _insert(connection, (_row(half + _APART + number, first + 3_600_000 + number * _EVERY) for number in range(half)))
    connection.execute("UPDATE position SET audit_seq = ?", (half + _APART + half - 1,))
    connection.execute("COMMIT")
    connection.close()


def _row(seq: int, wall: int) -> tuple[Any, ...]:
    rule = "stuck-job" if seq % 3 == 0 else "threads-held"
    body = {
        "action": "recover_process", "at": "", "decision": "DENY", "detail": {"repeated": 12}, "entity": f"web1:{seq}:0123456789ab", "guard": "cooldown", "incident": "",
        "kind": "decision", "mode": "act", "outcome": "", "reason": "recover_process of stuck-job ended 3 m ago, which keeps others away for 15 m, and twice as long each time",
        "rule": rule, "seq": seq, "stage": "", "target": f"web1/mastodon-sidekiq-{seq % 50}.service", "would_at": None,
    }  # fmt: skip
    return seq, wall, rule, orjson.dumps(body).decode(), "0" * 64, "0" * 64


def _insert(connection: sqlite3.Connection, rows: Any) -> None:
    connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", rows)


def _search(folder: Path) -> None:
    connection = sqlite3.connect(folder / "watchdog.db")
    try:
        connection.execute("SELECT seq, body FROM audit WHERE instr(body, ?)", ('"incident":"9.1"',)).fetchall()
    finally:
        connection.close()


def _seconds(work: Callable[[], object]) -> float:
    """The better of three."""
    took = []
    for _ in range(3):
        gc.collect()
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)
