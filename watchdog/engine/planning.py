"""What a step would do and when, by the arguments alone; of a step that moves jobs `edits.would` tells it, who knows how many there are."""

from watchdog.engine.methods import METHODS
from watchdog.engine.procedures import PROCEDURES
from watchdog.engine.rules import Step


def plan_of_step(step: Step) -> tuple[tuple[str, int, str], ...]:
    """Each stage, in how many milliseconds, and on what condition."""
    method = METHODS.get(step.action)
    return PROCEDURES[step.action].plan(step.arguments) if method is None else method.plan(step.arguments)
