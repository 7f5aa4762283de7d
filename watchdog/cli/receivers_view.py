"""
Receivers as `status` and `notify list` show them: what waits, what arrived, what keeps the rest from arriving, and whether people are heard.

The counterpart of `store/standing.py` and `daemon/ears.py`, which say so.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.cli.output import Piece
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.picture.receivers import Box, Hears, Receiver


class Row(msgspec.Struct, frozen=True):
    """One receiver with its box."""

    name: str
    receiver: Receiver
    box: Box


HEADINGS: Final = ("receiver", "type", "waiting", "delivered", "lost", "answers", "state")


def rows_of(types: Mapping[str, str], state: Path, *, is_running: bool) -> list[Row]:
    """Those of the config by their types, and what stands of them in the state folder: what the agent says of itself only while it runs. Raises `StoreError`."""
    from watchdog.cli.picture import read_picture
    from watchdog.store.failures import NoStateError
    from watchdog.store.reading import read_outbox_counts, read_status

    try:
        counts = read_outbox_counts(state)
        data = read_status(state) if is_running else None
    except NoStateError:
        counts, data = {}, None
    known = (read_picture(data).receivers if data is not None else None) or {}
    boxes = {name: msgspec.convert(msgspec.to_builtins(one), Box) for name, one in counts.items()}
    receivers = {name: known.get(name, Receiver(kind)) for name, kind in types.items()}
    return joined(receivers, boxes)


def joined(receivers: Mapping[str, Receiver] | None, boxes: Mapping[str, Box]) -> list[Row]:
    """Receivers with their boxes; a box whose receiver is gone is shown while something lies in it. None are those of an older agent, which does not tell of them."""
    if receivers is None:
        return [Row(name, Receiver(), box) for name, box in boxes.items()]
    named = [Row(name, receiver, boxes.get(name, Box())) for name, receiver in receivers.items()]
    return [*named, *(Row(name, Receiver("gone"), box) for name, box in boxes.items() if name not in receivers and box.waiting)]


def is_well(row: Row) -> bool:
    """Whether it can be told, and heard."""
    hears = row.receiver.hears
    return not row.box.failures and row.box.full is None and row.receiver.type != "gone" and (hears is None or not hears.trouble)


def cells(rows: Sequence[Row], *, at: int) -> list[Sequence[Piece]]:
    """Under `HEADINGS`; ages are reckoned from `at` (UTC milliseconds)."""
    return [_cells(row, at) for row in rows]


def plain(row: Row) -> dict[str, Any]:
    """For programs."""
    return {"receiver": row.name, **msgspec.to_builtins(row.receiver), **msgspec.to_builtins(row.box)}


def _cells(row: Row, at: int) -> Sequence[Piece]:
    box = row.box
    oldest = "" if box.oldest is None else f", the oldest for {_since(box.oldest, at)}"
    lost = box.given_up + box.left_out
    said = "; ".join(_said(row, at))
    return (
        row.name, (row.receiver.type, "bad" if row.receiver.type == "gone" else ""), (f"{box.waiting:,}{oldest}", "warn" if box.waiting else ""), f"{box.delivered:,}",
        (f"{lost:,}", "bad" if lost else ""), _hears(row.receiver.hears, at), (said, "good" if said == "well" else "warn" if is_well(row) else "bad"),
    )  # fmt: skip


def _said(row: Row, at: int) -> Iterator[str]:
    box = row.box
    held = (box.held or 0) - at if box.waiting else 0
    if row.receiver.type == "gone":
        yield "the config does not name it any more"
    if box.failures:
        since = f" for {_since(box.failing, at)}" if box.failing is not None else ""
        yield f"fails{since}, {box.failures:,} times in a row: {box.last_error}"
        if box.next_try > at:
            yield f"tried again in {display(box.next_try - at, Type.DURATION)}"
    elif box.waiting and box.last_error:
        yield box.last_error
    elif held > 0:
        yield f"held back, by quiet hours, for {display(held, Type.DURATION)} more"
    if box.full is not None:
        yield f"more waits than there is room for, since {_since(box.full, at)}: {box.left_out:,} left out"
    if box.again:
        yield f"{box.again:,} perhaps told twice"
    if not (
        box.failures or box.full is not None or box.again or (box.waiting and box.last_error) or held > 0 or row.receiver.type == "gone"
    ):
        yield "well"


def _hears(hears: Hears | None, at: int) -> Piece:
    if hears is None:
        return ""
    if hears.trouble or hears.since is None:
        return f"not heard: {hears.trouble or 'not begun yet'}", "bad"
    return f"heard for {_since(hears.since, at)}", "good"


def _since(moment: int, at: int) -> str:
    return display(max(0, at - moment), Type.DURATION)
