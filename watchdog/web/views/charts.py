"""Small curves of the last hours."""

import msgspec

from watchdog.web.charts.series import Series
from watchdog.web.inside import Inside


class Charts(msgspec.Struct, frozen=True, kw_only=True):
    """All lines; empty before the agent has looked for the first time."""

    curves: tuple[Series, ...]


async def charts(inside: Inside, *, group: str = "") -> Charts:
    """Those of that chart (`group`: `web/charts/spec.py` has their names), or of all."""
    return Charts(curves=inside.charts.series(*([group] if group else [])))
