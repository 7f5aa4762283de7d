"""
What is kept of the histories for a successor, with the picture that they were written from, so that he can go on writing from a trace.

The counterpart of `catching_up.py`, which does that. The rows are those of kinds whose histories are kept, and no others; nobody
believes them to be there after a start, they only say what the next delta changes.
"""

from typing import Final

import msgspec

from watchdog.engine.remembered import BrokenHistoryError
from watchdog.engine.tables import Table, plain, tables_of
from watchdog.engine.world import World
from watchdog.model.kinds import Kind, Source

FORMAT: Final = 1
"""Counted up when the layout changes; another number can't be read."""
MOST_ROWS: Final = 5_000
"""With more, to write them down each half minute and to carry them on at a start would be felt: the stretch stays uncovered then."""


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """
    The histories as `History.encode` gives them at engine time `at` of boot `boot_id`, after event `seq`.

    `lost` are the sources that could not be read then, `complete` those that had been read in full, `graves` the processes that are dead.
    `rows` is None where there were too many.
    """

    format: int = FORMAT
    seq: int
    at: int
    boot_id: str
    history: bytes
    lost: tuple[Source, ...] = ()
    complete: tuple[Source, ...] = ()
    graves: tuple[str, ...] = ()
    rows: dict[Kind, Table] | None = None


class _Histories(msgspec.Struct, frozen=True):
    """As much of it as a start needs that has no trace."""

    format: int
    history: bytes


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=plain)
_DECODER: Final = msgspec.msgpack.Decoder(Saved)
_HISTORIES: Final = msgspec.msgpack.Decoder(_Histories)


def save(world: World, *, seq: int, at: int, wall: int, boot_id: str, lost: tuple[Source, ...]) -> bytes:
    """As bytes; `at` is not before the last event."""
    wanted = {*world.demanding, *((Kind.PROCESS,) if Kind.JOB in world.demanding else ())}
    kinds = [kind for kind in world.rows if kind in wanted]
    few = sum(len(world.rows[kind]) for kind in kinds) <= MOST_ROWS
    saved = Saved(
        seq=seq,
        at=at,
        boot_id=boot_id,
        history=world.history.encode(at, wall=wall, boot_id=boot_id),
        lost=lost,
        complete=tuple(sorted(world.complete)),
        graves=tuple(world.graves),
        rows=tables_of(world, kinds) if few else None,
    )
    return _ENCODER.encode(saved)


def read_saved(data: bytes) -> Saved:
    """All of it; raises `BrokenHistoryError` for what is damaged or of another format."""
    try:
        saved = _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise BrokenHistoryError("the saved history is damaged") from error
    _check(saved.format)
    return saved


def write_saved(saved: Saved) -> bytes:
    """The counterpart of `read_saved`."""
    return _ENCODER.encode(saved)


def histories_in(data: bytes) -> bytes:
    """What `History.restore` wants of it; raises `BrokenHistoryError`."""
    try:
        saved = _HISTORIES.decode(data)
    except msgspec.MsgspecError as error:
        raise BrokenHistoryError("the saved history is damaged") from error
    _check(saved.format)
    return saved.history


def _check(number: int) -> None:
    if number != FORMAT:
        raise BrokenHistoryError(f"the saved history has format {number}, this program writes {FORMAT}")
