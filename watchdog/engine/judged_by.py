"""
What a condition was judged by, as people read it: `job.elapsed = 12m`.

The counterpart of `reasons`, which takes the whole condition apart for whoever asks why. Fields know nothing of the arguments of a job, so neither does this.
"""

from collections.abc import Iterator
from typing import Any, Final

from watchdog.engine.reasons import account_of
from watchdog.engine.rules import Rule
from watchdog.engine.world import World
from watchdog.model.rows import Row

MOST: Final = 8
"""So many readings are named."""


def readings_of(rule: Rule | None, row: Row | None, at: int, world: World) -> tuple[str, ...]:
    """Those of that row at engine time `at`, each once, in the order of the condition; none of a row that is not there."""
    if rule is None or row is None:
        return ()
    return tuple(dict.fromkeys(_leaves(account_of(rule.condition.tree, row, at, world))))[:MOST]


def _leaves(account: dict[str, Any]) -> Iterator[str]:
    if not account["parts"] and account["value"] is not None:
        yield f"{account['text']} = {account['value']}"
    for part in account["parts"]:
        yield from _leaves(part)
