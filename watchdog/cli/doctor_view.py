"""How the points of `doctor` are shown: what is not well, each with what mends it; of an area in which all is well one line."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from watchdog.cli.output import Output, count
from watchdog.doctor.found import Health, Point

_STYLES: Final = {Health.OK: "good", Health.WARN: "warn", Health.FAIL: "bad", Health.SKIPPED: "dim"}
_SHOWN: Final = {Health.OK: "ok", Health.WARN: "warn", Health.FAIL: "FAIL", Health.SKIPPED: "-"}
_STATE: Final = 4
"""Letters of the longest of these."""
_AMISS: Final = (Health.WARN, Health.FAIL)


def show_points(out: Output, points: Sequence[Point], *, user: str, every: bool) -> None:
    """What is not well, or with `every` all of them; and how many there are of each kind."""
    areas = [(area, list(its)) for area, its in groupby(points, key=lambda point: point.area)]
    shown = {area: its if every else [point for point in its if point.health in _AMISS] for area, its in areas}
    width = max((len(point.name) for its in shown.values() for point in its), default=0)
    wide = max((len(area) for area, _ in areas), default=0)
    for area, its in areas:
        if shown[area]:
            out.line((area, "strong"))
            _show_area(out, shown[area], width)
        else:
            health = Health.OK if any(point.health is Health.OK for point in its) else Health.SKIPPED
            reason = "" if health is Health.OK else f"  {its[0].says}"
            out.line(
                (area.ljust(wide), "strong"),
                "  ",
                (_SHOWN[health].ljust(len("ok")) if reason else _SHOWN[health], _STYLES[health]),
                (reason, "dim"),
            )
        if every:
            out.line("")
    if areas and not every:
        out.line("")
    number = {health: sum(point.health is health for point in points) for health in Health}
    out.line(
        f"as {user}: {number[Health.OK]} ok, ",
        (count(number[Health.WARN], "warning"), "warn" if number[Health.WARN] else "dim"),
        ", ",
        (f"{number[Health.FAIL]} to be mended", "bad" if number[Health.FAIL] else "good"),
        f", {number[Health.SKIPPED]} not looked at",
        "" if every else "; --all shows each",
    )


def _show_area(out: Output, points: Sequence[Point], width: int) -> None:
    for (health, reason), alike in groupby(points, key=lambda point: (point.health, point.says)):
        same = list(alike)
        # Ten points that wait for the same one are one line.
        name = f"{len(same)} points" if health is Health.SKIPPED and len(same) > 1 else ""
        for point in same[:1] if name else same:
            says = (reason, "dim") if health is Health.SKIPPED else reason
            out.line("  ", (_SHOWN[health].ljust(_STATE), _STYLES[health]), "  ", (name or point.name).ljust(width), "  ", says)
            if point.mend:
                out.line(" " * (width + _STATE + 6), ("mend: ", "dim"), point.mend)
