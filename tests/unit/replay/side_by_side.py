"""
Plays each folder of its arguments in one process and in several, and says what came of both: a line of JSON for each folder.

It is run by itself, since a process that has threads, as one of the test runner, is never divided.
"""

import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from tests.unit.replay.story import TWENTY
from watchdog.model.records import AuditRow
from watchdog.replay import side_by_side
from watchdog.replay.books import Books
from watchdog.replay.checking import Check
from watchdog.replay.replaying import NoTraceError


def played(folder: Path, rows: list[AuditRow], until: int | None, processes: int) -> Any:
    """All that is told of that replay."""
    check = Check(iter(rows))
    books = Books(TWENTY, since=0, until=until, check=check)
    try:
        covered = side_by_side.play_side_by_side(folder, TWENTY, books, since=None, until=until, processes=processes)
    except NoTraceError as error:
        return str(error)
    return msgspec.to_builtins([covered, books.account(), books.incidents, check.checked(), sorted(check.uncovered_incidents)])


def main() -> None:
    """See above."""
    assert threading.active_count() == 1
    side_by_side.LEAST = 1  # type: ignore[misc]
    in_processes = side_by_side._in_processes
    for argument in sys.argv[1:]:
        folder = Path(argument)
        rows = msgspec.json.decode((folder / "rows").read_bytes(), type=list[AuditRow])
        until = msgspec.json.decode((folder / "until").read_bytes(), type=int | None)
        used: list[bool] = []

        def counted(*given: Any, used: list[bool] = used) -> Any:
            found = in_processes(*given)
            used.append(found is not None)
            return found

        side_by_side._in_processes = counted  # type: ignore[assignment]
        one, several = (played(folder, rows, until, number) for number in (1, 3))
        print(msgspec.json.encode({"one": one, "several": several, "used": any(used)}).decode())


if __name__ == "__main__":
    main()
