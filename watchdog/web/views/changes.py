"""What has changed in Sidekiq: processes, jobs, queues, retries, as the agent saw it come in."""

import msgspec

from watchdog.web.inside import Inside
from watchdog.web.paging import USUAL, Piece


class ChangeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One change: `name` is one of `model.changes`, `text` the line that `changes` shows; `entity` is what has changed, of that `kind`."""

    wall: int
    name: str
    kind: str
    entity: str
    text: str


async def changes(inside: Inside, *, since: int | None = None, entity: str = "", after: str = "", limit: int = USUAL) -> Piece[ChangeSeen]:
    """Those recorded since then (of the last ten minutes where nothing is said), the newest first; `total` is None. Raises `StoreError`."""
    raise NotImplementedError
