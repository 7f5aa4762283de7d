"""
Everything that the engine can ask of the world.

Effects are the only way in which the engine reaches outside. `Audit`, `KeepIncident` and `Notify` are written in
the transaction of the event; the others run after that transaction has been committed, and each of
them is answered by exactly one `EffectDone` with its id.
"""

import msgspec

from watchdog.model.notices import Notice
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.model.targets import ProcessRef, Signal, Verb


class Audit(msgspec.Struct, frozen=True, tag="audit"):
    """Write this row."""

    row: AuditRow


class KeepIncident(msgspec.Struct, frozen=True, tag="keep_incident"):
    """Write this incident as it now stands over what was kept of it."""

    incident: IncidentRow


class Notify(msgspec.Struct, frozen=True, tag="notify"):
    """Put this notice into the outbox of each of these receivers."""

    receivers: tuple[str, ...]
    notice: Notice


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """
    Look at the target again, at once.

    The shell first reads the Redis side of it and delivers what changed as `Observed`, then answers
    with a `Look`; or with `Refused` where a source could not be read.
    """

    id: str
    target: ProcessRef


class SendSignal(msgspec.Struct, frozen=True, tag="signal"):
    """Send this signal to this process and no other; answered by `Sent`, `Exited` or `Refused`."""

    id: str
    target: ProcessRef
    signal: Signal


class AwaitExit(msgspec.Struct, frozen=True, tag="await_exit"):
    """Wait for the end of this process until engine time `until`; answered by `Exited`, `StillRunning` or `Refused`."""

    id: str
    target: ProcessRef
    until: int


class ReadLog(msgspec.Struct, frozen=True, tag="read_log"):
    """
    Read in the log which jobs of this process run, or ran at its end; answered by `LogRead` or `Refused`.

    `until` is the last moment at which it is known to have worked (UTC milliseconds: its last beat, or its death; 0: now); `threads` how many work in it, 0 if that is
    not known: then everything is read that the time allows.
    """

    id: str
    target: ProcessRef
    until: int = 0
    threads: int = 0


class CallUnit(msgspec.Struct, frozen=True, tag="call_unit"):
    """
    Have systemd start, stop or restart this unit, and wait for the end of it until engine time `until`; answered by `UnitCalled` or `Refused`.

    Asked once more after a crash, it must do nothing twice: starting what runs and stopping what is stopped do nothing anyway; for the rest
    `invocation` is that of the unit when it was first asked for. Is it another one by now, the unit has been started since, and nothing is done.
    Empty: whatever it is.
    """

    id: str
    unit: str
    verb: Verb
    until: int
    invocation: str = ""


Effect = Audit | KeepIncident | Notify | Measure | SendSignal | AwaitExit | ReadLog | CallUnit
"""Any effect."""
Command = Measure | SendSignal | AwaitExit | ReadLog | CallUnit
"""An effect that the executor performs and answers."""
