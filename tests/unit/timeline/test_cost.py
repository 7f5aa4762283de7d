"""What it costs to tell a story does not grow with the log: counted in steps of SQLite's machine, which no load of this one changes."""

import shutil
import sqlite3
from pathlib import Path

from tests.unit.timeline.kept import change
from watchdog.store import audit
from watchdog.store.asked import AuditAsked
from watchdog.timeline import finding

WIDE = 1_000_000
"""Rows are moved so far apart that a log of another agent fits between."""


def grow(folder: Path, rows: int) -> None:
    """So many rows of other rules, half of them before those of the story and half after them, by a clock that goes on."""
    change(
        folder,
        f"UPDATE audit SET seq = seq + {WIDE}",
        f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows // 2})
        INSERT INTO audit SELECT {WIDE} - i, (SELECT min(wall) FROM audit) - i * 1000, 'other', '{{"kind":"decision","rule":"other","entity":"x"}}', '', '' FROM n""",
        f"""WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows // 2})
        INSERT INTO audit SELECT {WIDE} + 1000 + i, (SELECT max(wall) FROM audit WHERE rule != 'other') + i * 1000, 'other', '{{"kind":"decision","rule":"other","entity":"x"}}', '', '' FROM n""",
    )


class Counted:
    """A connection and how much SQLite had to do for what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "watchdog.db")
        self.steps = 0
        self.connection.set_progress_handler(self._step, 50)

    def _step(self) -> int:
        self.steps += 1
        return 0


def steps(folder: Path, rows: int) -> int:
    """How much it takes to find all of the story with so many other rows around it."""
    grow(folder, rows)
    counted = Counted(folder)
    found = finding._find(counted.connection, "9.1")
    counted.connection.close()
    assert found.fired is not None
    assert len([one for one in found.rows if one.incident == "9.1"]) >= 10
    return counted.steps


def test_ten_times_the_log_costs_the_same(made, tmp_path):
    """The rows are found by halving, and only a stretch around them is read."""
    few, many = (Path(shutil.copytree(made("recovered"), tmp_path / str(rows))) for rows in (20_000, 200_000))
    assert steps(many, 200_000) < 1.5 * steps(few, 20_000)


def test_a_stretch_of_the_log_is_read_and_no_more(copied):
    """Whoever knows between which numbers he looks pays for those, from either end."""
    folder = copied("recovered")
    grow(folder, 20_000)
    counted = Counted(folder)
    asked = AuditAsked(kind="none", first=WIDE + 1_000, last=WIDE + 1_100)
    assert audit.page(counted.connection, asked, after=0, size=9) == []
    assert audit.page_before(counted.connection, asked, before=audit.BEYOND, size=9) == []
    counted.connection.close()
    assert counted.steps < 100
