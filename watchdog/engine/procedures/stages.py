"""What a procedure is made of."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from watchdog.model.results import Exited, Refused, Sent, StillRunning
from watchdog.model.targets import Signal


class Go(msgspec.Struct, frozen=True):
    """On to that stage."""

    stage: str


class End(msgspec.Struct, frozen=True):
    """It is over: `ended`, `failed` or `abandoned` (nothing was changed), with a sentence that says how."""

    outcome: str
    account: str


class Hold(msgspec.Struct, frozen=True):
    """It can't go on now; the stage is tried again."""

    reason: str


Then = Go | End | Hold
"""What follows a stage."""

Answer = Sent | Exited | StillRunning | Refused
"""What a stage can be answered with."""


class SendStage(msgspec.Struct, frozen=True, kw_only=True):
    """
    A stage that sends a signal: look, guards, intent, signal, outcome.

    `applies` says from the state letter of the look whether the stage is needed at all; if not, it goes on
    as after `Sent`.
    """

    signal: Signal
    after: Callable[[Answer], Then]
    applies: Callable[[str], bool] = lambda _state: True
    would: str = ""


class WaitStage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage that waits for the end of the process: at most `limit` (milliseconds, from the arguments) after the mark `since`."""

    since: str
    limit: Callable[[Mapping[str, Any]], int]
    after: Callable[[Answer], Then]


Stage = SendStage | WaitStage


class Procedure(msgspec.Struct, frozen=True, kw_only=True):
    """
    Stages by name and where it begins; from `no_return` on (once it was sent) it is carried to its end.

    `plan` gives, from the arguments, what dry-run would have done: (stage, milliseconds from now, on what condition).
    """

    first: str
    no_return: str
    stages: Mapping[str, Stage]
    plan: Callable[[Mapping[str, Any]], tuple[tuple[str, int, str], ...]]
