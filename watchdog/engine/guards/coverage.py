"""
Would enough threads be left for every queue of the target?

Counted are working threads over all hosts: those of processes that beat and are not quiet, less the
threads that are held (see `engine/holding.py`).
"""

from collections.abc import Iterable
from typing import Any, Final

from watchdog.engine.guards.view import ENDS_NOTHING, View, asks, denies, does_not_apply, passes
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.verdicts import Verdict

SILENT: Final = 60_000
"""A process that has not beaten for so many milliseconds does no work that could be relied upon (its key in Redis has expired)."""


def coverage(view: View) -> Verdict:
    """Denies if a queue of the target would keep less than `keep` of its working threads elsewhere; see `alone` for its only process."""
    if why := ENDS_NOTHING.get(view.about):
        return does_not_apply("coverage", why)
    keep = float(view.settings["keep"])
    target: Any = view.world.find(Kind.PROCESS, view.process)
    if keep == 0 or target is None:
        return passes("coverage")
    if target.queues is MISSING or target.threads is MISSING:
        return denies("coverage", "its queues and threads are not known")
    held_in = view.held
    # Of one that is proven to be frozen no thread works, although nobody can see which jobs hold them.
    held = held_in.get(view.process, 0) if view.interrupts else target.threads
    others = [row for row in view.world.rows[Kind.PROCESS].values() if row.id != view.process and _works(row, view.at)]
    for queue in target.queues:
        listeners = [row for row in others if queue in row.queues]  # type: ignore[attr-defined]  # slots come from the field table
        if not listeners:
            verdict = _alone(view, queue, held=held, threads=target.threads)
        else:
            own = max(0, target.threads - held) if _works(target, view.at) else 0
            verdict = _shared(queue, keep=keep, own=own, elsewhere=_working(listeners, held_in))
        if verdict is not None:
            return verdict
    return passes("coverage")


def _alone(view: View, queue: str, *, held: int, threads: int) -> Verdict | None:
    match view.settings["alone"]:
        case "allow":
            return None
        case "ask":
            return asks("coverage", f"it is the only process of queue {queue}")
    if held * 2 >= threads:
        return None
    return denies(
        "coverage", f"it is the only process of queue {queue}, and only {held} of its {threads} threads {'is' if held == 1 else 'are'} held"
    )


def _shared(queue: str, *, keep: float, own: int, elsewhere: int) -> Verdict | None:
    if elsewhere >= keep * (own + elsewhere):
        return None
    return denies("coverage", f"queue {queue} would keep {elsewhere} of {own + elsewhere} working threads, less than {keep:.0%}")


def _works(row: Any, at: int) -> bool:
    if row.queues is MISSING or row.threads is MISSING or row.confirmed_at is MISSING:
        return False
    dead = row.alive is not MISSING and not row.alive
    unlisted = row.listed is not MISSING and not row.listed
    quiet = row.quiet is MISSING or row.quiet
    return not (dead or unlisted or quiet) and at - row.confirmed_at < SILENT


def _working(rows: Iterable[Any], held_in: dict[str, int]) -> int:
    return sum(max(0, row.threads - held_in.get(row.id, 0)) for row in rows)
