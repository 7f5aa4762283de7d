"""
Bringing the jobs of a dead process into their places, from the payloads that were kept.

The counterpart of `gathering`. The order counts: systemd starts the unit again within a tenth of a second, so what the newcomer finds must be right
first. Each step may be repeated after a crash: a job is put back once for the process that lost it, whoever asks how often, this agent or another.
"""

from typing import assert_never

from watchdog.errors import WatchdogError
from watchdog.model.effects import PutBack
from watchdog.model.findings import Finding
from watchdog.model.flight import Fate, Placed, PlaceKind, Placement
from watchdog.model.quarantine import CameFrom
from watchdog.model.results import PutBackDone, Refused
from watchdog.recovery.quarantine import Quarantine
from watchdog.recovery.taking import Candidate, Why
from watchdog.recovery.traces import mend, tidy, tidy_probe
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.fenced import fenced
from watchdog.sidekiq.edit.put_back import AlreadyDone, Done, Found, Place, Token, ToQueue, ToRetry, ToSchedule, put_back
from watchdog.store.store import Store


class Returner:
    """What puts back."""

    def __init__(self, *, edits: Edits, store: Store, quarantine: Quarantine) -> None:
        self._edits = edits
        self._store = store
        self._quarantine = quarantine

    async def put_back(self, command: PutBack) -> PutBackDone | Refused:
        """All placements, then the traces of the dead process; `Refused` at the first that can't be made now: those before it are not made again later."""
        try:
            await mend(self._edits)
            kept = {one.jid: one for one in await self._store.flight(command.incident)}
            placed = [await self._place(command, one, kept.get(one.jid)) for one in command.placements]
            await tidy(self._edits, command.target.identity)
            await tidy_probe(self._edits, command.target.identity, cared_for={one.jid for one in placed if one.fate is not Fate.LOST})
        except WatchdogError as error:
            return Refused(str(error))
        return PutBackDone(tuple(placed))

    async def _place(self, command: PutBack, one: Placement, kept: Finding | None) -> Placed:
        if kept is None or kept.payload is None:
            return Placed(one.jid, Fate.LOST)
        match one.kind:
            case PlaceKind.QUARANTINE:
                candidate = Candidate(
                    token=f"{self._store.name}-{command.incident}-{one.jid}",
                    payload=kept.payload,
                    came_from=CameFrom.PROCESS,
                    queue=kept.queue if kept.in_list else one.queue,
                    lost_by=command.target.identity,
                    in_list=kept.in_list,
                )
                why = Why(reason=one.why, rule=command.rule, incident=command.incident, strikes=one.strikes)
                took = await self._quarantine.take([candidate], why, fence=command.fence)
                return Placed(one.jid, Fate.DONE if took.ids else Fate.FOUND, "quarantine" if took.ids else "elsewhere")
            case PlaceKind.QUEUE:
                place: Place = ToQueue()
            case PlaceKind.RETRY:
                place = ToRetry(one.due_wall)
            case PlaceKind.SCHEDULE:
                place = ToSchedule(one.due_wall)
            case _:
                assert_never(one.kind)
        lost_by = command.target.identity
        token = Token(lost_by, one.jid, by=f"{self._store.name}-{command.incident}")
        queue = kept.queue if kept.in_list else one.queue
        outcome = await put_back(
            fenced(self._edits, command.fence),
            token=token,
            payload=kept.payload,
            queue=queue,
            place=place,
            lost_by=lost_by,
            in_list=kept.in_list,
        )
        match outcome:
            case Done() | AlreadyDone():
                return Placed(one.jid, Fate.DONE, one.kind.value)
            case Found(where):
                return Placed(one.jid, Fate.FOUND, where)
