"""
Looking at, signalling and waiting for one process that was named beforehand.

The counterpart of `watch.py`, which finds processes: this one is handed a `ProcessRef`, perhaps written down by an agent
that is dead by now, and must never take another process for it. So the handle is opened first, and only
then is it asked whom we hold. Nothing is remembered from one call to the next.
"""

import os

import msgspec

from watchdog.host.boot import Here
from watchdog.host.obstacle import doubt, obstacle, untouchable
from watchdog.host.pidfd import Pidfd
from watchdog.host.proc import ProcessFacts, read_process
from watchdog.model.results import Exited, Look, Refused, Sent, StillRunning
from watchdog.model.targets import ProcessRef, Signal


class Held(msgspec.Struct, frozen=True):
    """The process that was meant, alive a moment ago, and what it looked like. Whoever gets it closes `pidfd`."""

    pidfd: Pidfd
    facts: ProcessFacts


class Ended(msgspec.Struct, frozen=True):
    """The process that was meant is dead."""

    reason: str


class Doubtful(msgspec.Struct, frozen=True):
    """It can't be said whether the process that was meant lives."""

    reason: str


def open_process(ref: ProcessRef, here: Here) -> Held | Ended | Doubtful:
    """
    Take hold of the process that was meant: same host, boot, pid and start.

    The order is what makes it safe. A handle that is still alive after /proc/PID was read has had this pid all the
    time, so what was read is about the process in hand.
    """
    if ref.host != here.name:
        return Doubtful(f"it runs on host {ref.host}, not on {here.name}")
    if ref.boot_id != here.boot_id:
        return Ended("it ran before the last boot of this host")
    try:
        pidfd = Pidfd.open(ref.pid)
    except OSError as error:
        return Doubtful(f"the kernel gives no handle on pid {ref.pid}: {error.strerror}")
    if pidfd is None:
        return Ended(f"there is no process {ref.pid} any more")
    facts = read_process(ref.pid, here.proc, cgroups=here.cgroups)
    found: Held | Ended | Doubtful
    if pidfd.has_ended():
        found = Ended(f"process {ref.pid} is dead")
    elif facts is None:
        found = Doubtful(f"process {ref.pid} is not shown to us in {here.proc}")
    elif facts.start_ticks != ref.start_ticks:
        found = Ended(f"pid {ref.pid} has been given to another process since")
    else:
        return Held(pidfd, facts)
    pidfd.close()
    return found


def look(ref: ProcessRef, here: Here) -> Look:
    """The process as it is now. `alive` is False only where the one that was meant is surely dead."""
    match open_process(ref, here):
        case Held(pidfd, facts):
            pidfd.close()
            reason = doubt(ref, facts)
            return Look(
                alive=True,
                same=not reason,
                mismatch=reason,
                state=facts.state,
                tracer=facts.tracer,
                frozen=facts.frozen,
                catches=facts.catches,
                untouchable=untouchable(facts, agent=os.getpid()),
            )
        case Ended(reason):
            return Look(alive=False, same=False, mismatch=reason)
        case Doubtful(reason):
            return Look(alive=True, same=False, mismatch=reason)


def send(ref: ProcessRef, signal: Signal, here: Here) -> Sent | Exited | Refused:
    """Send this signal to the process that was meant, unless something stands against it."""
    match open_process(ref, here):
        case Held(pidfd, facts):
            with pidfd:
                if reason := obstacle(ref, facts, signal, agent=os.getpid()):
                    return Refused(reason)
                return _deliver(pidfd, signal, facts)
        case Ended():
            return Exited()
        case Doubtful(reason):
            return Refused(reason)


async def end_of(ref: ProcessRef, here: Here, *, milliseconds: int) -> Exited | StillRunning | Refused:
    """Wait so long for the end of the process that was meant; a zombie has ended, and so has one whose pid was given away."""
    match open_process(ref, here):
        case Held(pidfd):
            with pidfd:
                return Exited() if await pidfd.wait(milliseconds=milliseconds) else StillRunning()
        case Ended():
            return Exited()
        case Doubtful(reason):
            return Refused(reason)


def _deliver(pidfd: Pidfd, signal: Signal, facts: ProcessFacts) -> Sent | Exited | Refused:
    try:
        pidfd.send(signal)
    except ProcessLookupError:
        return Exited()
    except PermissionError:
        return Refused(f"not permitted to signal pid {facts.pid} of uid {facts.uid}: the agent needs CAP_KILL, or to run as that user")
    except OSError as error:
        return Refused(f"the kernel refused the signal to pid {facts.pid}: {error.strerror}")
    return Sent()
