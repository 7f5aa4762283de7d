"""All points, one area after the other: each is told, whatever came of the others."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

from watchdog.doctor import agent, config, federation, helpers, host, log, outside, page, redis, sidekiq, state, systemd
from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, Health, Point, passed_over
from watchdog.model.points import BY_NAME, POINTS, Area

LOG: Final = logging.getLogger(__name__)
Look = Callable[[Exam], Awaitable[Mapping[str, Found]]]
AREAS: Final[dict[Area, Look]] = {
    Area.CONFIG: config.look,
    Area.STATE: state.look,
    Area.AGENT: agent.look,
    Area.HOST: host.look,
    Area.PAGE: page.look,
    Area.REDIS: redis.look,
    Area.SIDEKIQ: sidekiq.look,
    Area.MASTODON: federation.look,
    Area.SYSTEMD: systemd.look,
    Area.LOG: log.look,
    Area.HELPERS: helpers.look,
    Area.OUTSIDE: outside.look,
}
"""In an order in which each finds what it rests on."""
_RESTS_ON: Final = {
    Area.STATE: "config",
    Area.PAGE: "config",
    Area.REDIS: "config",
    Area.SIDEKIQ: "redis",
    Area.LOG: "sidekiq-here",
    Area.MASTODON: "config",
    Area.OUTSIDE: "config",
}
"""What has to be well first, where an area says nothing of a point and none of its own is amiss."""
_AFTER: Final = {Area.SIDEKIQ: Area.REDIS, Area.SYSTEMD: Area.SIDEKIQ, Area.LOG: Area.SIDEKIQ, Area.HELPERS: Area.SIDEKIQ}
"""Which area fills in what another one needs."""


async def examine(exam: Exam, only: Collection[str] = ()) -> list[Point]:
    """Every point of the table, in its order; with `only` those that are named."""
    points = []
    wanted = _wanted(only)
    for area, look in AREAS.items():
        if area not in wanted:
            continue
        found = await _looked(area, look, exam)
        names = [spec.name for spec in POINTS if spec.area is area]
        assert found.keys() <= set(names), f"{sorted(found.keys() - set(names))} stand in no table"
        first = next((name for name in names if name in found and found[name].health in (Health.FAIL, Health.SKIPPED)), "")
        for name in names:
            one = found.get(name) or passed_over(f"{first or _RESTS_ON.get(area, names[0])} first")
            if not only or name in only:
                points.append(Point(name, area, one.health, one.says, one.mend))
    return points


def _wanted(only: Collection[str]) -> set[Area]:
    """The areas of these points, and those that they come after; all where none is named."""
    wanted = {BY_NAME[name].area for name in only} or set(Area)
    while more := {_AFTER[area] for area in wanted if area in _AFTER} - wanted:
        wanted |= more
    return wanted


async def _looked(area: Area, look: Look, exam: Exam) -> Mapping[str, Found]:
    try:
        return await look(exam)
    except Exception as error:
        # The others have a right to be looked at; this one is a mistake of the program, and must not pass for health.
        LOG.exception("the area %s could not be looked at", area)
        first = next(spec.name for spec in POINTS if spec.area is area)
        return {first: Found(Health.FAIL, f"internal error: {type(error).__name__}", "please report it")}
