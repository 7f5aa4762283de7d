"""What a line of the matrix says in words."""

from typing import Any

import pytest

from watchdog.cli.matrix_view import held_of
from watchdog.web.views.cells import Cell, CellState

NOW = 1_790_000_000_000


def cell(state: CellState, **more: Any) -> Cell:
    """Of one job."""
    return Cell(entity="x", state=state, part="job.elapsed > 20s", type="duration", value=30_000, limit=20_000, margin=10_000, **more)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (cell(CellState.FALSE, since_wall=NOW - 9_000), ""),
        (cell(CellState.PENDING, held_ms=4_000, enough_ms=30_000, since_wall=NOW - 4_000), "4s of 30s"),
        (cell(CellState.FIRING, since_wall=NOW - 61_000), "1m 1s"),
        (cell(CellState.FIRING, held_ms=1_000, enough_ms=10_000, since_wall=NOW - 61_000), "1s of 10s"),
        (cell(CellState.FIRING, since_wall=NOW + 5), "0s"),
    ],
)
def test_held_is_told_of_what_there_is_to_wait_for(one: Cell, said: str):
    """Until it fires, or is over; what merely goes on firing is told by how long it does."""
    assert held_of(one, NOW) == said
