"""What a procedure is made of."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from watchdog.engine.procedures.scene import Scene
from watchdog.model.effects import When
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent, StillRunning, UnitCalled
from watchdog.model.targets import Signal, Verb


class Go(msgspec.Struct, frozen=True):
    """On to that stage."""

    stage: str


class End(msgspec.Struct, frozen=True):
    """It is over: `ended`, `failed` or `abandoned` (nothing was changed), with a sentence that says how."""

    outcome: str
    account: str


class Hold(msgspec.Struct, frozen=True):
    """It can't go on now; the stage is tried again. `guard` is the one that would say the same, if one would."""

    reason: str
    guard: str = ""


Then = Go | End | Hold
"""What follows a stage."""

Answer = Sent | Exited | StillRunning | Refused | InFlight | PutBackDone
"""What a stage can be answered with."""
CallAnswer = UnitCalled | Refused
"""The same of one that asks systemd for something."""


class SendStage(msgspec.Struct, frozen=True, kw_only=True):
    """
    A stage that sends a signal: look, guards, intent, signal, outcome.

    `applies` says from the state letter of the look whether the stage is needed at all; if not, it goes on
    as after `Sent`. `against` gives a reason not to send it now, from what is known of the process, or ''. `mark` is the name under which the time of sending is
    noted; the stage's own where it is empty.
    """

    signal: Signal
    after: Callable[[Answer], Then]
    applies: Callable[[str], bool] = lambda _state: True
    against: Callable[[Scene], str] = lambda _scene: ""
    mark: str = ""


class WaitStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that waits for the end of the process: at most `limit` (milliseconds, from the arguments) after the mark `since`."""

    since: str
    limit: Callable[[Mapping[str, Any]], int]
    after: Callable[[Answer], Then]


class WatchStage(msgspec.Struct, frozen=True, kw_only=True):
    """
    A stage that waits until what is seen of the process allows to go on, for at most `limit` milliseconds since it began.

    `sees` is asked again and again; None is "not yet". `after` is told `StillRunning` when the time is over and `Exited` when the process has
    ended, unless it is `dead` already. `tells` is what people are told when it begins, or ''.
    """

    limit: Callable[[Mapping[str, Any]], int]
    sees: Callable[[Scene], Then | None]
    after: Callable[[Answer], Then]
    dead: bool = False
    tells: Callable[[Scene], str] = lambda _scene: ""


class ChooseStage(msgspec.Struct, frozen=True, kw_only=True):
    """A fork: what comes next depends on what is known of the process now. A stage of its own, so that one that is held there is asked again."""

    choose: Callable[[Scene], Then]


class GatherStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that finds out which jobs the process holds, and keeps their payloads."""

    when: When
    after: Callable[[Answer], Then]


class PutBackStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that brings the jobs of the dead process into their places: guards, intent, effect, outcome."""

    after: Callable[[Answer], Then]


class LocksStage(msgspec.Struct, frozen=True, kw_only=True):
    """
    A stage that looks for locks of sidekiq-unique-jobs whose job stands nowhere any more; with `release` it gives back those that were found: guards, intent, effect, outcome.

    Whatever comes of it, it goes on to `then`: a lock is no reason to hold an incident half-way.
    """

    then: str
    release: bool = False


class CollectStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that collects evidence. It changes nothing and stops nothing: whatever comes of it, and if nothing does, it goes on to `then`."""

    then: str


class CallStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that has systemd do something with the unit of the process, and waits for it for at most `limit` milliseconds: guards, intent, effect, outcome."""

    verb: Verb
    limit: Callable[[Mapping[str, Any]], int]
    after: Callable[[CallAnswer], Then]


Awaiting = SendStage | WaitStage | WatchStage | ChooseStage | GatherStage | PutBackStage
"""A stage whose answer decides what follows."""
Stage = Awaiting | LocksStage | CollectStage | CallStage


class Procedure(msgspec.Struct, frozen=True, kw_only=True):
    """
    Stages by name and where it begins; once a signal marked with one of the names in `no_return` was sent it is carried to its end.

    `signal` is the first that it can send to a process that is well enough to hear it: what guards are told of before it begins; None where it sends none. `plan` gives, from the arguments, what dry-run would have done: (stage, milliseconds from now, on what condition); a stage is the name of a signal, or what systemd would be asked for.
    """

    first: str
    signal: Signal | None
    no_return: tuple[str, ...]
    stages: Mapping[str, Stage]
    plan: Callable[[Mapping[str, Any]], tuple[tuple[str, int, str], ...]]


EXPECTED: Final[dict[type[Awaiting], tuple[type[Answer], ...]]] = {
    SendStage: (Sent, Exited, Refused),
    WaitStage: (Exited, StillRunning, Refused),
    WatchStage: (Exited, StillRunning, Refused),
    ChooseStage: (),
    GatherStage: (InFlight, Refused),
    PutBackStage: (PutBackDone, Refused),
}
"""Stage → with what it can be answered; anything else is a fault of ours, and stops it."""
