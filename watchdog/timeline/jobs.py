"""
What became of the jobs, as numbers: read out of the sentences that the agent has written at the end of each step.

The counterpart of `engine/report.py`, which writes them; a test reads every form of them back.
"""

import re
from collections.abc import Iterable
from typing import Final

from watchdog.lang.harmless import harmless
from watchdog.timeline.said import WIDTH
from watchdog.timeline.timeline import Jobs

_NUMBERS: Final = {
    "in_flight": re.compile(r"(?:^|; )(\d+) in flight: "),
    "finished": re.compile(r"(\d+) finished by themselves"),
    "given_back": re.compile(r"(\d+) given back by Sidekiq"),
    "put_back": re.compile(r"(\d+) put (?:back into its queue|into the retry set|into the schedule)"),
    "quarantined": re.compile(r"(\d+) (?:put into quarantine|taken into quarantine)"),
    "left": re.compile(r"(\d+) left where it was found"),
    "lost": re.compile(r"(\d+) not put back, because it is not sure"),
    "unnamed": re.compile(r"up to (\d+) that no source can name"),
}
_RELEASED: Final = re.compile(r"^(\d+) put back(?:;|$)")
_NAMES: Final = " payload is not known: "
"""What follows are names of classes, which can be called anything."""
_SINCE: Final = re.compile(r"^\+[\d.]+ s: ")


def jobs_of(account: Iterable[str]) -> Jobs | None:
    """From the lines of an incident's account; None where none of them says anything of jobs."""
    numbers: dict[str, int] = {}
    said = []
    for line in account:
        text = _SINCE.sub("", line)
        before, _, names = text.partition(_NAMES)
        found = {name: sum(map(int, pattern.findall(before))) for name, pattern in _NUMBERS.items() if pattern.search(before)}
        if more := _NUMBERS["unnamed"].findall(names):
            found["unnamed"] = int(more[-1])
        if released := _RELEASED.match(text):
            found["put_back"] = found.get("put_back", 0) + int(released[1])
        if not found:
            continue
        said.append(harmless(text, WIDTH))
        for name, number in found.items():
            numbers[name] = numbers.get(name, 0) + number
    return Jobs(**numbers, said=tuple(said)) if said else None
