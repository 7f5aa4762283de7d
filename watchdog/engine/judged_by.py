"""
What a condition was judged by, as people read it: `job.elapsed = 12m`.

The counterpart of `reasons`, which takes the whole condition apart for whoever asks why; this here is paid for each alert of a storm. Fields know nothing of the arguments of a job, so neither does this.
"""

from functools import lru_cache
from typing import Final

from watchdog.engine.rules import Rule
from watchdog.engine.world import World
from watchdog.lang.checked import Checked, Constant, parts
from watchdog.lang.condition import Condition
from watchdog.lang.display import display
from watchdog.lang.evaluate import evaluate
from watchdog.lang.printer import show
from watchdog.model.rows import Row

MOST: Final = 8
"""So many readings are named."""


def readings_of(rule: Rule | None, row: Row | None, at: int, world: World) -> tuple[str, ...]:
    """Those of that row at engine time `at`, each once, in the order of the condition; none of a row that is not there."""
    if rule is None or row is None:
        return ()
    return tuple(f"{text} = {display(evaluate(node, row, at, world), node.type)}" for text, node in _leaves(rule.condition))


@lru_cache(maxsize=1_000)
def _leaves(condition: Condition) -> tuple[tuple[str, Checked], ...]:
    """The parts of it that are read and not put together from others, under their text."""
    found: dict[str, Checked] = {}
    open_ = [condition.tree]
    while open_:
        node = open_.pop()
        inner = [part for part in parts(node) if not isinstance(part, Constant)]
        if not inner:
            found.setdefault(show(node.syntax), node)
        open_.extend(reversed(inner))
    return tuple(found.items())[:MOST]
