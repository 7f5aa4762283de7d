"""The agent is killed before and after it has a unit started or a command run; `make trial ARGS=deed_crashes` goes through all points, and those of an instance that is stopped."""

import pytest

from tests.host.systemd import test_commands as of_commands
from tests.host.systemd.conftest import NEEDS
from tests.host.systemd.deaths import POINTS, ran, started
from tests.host.systemd.test_start_unit import Beside, beside

__all__ = ("Beside", "beside", "commands")
pytestmark = [pytest.mark.needs(*NEEDS), pytest.mark.timeout(300)]
commands = of_commands.commands
"""A fixture of its own here: what it installs goes with the last test of this file."""


@pytest.mark.parametrize("point", ["LookAtUnit:1:after", "CallUnit:1:after"])
async def test_a_unit_is_started_once(beside, redis_inside, until, point):
    """Looked at, or started already: its successor begins anew, or finds that it runs; it is started once, and the log tells what is known."""
    assert point in POINTS["start_unit"]
    assert await started(beside.machine, redis_inside, until, point)


@pytest.mark.parametrize("point", ["RunCommand:1:before", "RunCommand:1:after"])
async def test_a_command_is_run_once(commands, redis_inside, until, point):
    """Before it was handed over, or after it has run: it is run once, and how it has ended is known."""
    assert point in POINTS["run"]
    assert await ran(commands, redis_inside, until, point)
