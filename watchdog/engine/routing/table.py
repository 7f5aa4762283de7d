"""
Routes and inhibitions as the engine goes by them: checked, with every default filled in.

The config is read into this by `rulefile/routes.py`; the engine never sees YAML. Durations are milliseconds.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, final

import msgspec

from watchdog.lang.glob import fits
from watchdog.model.hours import DAY, UTC, Hours, Zone, minute_of
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.routing import REPEAT_MOST

_MINUTE: Final = 60_000


class Traits(msgspec.Struct, frozen=True):
    """What an alert is chosen by. `target` is the name of what it is about; `names` are all names of that, and `shared` what it can have in common with others (`host`, `process`, `queue`), as far as it is known."""

    rule: str
    severity: Severity
    kind: Kind
    entity: str
    target: str
    names: tuple[str, ...] = ()
    labels: Mapping[str, str] = MappingProxyType({})
    shared: Mapping[str, str] = MappingProxyType({})


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Fits what fits all of what is given; of each list one is enough. `rule`, `entity`, `target` and the values of `labels` are patterns."""

    severity: tuple[Severity, ...] = ()
    rule: tuple[str, ...] = ()
    kind: tuple[Kind, ...] = ()
    entity: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    labels: dict[str, tuple[str, ...]] = {}

    def fits(self, traits: Traits) -> bool:
        """Whether it is meant by that."""
        return (
            (not self.severity or traits.severity in self.severity)
            and (not self.rule or fits(traits.rule, self.rule))
            and (not self.kind or traits.kind in self.kind)
            and (not self.entity or fits(traits.entity, self.entity))
            and (not self.target or any(fits(name, self.target) for name in traits.names))
            and all(name in traits.labels and fits(traits.labels[name], patterns) for name, patterns in self.labels.items())
        )


class Level(msgspec.Struct, frozen=True):
    """Who else is told if nobody has acknowledged an alert `after` so long."""

    after: int
    to: tuple[str, ...]


class Quiet(msgspec.Struct, frozen=True):
    """Hours in which only what is severe enough is told at once; the rest at their end."""

    hours: Hours
    zone: Zone = UTC
    excepted: tuple[Severity, ...] = (Severity.CRITICAL,)

    def until(self, wall: int) -> int | None:
        """When they end that hold at that UTC time (milliseconds); None if they don't hold."""
        shown = self.zone.shown(wall)
        if not self.hours.hold(minute := minute_of(shown)):
            return None
        end = shown - shown % _MINUTE + ((self.hours.end - minute) % DAY or DAY) * _MINUTE
        # The clocks may be changed on the way there.
        guess = end - (shown - wall)
        moment = end - (self.zone.shown(guess) - guess)
        return moment if moment > wall else guess


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who is told of the alerts that fit, and how.

    `group_by` are names of `model.routing.GROUP_BY`, or `labels.NAME`. `repeat` is the time before the first reminder, None for none: each one after it comes twice as late, up to `REPEAT_MOST`.
    `goes_on` says that the routes behind it are asked as well.
    """

    name: str
    match: Match = Match()
    notify: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ("rule",)
    repeat: int | None = 14_400_000
    escalate: tuple[Level, ...] = ()
    quiet: Quiet | None = None
    goes_on: bool = False

    def reminds_after(self, times: int) -> int | None:
        """How long after it was said last it is said again, if it has been said again so many times."""
        return None if self.repeat is None else min(self.repeat << min(times, 32), max(self.repeat, REPEAT_MOST))


class Inhibition(msgspec.Struct, frozen=True, kw_only=True):
    """While an alert fires that `when` fits, nobody is told of those that `hides` fits and that have in common with it all of `same`."""

    when: Match
    hides: Match
    same: tuple[str, ...] = ()


USUAL: Final = Route(name="")
"""How that is told which no route fits."""


@final
class Routing(msgspec.Struct, frozen=True):
    """All of it, in the order of the config."""

    routes: tuple[Route, ...] = ()
    inhibitions: tuple[Inhibition, ...] = ()

    def choose(self, traits: Traits) -> tuple[Route, tuple[str, ...]]:
        """The first route that fits (`USUAL` where none does), and the receivers of all that do as far as they go on."""
        first: Route | None = None
        receivers: dict[str, None] = {}
        for route in self.routes:
            if route.match.fits(traits):
                first = first or route
                receivers.update(dict.fromkeys(route.notify))
                if not route.goes_on:
                    break
        return first or USUAL, tuple(receivers)

    def named(self, name: str) -> Route:
        """The route of that name; `USUAL` if there is none."""
        return next((route for route in self.routes if route.name == name), USUAL)

    @property
    def audience(self) -> tuple[str, ...]:
        """Every receiver that a route names under `notify`."""
        return tuple(dict.fromkeys(receiver for route in self.routes for receiver in route.notify))


NO_ROUTING: Final = Routing()
"""A config without either."""
