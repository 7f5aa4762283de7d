"""
From histories that were saved a while before a crash, and the events since then, to histories as they were at the last of these events.

What nobody recorded stays uncovered: from the last event on nothing is known, and where the events have a hole, or there are too many of them
to be read at a start, nothing is known from there on. Nothing is judged here, and no rule asks anything; readings are written down as a turn
would have written them, at the time at which they came.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from watchdog.engine.graves import Graves
from watchdog.engine.remembered import BrokenHistoryError
from watchdog.engine.saved import read_saved, write_saved
from watchdog.engine.tables import fill
from watchdog.engine.watching import Subject
from watchdog.engine.world import World
from watchdog.lang.demands import Series
from watchdog.model.events import Event, Observed, RulesLoaded, SourceBack, SourceLost, Started
from watchdog.model.kinds import Source
from watchdog.model.vocabulary import BUILT, Vocabulary

MOST: Final = 20_000
"""Changes that are taken in at most: a start must not take longer than a second."""


def caught_up(data: bytes, events: Iterable[Event], series: Iterable[Series], *, most: int = MOST, vocabulary: Vocabulary = BUILT) -> bytes:
    """
    The same bytes, carried on over the events that came right after them; `series` are those that the next rules demand.

    Raises `BrokenHistoryError` for what is damaged.
    """
    saved = read_saved(data)
    if saved.rows is None:
        return data
    world = World(vocabulary)
    try:
        fill(world, saved.rows.items(), vocabulary)
        known = world.history.go_on(saved.history, series, saved.at)
    except (LookupError, TypeError, ValueError) as error:
        raise BrokenHistoryError("the saved history is damaged") from error
    world.complete, world.graves = set(saved.complete), Graves(dict.fromkeys(saved.graves))
    world.go_on(known, (), ())
    world.recount(saved.at)
    _schedule(world, world.subjects(), saved.at)
    lost, last = set(saved.lost), None
    for event in events:
        most -= len(event.body.changes) if isinstance(event.body, Observed) else 1
        if most < 0 or isinstance(event.body, Started | RulesLoaded) or (last is not None and event.at < last.at):
            # Another run, other rules, or too much: from here on nothing is known.
            break
        _take(world, event, lost)
        last = event
    if last is None:
        return data
    at = max(last.at, saved.at)
    history = world.history.encode(at, wall=last.wall, boot_id=saved.boot_id)
    return write_saved(msgspec.structs.replace(saved, seq=last.seq, at=at, history=history, rows=None))


def _take(world: World, event: Event, lost: set[Source]) -> None:
    at = event.at
    match event.body:
        case Observed() as observed:
            touched, _ = world.take(observed, at)
            _schedule(world, touched, at)
        case SourceLost(source=source):
            lost.add(source)
            world.history.lost(source, at)
        case SourceBack(source=source) if source in lost:
            lost.remove(source)
            world.history.back(source, at)
            world.recount(at)
            _schedule(world, world.subjects(), at)
        case _:
            pass
    _schedule(world, world.due(at), at)


def _schedule(world: World, subjects: Iterable[Subject], at: int) -> None:
    for kind, entity in subjects:
        if kind in world.demanding and (row := world.find(kind, entity)) is not None:
            world.schedule(row, engine=None, beat=None, now=at)
