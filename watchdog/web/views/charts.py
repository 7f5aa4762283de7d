"""Small curves of the last hours."""

import msgspec

from watchdog.web.inside import Inside


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """
    One series: `values` at `began` (UTC milliseconds) and each `step_ms` after; None where nothing could be seen.

    `group` is what it is about (`queue_size`, `queue_latency`, `busy`, `cpu`, …), `name` of which queue or process, empty where there is one alone; `type` is how its values are written (`model.kinds.Type`).
    """

    group: str
    name: str
    type: str
    began: int
    step_ms: int
    values: tuple[float | None, ...]


class Charts(msgspec.Struct, frozen=True, kw_only=True):
    """All curves."""

    curves: tuple[Curve, ...]


async def charts(inside: Inside, *, group: str = "") -> Charts:
    """Those of that group, or all; none before the agent has run for a while."""
    raise NotImplementedError
