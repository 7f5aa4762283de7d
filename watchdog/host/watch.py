"""
Finds the processes that Redis speaks of among those of this host, and tells when one ends.

The counterpart of the follower of Sidekiq: that one knows what a process says of itself, this one whether it is
here and lives. A process that left Redis but lives stays known: only the kernel says that it is gone.
It must never take silence for an end, nor a pid for a process.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.clock import Clock
from watchdog.host.boot import CGROUPS, PROC, Here, here, since_boot, started_at
from watchdog.host.journal.kills import Death
from watchdog.host.last_words import Said, ending
from watchdog.host.match import mismatch
from watchdog.host.pidfd import Pidfd
from watchdog.host.proc import ProcessFacts, read_process
from watchdog.host.signals import look
from watchdog.host.starvation import Starvation
from watchdog.model.events import Body, Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.targets import Claim, ProcessRef

_LOG: Final = logging.getLogger(__name__)

NOBODY: Final[Mapping[str, ProcessRef]] = {}
MOST: Final = 4096
"""How many unmatched identities are kept in mind, of this host and of others each; beyond that the oldest are forgotten."""

_NEEDED: Final = ("pid", "tag", "booted_at")
_HELPFUL: Final = ("host", "version", *_NEEDED)
SILENT: Final = 2
"""Beats that a process must have missed to be silent."""


class _Local(msgspec.Struct, frozen=True):
    """A process that was found here, held so that its end can't be missed, what Redis says of it, and what its group counts."""

    pid: int
    start_ticks: int
    booted_at: int
    pidfd: Pidfd
    said: Said
    starvation: Starvation
    unit: str


class _Stranger(msgspec.Struct):
    """An identity of this host that has not been matched: what Redis says of it so far, and the reason last told."""

    slots: dict[str, Any]
    said: Said
    told: str = ""


