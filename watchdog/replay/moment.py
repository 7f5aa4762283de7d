"""The state of the engine at one moment of the past, and the rules by which it was judged: from the nearest checkpoint before it, and the events up to it."""

from pathlib import Path
from typing import Final

import msgspec

from watchdog.engine.rules import RuleSet
from watchdog.engine.state import State
from watchdog.replay.exact import Exact
from watchdog.replay.replaying import NoTraceError
from watchdog.replay.trace import Opened, played
from watchdog.replay.trial import Trial
from watchdog.store.moments import rfc3339
from watchdog.store.trace.reading import Record

MOST_SILENT: Final = 60_000
"""Milliseconds after the last event for which it is believed that nothing happened; an agent that runs makes a turn each few seconds."""


class Moment(msgspec.Struct, frozen=True):
    """
    `state` under `rules` at engine time `at`, which is UTC `wall`; `why(rules, state, …, at)` can be asked of it.

    Where not `exact`, other rules decided then: alerts, cooldowns and histories are those that these would have had, in dry-run, since the file began in which the moment lies.
    """

    state: State
    rules: RuleSet
    at: int
    wall: int
    exact: bool


def at(folder: Path, wall: int, rules: RuleSet) -> Moment:
    """
    The state at UTC `wall` of the trace in this folder, under these rules: exactly that of the agent where they were in force.

    Takes up to a second for an hour of the trace. Raises `NoTraceError` where nothing was recorded then, and `StoreError`.
    """
    for player, exact in ((Exact((rules,), _nobody), True), (Trial(rules, _nobody), False)):
        found = _played(folder, wall, player)
        if found is not None:
            state, in_force, moment = found
            return Moment(state, in_force, moment, wall, exact)
    raise NoTraceError(f"nothing was recorded in {folder} at {rfc3339(wall)}")


def _played(folder: Path, wall: int, player: Exact | Trial) -> tuple[State, RuleSet, int] | None:
    now = 0
    last: tuple[int, int] | None = None
    for part in played(folder, since=wall, until=wall):
        if isinstance(part, Record):
            if player.state is not None:
                player.take(part)
                last = part.event.at, part.event.wall
        elif isinstance(part, Opened):
            if player.open(part):
                player.stop()
            elif not part.follows:
                last = part.header.at, part.header.wall
        else:
            player.stop()
    if player.state is None or last is None or not 0 <= wall - last[1] <= MOST_SILENT:
        return None
    now = last[0] + wall - last[1]
    if isinstance(player, Trial):
        player.pass_time(now)
    return player.state, player.rules, max(now, player.state.ledger.at)


def _nobody(_event: object, _effects: object) -> None:
    pass
