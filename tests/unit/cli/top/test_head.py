"""What stands on top where something is wrong."""

from tests.unit.cli.api_world import overview, switches
from watchdog.cli.top.head import warnings


def _said(**more):
    return [
        "".join(piece if isinstance(piece, str) else piece[0] for piece in line)
        for line in warnings(overview(**more), switches(), trouble="", seen="")
    ]


def test_nothing_while_all_is_well():
    """No line is spent on it."""
    assert _said() == []


def test_an_agent_that_can_write_nothing_down_says_so():
    """It does nothing then, whatever its mode says."""
    assert _said(failing="no space left on device") == ["CAN'T WRITE ANYTHING DOWN: no space left on device; so it does nothing"]
