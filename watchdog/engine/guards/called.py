"""What a target is called, by whoever names it in a list or in a pause."""

from collections.abc import Iterator

from watchdog.engine.guards.view import View
from watchdog.model.targets import ChildRef, unit_of

_ENDING = ".service"


def called(view: View) -> Iterator[str]:
    """As a target, as a process in Redis, as a unit with and without its ending, by its tag."""
    yield view.target
    yield view.process
    if unit := unit_of(view.thing):
        yield from (unit, unit.removesuffix(_ENDING), view.target.removesuffix(_ENDING))
    # What stands for a process stands for its children.
    ref = view.thing.process if isinstance(view.thing, ChildRef) else view.ref
    if ref is None:
        return
    yield from (ref.name, ref.identity, ref.tag, ref.unit, ref.unit.removesuffix(_ENDING))
    yield ref.name.removesuffix(_ENDING)
