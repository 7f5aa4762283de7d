"""What somebody types, for the reference: each line is run by a test, and ends with 0 where an agent has left something to be shown."""

from typing import Final

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "audit": (
        "audit --since 2h",
        "audit --kind decision --decision deny --guard cooldown",
        "audit --incident 9.1 --json",
        "audit --after 0 --limit 500 --json",
        "audit --would --rule stuck-job --since 7d",
        "audit --verify",
    ),
    "changes": (
        "changes --since 2h --until 1h --kind job",
        "changes --since 2h --entity push --limit 20 --json",
    ),
    "incidents": (
        "incidents --open",
        "incidents --since 7d --outcome verified --rule stuck-job --json",
        "incidents --alerts --limit 10",
        "incidents show 9.1",
        "incidents show 9.1 --markdown",
    ),
    "status": (
        "status",
        "status queues alerts",
        "status processes --json",
    ),
}
"""Command → lines, without the name of the program."""
