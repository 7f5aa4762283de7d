"""
The part of this agent in the fleet: it takes the common lock, renews and gives it back, and, where it may act, says to the others that it is there, and leads if nobody else does.

The counterpart of `engine/locking.py`, which decides when. Its connection is its own, so that no job of megabytes stands between the lock and its renewal.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.engine.fleet import Lead, Lock
from watchdog.model.effects import GiveFleetLockBack, TakeFleetLock
from watchdog.model.events import Body, FleetLead, FleetLockLost
from watchdog.model.results import (
    FleetBudgetSpent,
    FleetLockAnswer,
    FleetLockHeld,
    FleetLockRefused,
    FleetLockTaken,
    Refused,
    Result,
)
from watchdog.model.verdicts import Mode
from watchdog.sidekiq.edit.agents import Present, Seen, announce, see
from watchdog.sidekiq.edit.edits import Edits
from watchdog.sidekiq.edit.failures import EditError
from watchdog.sidekiq.edit.fleet_lock import About, Held, Spent, Taken, give_back, renew, take
from watchdog.sidekiq.edit.lead import Leader, seek
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.follow import Follower

LOG: Final = logging.getLogger("watchdog")
EVERY: Final = 10.0
"""Seconds between two renewals: five can fail before the lock is lost."""
SOON: Final = 0.5
"""The same while it is not known who leads."""
ANNOUNCED: Final = (Mode.ASK, Mode.ACT)
"""Whoever only watches writes nothing into Redis."""
REFUSED_AGAIN: Final = 600_000
"""Milliseconds after which it is tried again to say that this agent is there, once it was told that it may not."""
PROMPT: Final = 10_000
"""Milliseconds within which a renewal must be answered to be worth anything: whoever was held up for longer asks again."""
LOST: Final = "the lock of the fleet was lost: it was not renewed in time, or Redis has forgotten it"


class FleetKeeper:
    """
    What holds the lock for the engine. `token` names this memory on this boot; `held` gives what the engine believes to hold, `lead` who it believes to lead; `mode` the mode in force, `can_lead` whether this agent would do what concerns the whole.

    `emit` is called from the event loop, and is told what was read under a lock before the lock is answered for.
    """

    def __init__(
        self,
        *,
        edits: Edits,
        follower: Follower,
        clock: Clock,
        emit: Callable[[Body], None],
        held: Callable[[], Lock | None],
        lead: Callable[[], Lead | None],
        mode: Callable[[], Mode],
        can_lead: Callable[[], bool],
        token: str,
        me: Present,
    ) -> None:
        self._edits = edits
        self._follower = follower
        self._clock = clock
        self._emit = emit
        self._held = held
        self._lead = lead
        self._mode = mode
        self._can_lead = can_lead
        self._token = token
        self._me = me
        self._said = ""
        self._announce_at = 0
        self.seen = Seen()

    async def lock(self, command: TakeFleetLock | GiveFleetLockBack) -> Result:
        """Takes it, or gives it back."""
        match command:
            case TakeFleetLock():
                return await self._take(command)
            case GiveFleetLockBack(fence=fence, used=used):
                return await self._give_back(fence, used=used)

    async def holds(self, fence: str) -> str:
        """
        Why what is bound to that fence must not be done now, or ''.

        It is renewed to find out, so that whatever is done at once is seen by whoever takes it next. If it is lost the engine is told before.
        """
        while True:
            asked = self._now()
            try:
                if not await renew(self._edits, fence):
                    self._emit(FleetLockLost(fence, LOST))
                    return LOST
            except EditError as error:
                return f"the lock of the fleet can't be renewed: {error}"
            if self._now() - asked < PROMPT:
                return ""

    async def run(self) -> None:
        """Renews what is held, and says who is there, for ever."""
        while True:
            if (lock := self._held()) is not None and lock.fence and (why := await self.holds(lock.fence)):
                LOG.warning("%s", why)
            await self._look_round()
            await asyncio.sleep(SOON if self._lead() is None else EVERY)

    def close(self) -> None:
        """End the connection. A lock that is held lives on until it is given back or runs out."""
        self._edits.close()

    def picture(self, hosts: Collection[str]) -> dict[str, Any]:
        """For `status`: the agents that may act, those of the other hosts on which processes beat that have none, and who acts."""
        there = {one.host for one in self.seen.agents}
        lock = self.seen.lock
        return {
            "agents": [msgspec.to_builtins(one) for one in self.seen.agents],
            "without": sorted(set(hosts) - there - {self._me.host}),
            "leads": "" if self.seen.lead is None else self.seen.lead.host,
            "acts": None if lock is None else {"host": lock.host, "action": lock.action, "target": lock.target, "since": lock.since},
        }

    async def _take(self, command: TakeFleetLock) -> FleetLockAnswer:
        about = About(token=self._token, subject=command.subject, host=self._me.host, action=command.action, target=command.target)
        try:
            outcome = await take(self._edits, about, limit=command.limit, window=command.window, again=command.again)
            return await self._answer(outcome, again=command.again)
        except EditError as error:
            return FleetLockRefused(str(error))

    async def _answer(self, outcome: Taken | Held | Spent, *, again: bool) -> FleetLockAnswer:
        match outcome:
            case Taken():
                return await self._read_under(outcome, again=again)
            case Held(by=by):
                # What stands there and can't be read is held by nobody we know, and runs out.
                by = by or About(token="", subject="", host="another host", action="an unknown one", target="an unknown target")
                return FleetLockHeld(by.host, by.action, by.target, by.since)
            case Spent(until_in):
                return FleetBudgetSpent(until_in)

    async def _read_under(self, taken: Taken, *, again: bool) -> FleetLockAnswer:
        try:
            await self._follower.reread_all()
        except SourceUnavailableError as failure:
            await give_back(self._edits, taken.fence, used=again)
            return FleetLockRefused(f"what the others do can't be read: {failure}")
        return FleetLockTaken(taken.fence, taken.number)

    async def _give_back(self, fence: str, *, used: bool) -> Result:
        try:
            await give_back(self._edits, fence, used=used)
        except EditError as error:
            LOG.warning("the lock of the fleet could not be given back, and runs out within a minute: %s", error)
        return Refused("nobody waits for it")

    async def _look_round(self) -> None:
        try:
            self.seen = await see(self._follower.ask, self._follower.keys, where=self._follower.where)
        except SourceUnavailableError as failure:
            # That Redis can't be read is said by who follows it.
            LOG.debug("who is there can't be read: %s", failure)
            return
        await self._come_forward()
        self._say_who_leads(self.seen.lead)

    async def _come_forward(self) -> None:
        """Says that it is there, and leads if it has something to lead and nobody else does; where it can't, it goes by what was read."""
        mode = self._mode()
        if mode not in ANNOUNCED or self._clock.at() < self._announce_at:
            return
        try:
            await announce(self._edits, msgspec.structs.replace(self._me, mode=mode), gone=self.seen.gone)
            if self._can_lead():
                lead = await seek(self._edits, Leader(self._token, self._me.host))
                self.seen = msgspec.structs.replace(self.seen, lead=lead)
            self._said = ""
        except EditError as error:
            if error.code == "noperm":
                # It may stay so for ever: no connection is kept for it.
                self._announce_at = self._clock.at() + REFUSED_AGAIN
                self._edits.close()
            if self._said != error.code:
                self._said = error.code
                LOG.info("this agent can't tell the agents of other hosts that it is there, and works without: %s", error)

    def _say_who_leads(self, leader: Leader | None) -> None:
        lead = Lead("") if leader is None else Lead(leader.host, mine=leader.token == self._token)
        if lead != self._lead():
            self._emit(FleetLead(lead.host, mine=lead.mine))

    def _now(self) -> int:
        # Time in which the machine slept counts: the lock runs out meanwhile.
        return self._clock.at() + self._clock.asleep()
