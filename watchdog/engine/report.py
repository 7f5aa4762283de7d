"""
What the end of a run says: what became of every job that its process held, and for how long nobody served in its place.

The counterpart of `accounts`, which tells the way. Names, counts and classes only; what is not known is named by class and jid, else as an upper bound, and
never left out. Whether it helped is the rule's `verify` to say (`playbooks`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from watchdog.engine.incidents import Flight, Run
from watchdog.engine.scaling.going import unit_stopped
from watchdog.engine.succession import DEAD
from watchdog.model.flight import Fate, Held, PlaceKind
from watchdog.model.targets import Signal

_PLACES = {PlaceKind.QUEUE: "put back into its queue", PlaceKind.RETRY: "put into the retry set", PlaceKind.SCHEDULE: "put into the schedule",
           PlaceKind.QUARANTINE: "put into quarantine"}  # fmt: skip
_MOST_NAMED = 5


def report(run: Run, *, at: int, served_at: int | None) -> str:
    """As a sentence without a point, at engine time `at`; empty where nothing is known. `served_at` is when its successor beat for the first time, None if none has."""
    return "; ".join(part for part in (balance(run.flight), _out_of_service(run, at=at, served_at=served_at)) if part)


def balance(flight: Flight) -> str:
    """What became of the jobs; empty where nothing is known to have been in flight."""
    held = {job.jid for job in flight.jobs}
    given = set(flight.given) - held
    in_flight = {*flight.seen, *held, *given}
    parts = [*_by_itself(len(in_flight - held - given), len(given)), *_placed(flight), *_unplaced(flight)]
    if in_flight and parts:
        parts[0] = f"{len(in_flight)} in flight: {parts[0]}"
    if flight.unnamed:
        parts.append(f"up to {flight.unnamed} that no source can name")
    return "; ".join(parts)


def _by_itself(finished: int, given: int) -> Iterator[str]:
    if finished:
        yield f"{finished} finished by themselves"
    if given:
        yield f"{given} given back by Sidekiq, or finished in its last seconds"


def _placed(flight: Flight) -> Iterator[str]:
    fates = {one.jid: one for one in flight.placed}
    for kind, place in _PLACES.items():
        done = [one for one in flight.plan or () if one.kind is kind and one.jid in fates and fates[one.jid].fate is Fate.DONE]
        if done:
            yield f"{len(done)} {place} ({_whence(source for one in done for source in one.sources[:1])})"
    if left := [one for one in flight.placed if one.fate is Fate.FOUND]:
        yield f"{len(left)} left where it was found"


def _unplaced(flight: Flight) -> Iterator[str]:
    placed = {one.jid for one in flight.placed if one.fate is not Fate.LOST}
    missing = [job for job in flight.jobs if job.jid not in placed]
    if flight.plan is not None and missing:
        yield f"{len(missing)} not put back, because it is not sure that they ran or their payload is not known: {_named(missing)}"


def _named(jobs: list[Held]) -> str:
    more = f" and {len(jobs) - _MOST_NAMED} more" if len(jobs) > _MOST_NAMED else ""
    return ", ".join(f"{job.job_class} {job.jid}" for job in jobs[:_MOST_NAMED]) + more


def _whence(sources: Iterable[str]) -> str:
    return ", ".join(f"{number} from {source.replace('_', ' ')}" for source, number in sorted(Counter(sources).items()))


def _out_of_service(run: Run, *, at: int, served_at: int | None) -> str:
    since = _left_at(run)
    if since is None or unit_stopped(run):
        return ""
    if served_at is None:
        return f"for {_seconds(at - since)} so far nobody has served in its place"
    return f"for {_seconds(served_at - since)} nobody served in its place"


def _left_at(run: Run) -> int | None:
    """From when on it did no new work: it was told to be quiet, or to end; a frozen one since its last beat. None of one that has not ended."""
    if DEAD not in run.marks:
        return None
    if run.flight.frozen and run.flight.beat_at is not None:
        return run.flight.beat_at
    told = [
        run.marks[f"{name}{maybe}"]
        for name in (Signal.TSTP, Signal.TERM, Signal.KILL)
        for maybe in ("", "?")
        if f"{name}{maybe}" in run.marks
    ]
    return min(*told, run.marks[DEAD]) if told else run.marks[DEAD]


def _seconds(milliseconds: int) -> str:
    return f"{max(0, milliseconds) / 1000:.0f} s"
