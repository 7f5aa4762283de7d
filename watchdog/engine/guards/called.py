"""What a target is called, by whoever names it in a list or in a pause."""

from collections.abc import Iterator

from watchdog.engine.guards.view import View
from watchdog.model.targets import unit_of

_ENDING = ".service"


def called(view: View) -> Iterator[str]:
    """As a target, as a process in Redis, as a unit with and without its ending, by its tag."""
    yield view.target
    yield view.process
    if unit := unit_of(view.thing):
        yield from (unit, unit.removesuffix(_ENDING), view.target.removesuffix(_ENDING))
    if view.ref is None:
        return
    yield from (view.ref.tag, view.ref.unit, view.ref.unit.removesuffix(_ENDING))
    yield view.target.removesuffix(_ENDING)
