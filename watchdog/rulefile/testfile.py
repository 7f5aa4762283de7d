"""
What a file of rule tests says: who is there, what is read of them, and what must come of it.

The counterpart of a rule file. Times count from the beginning of the test, in milliseconds. Nothing here knows whether it comes true;
`rehearsal` plays it to the engine.
"""

from typing import Any, Final

import msgspec

from watchdog.errors import Span
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Decision, Mode
from watchdog.rulefile.series import Series

LOOKS: Final = ("healthy", "booting", "other", "gone")
"""What is found when the agent looks at a process once more before it acts: all well, still starting, another process, none."""
STATES: Final = ("firing", "pending", "inactive")


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """
    One entity, there from `since` on and, if `until` is given, until then.

    `constants` and `series` are readings by field; of a field that grows by itself they say how great it is at that moment.
    """

    kind: Kind
    id: str
    since: int
    until: int | None
    constants: dict[str, Any]
    series: dict[str, Series]
    span: Span


class Blindness(msgspec.Struct, frozen=True):
    """A source that can't be read for a while."""

    source: Source
    since: int
    until: int | None


class LookAlike(msgspec.Struct, frozen=True):
    """A rule that the situation resembles and that fires at no time in it."""

    rule: str
    span: Span


class ExpectedAlert(msgspec.Struct, frozen=True):
    """`state` is one of `STATES`."""

    rule: str
    entity: str
    state: str
    span: Span


class ExpectedDecision(msgspec.Struct, frozen=True):
    """The last answer to what a rule wants of a process; `guard` and `process` are None where any will do."""

    rule: str
    decision: Decision
    guard: str | None
    process: str | None
    span: Span


class ExpectedIncident(msgspec.Struct, frozen=True):
    """`outcome` is one of `model.records.INCIDENT_OUTCOMES`."""

    rule: str
    outcome: str
    span: Span


class Expectation(msgspec.Struct, frozen=True):
    """
    What holds at a moment.

    `alerts` has every alert that fires, pending ones may be left out; `decisions` every rule that wanted something so far, with what it was told
    last; `incidents` every incident so far. None: not looked at.
    """

    at: int
    alerts: tuple[ExpectedAlert, ...] | None
    decisions: tuple[ExpectedDecision, ...] | None
    incidents: tuple[ExpectedIncident, ...] | None
    span: Span


class RuleTest(msgspec.Struct, frozen=True, kw_only=True):
    """
    One test.

    `look_alike` are the rules that must not fire in it; `every` is the time between two readings; `looks` one of `LOOKS`; a process ends `exits` after TERM, with None only at KILL.
    """

    name: str
    mode: Mode
    every: int
    actors: tuple[Actor, ...]
    lost: tuple[Blindness, ...]
    looks: str
    exits: int | None
    look_alike: tuple[LookAlike, ...] = ()
    expectations: tuple[Expectation, ...]
    span: Span


class RuleTests(msgspec.Struct, frozen=True):
    """All tests of a file, and the fields that they declare because no source delivers them yet."""

    fields: tuple[FieldSpec, ...] = ()
    tests: tuple[RuleTest, ...] = ()
