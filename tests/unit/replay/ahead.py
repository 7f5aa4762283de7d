"""
Tries rules on each folder of its arguments, in one process and with others that look ahead, and says what came of both: a line of JSON for each folder.

It is run by itself, since a process that has threads, as one of the test runner, has none look ahead. `--kill-lookouts` kills these as soon as they are begun; with `--die` it names them and is killed itself.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from tests.unit.replay.story import HOUR, TWENTY
from watchdog.replay import ahead, lookout, side_by_side
from watchdog.replay.players import Tried
from watchdog.replay.trial import Trial
from watchdog.store.trace.reading import segments

TRIED = ((HOUR,), (TWENTY,), (HOUR, TWENTY))


class Killed(ahead.Lookouts):
    """Lookouts that never come to say anything."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        for pid in pids_of(self):
            os.kill(pid, signal.SIGKILL)


def pids_of(lookouts: ahead.Lookouts) -> list[int]:
    """Of their processes."""
    return [part._at_work[0].pid or 0 for part in lookouts._parts if part._at_work is not None]


def played(folder: Path, processes: int, over: list[int]) -> tuple[Any, list[int]]:
    """All that is told of it, for each set of rules, and how often any of them passed over something; each time that is noted in `over`."""
    told, passed = [], []
    for rulesets in TRIED:
        tried = [Tried(rules, since=0, until=None) for rules in rulesets]
        covered = ahead.play_ahead(folder, [one.trial for one in tried], since=None, until=None, processes=processes)
        told.append([covered, [one.account() for one in tried]])
        passed.append(len(over))
        over.clear()
    return msgspec.to_builtins(told), passed


def main() -> None:
    """See above."""
    assert threading.active_count() == 1
    *folders, way = sys.argv[1:]
    side_by_side.LEAST = 1  # type: ignore[misc]
    lookout.LEAST = 0  # type: ignore[misc]
    ahead.WAIT = 30.0  # type: ignore[misc]
    if way == "--die":
        print(*pids_of(ahead.Lookouts(tuple(segments(Path(folders[0]))), [HOUR], None, 3)), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if way == "--kill-lookouts":
        ahead.Lookouts = Killed  # type: ignore[misc, assignment]
    really = Trial.go_over
    over: list[int] = []

    def counted(*given: Any) -> None:
        over.append(1)
        really(*given)

    Trial.go_over = counted  # type: ignore[method-assign, assignment]
    for folder in folders:
        (one, _), (several, passed) = (played(Path(folder), number, over) for number in (1, 3))
        print(msgspec.json.encode({"one": one, "several": several, "passed": passed}).decode())


if __name__ == "__main__":
    main()
