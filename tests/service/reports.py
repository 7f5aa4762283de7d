"""What must be the same in the reports of all real recoveries of one kind: without times, numbers of processes and ids, and without what depends on how busy the machine is."""

import re
from typing import Final

_CHOSEN: Final = re.compile(
    r"^\| [^|]* \| (?:rule|account|step|jobs) \| (?:.* fires: |incident .* is opened|SIG\w+ sent|is about to bring |put back: |ended: )"
)
_VARIES: Final = (
    (re.compile(r"[0-9a-f]{24}"), "JID"),
    (re.compile(r"incident [0-9]+\.[0-9]+"), "incident ID"),
    (re.compile(r"\b[0-9]+(?:\.[0-9]+)? ?(?:ms|s|m)\b"), "TIME"),
    (re.compile(r"[\w.-]+/[\w.-]*\\\[push\\\]"), "TARGET"),
    (re.compile(r"; for TIME (?:so far )?nobody (?:has )?served in its place"), ""),
)


def spine(report: str) -> str:
    """The rows of its table that every recovery has, each without its time; jobs that are put back in the order of their names."""
    rows = [line.partition(" | ")[2].removesuffix(" |") for line in report.splitlines() if _CHOSEN.match(line)]
    for pattern, word in _VARIES:
        rows = [pattern.sub(word, row) for row in rows]
    first = next((place for place, row in enumerate(rows) if "is about to bring" in row), len(rows))
    brought = sorted(row for row in rows if "is about to bring" in row)
    return "\n".join([*rows[:first], *brought, *(row for row in rows[first:] if row not in brought)]) + "\n"
