"""Why a rule says what it says of an entity, and why nothing is done about it."""

import msgspec

from watchdog.engine.why import why as account
from watchdog.picture.picture import Armed, Incident
from watchdog.picture.told import Telling
from watchdog.web.failures import NotThereError
from watchdog.web.inside import Inside


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """
    A part of the condition. `value` is as people read it, `truth` `true`, `false` or `unknown` (None of what is no statement); `margin` says how far it is from flipping, `distance` the same as a number in the units of its `type`.

    `deciding` is the place among `parts` of the one that decides.
    """

    text: str
    type: str
    value: str
    truth: str | None
    margin: str | None
    distance: float | None
    deciding: int | None
    parts: tuple["Part", ...] = ()


class AlertNow(msgspec.Struct, frozen=True, kw_only=True):
    """The alert as it stands: `counted_ms` of `enough_ms` until it is `next` (`firing` or `resolved`), in `next_in_ms` if all stays as it is, None where that does not count on."""

    phase: str
    since_ms: int
    since_wall: int
    counting: bool
    counted_ms: int
    enough_ms: int
    title: str
    next: str
    next_in_ms: int | None
    telling: Telling | None = None


class GuardSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard would say to the next step: `answer` is `PASS`, `ASK` or `DENY`; `until_ms` when that can change by itself."""

    guard: str
    answer: str
    reason: str
    until_ms: int | None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """
    The account. `truth` is `true`, `false`, `unknown` or `gone`; `blind` are the sources that it rests on and that can't be read; `condition` is None where the entity is gone.

    `action`, `target` and `decision` are of the rule's next step, None where there is none; `guards` what each guard would say to it, in their order. `tells` are the receivers that would hear of it if it fired. `runbook` is what a person does about it, as the rule says it: an address, a file or text.
    """

    rule: str
    kind: str
    entity: str
    on: str | None
    blind: tuple[str, ...]
    truth: str
    condition: Part | None
    alert: AlertNow | None
    mode: str
    armed: Armed | None
    action: str | None
    target: str | None
    decision: str | None
    guards: tuple[GuardSaid, ...]
    incident: Incident | None
    tells: tuple[str, ...] = ()
    runbook: str = ""


async def why(inside: Inside, rule: str, entity: str) -> Why:
    """The account now. Raises `NotThereError` where no such rule is in force."""
    found = account(inside.rules, inside.state, rule, entity, inside.at())
    if found.get("problem"):
        raise NotThereError(found["problem"])
    return msgspec.convert(found, Why)
