"""What a method is made of: how one single thing is looked at, and what is done to it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from watchdog.engine.ledger import Ledger
from watchdog.engine.procedures.stages import Then
from watchdog.engine.world import World
from watchdog.model.effects import Command
from watchdog.model.results import Result, Sight
from watchdog.model.targets import TargetKind, Thing

WATCH = "watch"
"""The stage in which it is waited for what came of it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a method is shown: the thing, what is to be done to it, and all that is known.

    `sight` is how it was found when it was looked at, None before. `asked` says that it may have been done already: an intent was committed, and the agent was cut off.
    `since_at` is when the present stage began, before the first one the moment itself.
    """

    at: int
    thing: Any
    arguments: Mapping[str, Any]
    sight: Any
    world: World
    ledger: Ledger
    incident: str
    asked: bool = False
    since_at: int = 0


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a command is made from: `id` is that of the effect, `order` stays the same when it is asked for once more, `until` is when its time is over.

    `reason` says in a few words who wants it and why.
    """

    id: str
    order: str
    incident: str
    rule: str
    reason: str
    thing: Any
    arguments: Mapping[str, Any]
    until: int


def _nothing(_case: Case) -> Then | None:
    return None


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """
    One action on one single thing.

    `look` gives the effect that looks at it, by an id, and `sight` is what that is answered with. `against` says why it must not be done, or '': asked with the picture alone, and again with the look.
    `begins` is asked with the look when the guards have allowed it, and when it is taken up after a crash before they are asked: None to do it, `Go(WATCH)` where only its outcome is to be waited for, an `End` where nothing is left to do.
    `command` is what does it, for at most `limit` milliseconds, at the stage called `stage`; carried out once more after a crash, under the same order, it must do nothing twice. `heard` says what follows on its answer.
    Where that is `Go(WATCH)`, `sees` is asked again and again, for at most `patience` milliseconds, and `waited` says what follows when these are over. `plan` gives, from the arguments,
    what dry-run would have done: (stage, milliseconds from now, on what condition). `noted` says what the ledger is to remember once an intent is committed.
    """

    acts_on: TargetKind
    stage: str
    sight: type[Sight]
    look: Callable[[str, Thing], Command]
    against: Callable[[Case], str]
    command: Callable[[Call], Command]
    heard: Callable[[Case, Result], Then]
    limit: Callable[[Mapping[str, Any]], int]
    plan: Callable[[Mapping[str, Any]], tuple[tuple[str, int, str], ...]]
    begins: Callable[[Case], Then | None] = _nothing
    sees: Callable[[Case], Then | None] = _nothing
    patience: Callable[[Mapping[str, Any]], int] = lambda _arguments: 0
    waited: str = "what was waited for has not come in time"
    noted: Callable[[Case], dict[str, Any]] = lambda _case: {}
