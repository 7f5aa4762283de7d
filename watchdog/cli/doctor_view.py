"""How the points of `doctor` are shown: by area, one line each, and under it what mends it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from watchdog.cli.output import Output, count
from watchdog.doctor.found import Health, Point

_STYLES: Final = {Health.OK: "good", Health.WARN: "warn", Health.FAIL: "bad", Health.SKIPPED: "dim"}
_SHOWN: Final = {Health.OK: "ok", Health.WARN: "warn", Health.FAIL: "FAIL", Health.SKIPPED: "-"}
_STATE: Final = 4
"""Letters of the longest of these."""


def show_points(out: Output, points: Sequence[Point], *, user: str) -> None:
    """All of them, and how many there are of each kind."""
    width = max((len(point.name) for point in points), default=0)
    for area, its in groupby(points, key=lambda point: point.area):
        out.line((area, "strong"))
        for (health, reason), alike in groupby(its, key=lambda point: (point.health, point.says)):
            same = list(alike)
            # Ten points that wait for the same one are one line.
            name = f"{len(same)} points" if health is Health.SKIPPED and len(same) > 1 else ""
            for point in same[:1] if name else same:
                says = (reason, "dim") if health is Health.SKIPPED else reason
                out.line("  ", (_SHOWN[health].ljust(_STATE), _STYLES[health]), "  ", (name or point.name).ljust(width), "  ", says)
                if point.mend:
                    out.line(" " * (width + _STATE + 6), ("mend: ", "dim"), point.mend)
        out.line("")
    number = {health: sum(point.health is health for point in points) for health in Health}
    out.line(
        f"as {user}: {number[Health.OK]} ok, ",
        (count(number[Health.WARN], "warning"), "warn" if number[Health.WARN] else "dim"),
        ", ",
        (f"{number[Health.FAIL]} to be mended", "bad" if number[Health.FAIL] else "good"),
        f", {number[Health.SKIPPED]} not looked at",
    )
