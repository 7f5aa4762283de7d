"""Services of systemd that run Sidekiq, on this host."""

from typing import Any

import msgspec

from watchdog.model.kinds import Kind
from watchdog.picture.picture import Unit
from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Slice
from watchdog.web.views.cutting import cut
from watchdog.web.views.readings import age


async def units(inside: Inside, *, after: str = "", limit: int = USUAL) -> Slice[Unit]:
    """All units by name; none where systemd can't be read, which `overview` says."""
    rows, now = list(inside.state.world.rows[Kind.UNIT].values()), inside.at()
    shown, following = cut(rows, [0] * len(rows), lambda row: row.id, after=after, limit=limit)
    return Slice(tuple(_seen(row, now) for row in shown), len(rows), following)


def _seen(row: Any, now: int) -> Unit:
    plain = row.as_plain()
    fields = {name: plain[name] for name in Unit.__struct_fields__ if name in plain}
    return msgspec.convert({"name": row.id, **fields, "since_ms": age(row.entered_at, now)}, Unit)