class LocalProcesses:
    """
    The matching of Redis identities to local processes; belongs to one event loop.

    `host` is the name under which local processes appear in Redis; `emit` takes what was found, at once or later from the
    loop. `ask` has Redis read once more of a process that has ended, and `bury` called afterwards; without it nobody can know how it ended.
    `before` are those that a predecessor had found alive: whoever of them is dead by now, and still stands in Redis, ended while nobody looked.
    Raises `HostUnreadableError` where /proc does not tell the boot.
    """

    def __init__(
        self,
        *,
        host: str,
        clock: Clock,
        emit: Callable[[Body], None],
        ask: Callable[[str], None] | None = None,
        before: Mapping[str, ProcessRef] = NOBODY,
        proc: Path = PROC,
        cgroups: Path = CGROUPS,
    ) -> None:
        self._here: Here = here(name=host, proc=proc, cgroups=cgroups)
        self._clock = clock
        self._emit = emit
        self._ask = ask
        self._before = dict(before)
        self._dead: dict[str, Said] = {}
        self._deaths: dict[str, Death] = {}
        self._unasked: list[str] = []
        self._locals: dict[str, _Local] = {}
        self._by_pid: dict[int, str] = {}
        self._strangers: dict[str, _Stranger] = {}
        self._remote: dict[str, None] = {}

    @property
    def found(self) -> Mapping[str, int]:
        """Identity → pid of the processes that are held now."""
        return {identity: local.pid for identity, local in self._locals.items()}

    @property
    def starts(self) -> Mapping[str, tuple[int, int]]:
        """Identity → pid and start in ticks since boot of the same processes: what tells each from a later one with its pid."""
        return {identity: (local.pid, local.start_ticks) for identity, local in self._locals.items()}

    def claimed(self) -> frozenset[int]:
        """Pids that a Sidekiq process of this host has by its own words in Redis, whether it was found here or not."""
        said = (stranger.slots.get("pid") for stranger in self._strangers.values())
        return frozenset((*self._by_pid, *(pid for pid in said if pid is not None)))

    def silent(self) -> tuple[str, ...]:
        """The identities of those that have missed two beats, as far as was heard: perhaps only because nothing could be read."""
        now = self._clock.at()
        return tuple(identity for identity, local in self._locals.items() if local.said.is_silent(now, beats=SILENT))

    def lives(self, identity: str) -> bool:
        """Whether a process that was found is not dead at this moment, as its handle says, whatever /proc shows."""
        local = self._locals.get(identity)
        return local is not None and not local.pidfd.has_ended()

    def will_kill(self, identity: str) -> None:
        """The agent is about to end this process by SIGKILL: its end will be no crash."""
        if (local := self._locals.get(identity)) is not None:
            local.said.is_killed = True

    def did_not_kill(self, identity: str) -> None:
        """The signal was refused."""
        if (said := self._said_of(identity)) is not None:
            said.is_killed = False

    def death_of(self, identity: str) -> Death | None:
        """Of a process that is dead and not buried yet, where nothing has told that it was killed for want of memory."""
        return self._deaths.get(identity)

    def look_at_group(self, identity: str) -> None:
        """Remember what its control group counts, if it lives: the later that was, the surer is it known why it ended."""
        # Where the dead are shown, and if, the kernel says differently by version.
        if self.lives(identity):
            self._locals[identity].starvation.look(self._clock.at())

    def bury(self, identity: str, *, asked: bool, starved: bool = False) -> None:
        """
        Tell that a process is gone, and how it ended.

        `asked` says that Redis could be read of it after its end, `starved` that something told since that it was killed for want of memory.
        """
        self._deaths.pop(identity, None)
        if (said := self._dead.pop(identity, None)) is not None:
            if starved:
                self._tell(Delta(Kind.PROCESS, identity, {"out_of_memory": True}))
            how = ending(said, asked=asked)
            _LOG.info("%s %s", identity, how)
            self._tell(Gone(Kind.PROCESS, identity, how))

    def hear(self, observed: Observed) -> None:
        """
        Take in what was read from Redis.

        Emits `local`, `alive`, `unit`, `start_ticks` and `boot_id` of a process that was found; or `local` False and
        `mismatch`, once for each change of reason, and tries again whenever Redis tells something new of it.
        """
        if observed.source is not Source.REDIS:
            return
        for change in observed.changes:
            if change.kind is not Kind.PROCESS:
                continue
            if (said := self._said_of(change.id)) is not None:
                if isinstance(change, Delta):
                    said.take(change.fields)
                    if "confirmed_at" in change.fields:
                        self.look_at_group(change.id)
                continue
            match change:
                case Delta(id=identity, fields=fields):
                    self._heard(identity, fields)
                case Gone(id=identity):
                    self._forget(identity)
        if observed.complete:
            # Not before: what was so before everything has been read is no news to anybody.
            for identity in self._unasked:
                self._have_asked(identity)
            self._unasked.clear()

    def close(self) -> None:
        """Let go of every process; nothing is emitted any more."""
        for identity in list(self._locals):
            self._release(identity)
        self._strangers.clear()
        self._remote.clear()
        self._dead.clear()
        self._deaths.clear()

    def _said_of(self, identity: str) -> Said | None:
        local = self._locals.get(identity)
        return self._dead.get(identity) if local is None else local.said

    def _heard(self, identity: str, fields: dict[str, Any]) -> None:
        if fields.get("listed") is False:
            self._forget(identity)
            return
        if self._before and self._died_unseen(identity, fields):
            return
        stranger = self._strangers.get(identity)
        if stranger is None:
            # Host, pid and tag stand in one JSON in Redis, so nothing about where it runs can have come before.
            host = fields.get("host")
            if host is None:
                return
            if host != self._here.name:
                self._heard_remote(identity, host)
                return
            stranger = self._strangers[identity] = _Stranger({}, Said())
            _keep_within(self._strangers)
        stranger.said.take(fields)
        stranger.slots.update((slot, fields[slot]) for slot in _HELPFUL if slot in fields)
        reason = self._recognise(identity, stranger)
        if reason and reason != stranger.told:
            stranger.told = reason
            _LOG.warning("%s can't be acted on: %s", identity, reason)
            self._tell(Delta(Kind.PROCESS, identity, {"local": False, "mismatch": reason}))

    def _heard_remote(self, identity: str, host: str) -> None:
        if identity not in self._remote:
            self._remote[identity] = None
            _keep_within(self._remote)
            self._tell(Delta(Kind.PROCESS, identity, {"local": False, "mismatch": f"it runs on host {host}, not on {self._here.name}"}))

    def _recognise(self, identity: str, stranger: _Stranger) -> str:
        """Why no local process is this one; or '' when it was found and is held from now on."""
        slots = stranger.slots
        if lacking := [slot for slot in _NEEDED if slots.get(slot) is None]:
            return f"Redis does not tell its {', '.join(lacking)}"
        claim = Claim(identity, slots["host"], slots["pid"], slots["tag"], slots.get("version") or "", slots["booted_at"])
        try:
            pidfd = Pidfd.open(claim.pid)
        except OSError as error:
            return f"the kernel gives no handle on pid {claim.pid}: {error.strerror}"
        if pidfd is None:
            return f"there is no process {claim.pid} on this host: it has ended, or runs in a container"
        facts = read_process(claim.pid, self._here.proc, cgroups=self._here.cgroups)
        # Asked after reading: only then is what was read surely about the process in hand.
        if pidfd.has_ended():
            reason = f"process {claim.pid} has ended"
        elif facts is None:
            reason = f"process {claim.pid} is not shown to us in {self._here.proc}"
        else:
            reason = mismatch(claim, facts, host=self._here.name, started_at=self._start_of(facts)) or self._rival(claim)
            if not reason:
                self._adopt(claim, facts, pidfd, stranger)
                return ""
        pidfd.close()
        return reason

    def _start_of(self, facts: ProcessFacts) -> int:
        return started_at(facts.start_ticks, ticks_per_second=self._here.ticks_per_second, at=self._clock.at(), since_boot=since_boot())

    def _rival(self, claim: Claim) -> str:
        """Why another identity has the better claim to this pid, or ''. A process that executes itself anew keeps pid and start."""
        other = self._by_pid.get(claim.pid)
        if other is None:
            return ""
        if self._locals[other].pidfd.has_ended():
            self._ended(other)
        elif self._locals[other].booted_at >= claim.booted_at:
            return f"pid {claim.pid} is known as {other}, which has begun later"
        else:
            self._release(other)
            self._tell(Gone(Kind.PROCESS, other, f"began anew as {claim.identity}"))
        return ""

    def _adopt(self, claim: Claim, facts: ProcessFacts, pidfd: Pidfd, stranger: _Stranger) -> None:
        asyncio.get_running_loop().add_reader(pidfd.fileno(), self._ended, claim.identity)
        starvation = Starvation(claim.pid, proc=self._here.proc, cgroups=self._here.cgroups)
        starvation.look(self._clock.at())
        self._locals[claim.identity] = _Local(claim.pid, facts.start_ticks, claim.booted_at, pidfd, stranger.said, starvation, facts.unit)
        self._by_pid[claim.pid] = claim.identity
        self._by_pid[claim.pid] = claim.identity
        del self._strangers[claim.identity]
        self._before.pop(claim.identity, None)
        fields: dict[str, Any] = {
            "local": True,
            "alive": True,
            "unit": facts.unit,
            "start_ticks": facts.start_ticks,
            "boot_id": self._here.boot_id,
        }
        if stranger.told:
            fields["mismatch"] = None
        _LOG.info("%s is process %d of this host%s", claim.identity, claim.pid, f", unit {facts.unit}" if facts.unit else "")
        self._tell(Delta(Kind.PROCESS, claim.identity, fields))

    def _ended(self, identity: str) -> None:
        local = self._locals[identity]
        self._dead[identity] = local.said
        fields: dict[str, Any] = {"alive": False}
        if (starved := local.starvation.has_killed(self._clock.at())) is not None:
            fields["out_of_memory"] = starved
        if not starved:
            self._deaths[identity] = self._death(local.pid, local.unit, self._here.boot_id, local.start_ticks)
        self._release(identity)
        self._tell(Delta(Kind.PROCESS, identity, fields))
        self._have_asked(identity)

    def _death(self, pid: int, unit: str, boot_id: str, start_ticks: int) -> Death:
        is_of_this_boot = boot_id == self._here.boot_id
        lived = since_boot() - start_ticks * 1000 // self._here.ticks_per_second
        return Death(pid, unit, boot_id, self._clock.wall() - lived if is_of_this_boot else 0)

    def _have_asked(self, identity: str) -> None:
        if self._ask is None or self._dead[identity].settled:
            self.bury(identity, asked=False)
        else:
            self._ask(identity)

    def _died_unseen(self, identity: str, fields: dict[str, Any]) -> bool:
        """Whether it is one that was found by a predecessor, and is surely dead by now; then that is told."""
        ref = self._before.get(identity)
        if ref is None or look(ref, self._here).alive:
            return False
        del self._before[identity]
        self._strangers.pop(identity, None)
        said = self._dead[identity] = Said()
        said.take(fields)
        self._deaths[identity] = self._death(ref.pid, ref.unit, ref.boot_id, ref.start_ticks)
        _LOG.info("%s ended while nobody looked", identity)
        known = {"host": ref.host, "pid": ref.pid, "tag": ref.tag, "unit": ref.unit, "start_ticks": ref.start_ticks, "boot_id": ref.boot_id}
        self._tell(Delta(Kind.PROCESS, identity, {**known, "local": True, "alive": False}))
        self._unasked.append(identity)
        return True

    def _release(self, identity: str) -> None:
        local = self._locals.pop(identity)
        del self._by_pid[local.pid]
        asyncio.get_running_loop().remove_reader(local.pidfd.fileno())
        local.pidfd.close()

    def _forget(self, identity: str) -> None:
        self._strangers.pop(identity, None)
        self._remote.pop(identity, None)

    def _tell(self, *changes: Delta | Gone) -> None:
        self._emit(Observed(Source.HOST, changes))


def _keep_within(entries: dict[str, Any]) -> None:
    if len(entries) > MOST:
        del entries[next(iter(entries))]
