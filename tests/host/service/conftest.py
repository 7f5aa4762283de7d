"""A machine for each file of scenes: its rules are those that the file calls RULES, its units have the drop-ins that it calls DROP_INS."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.host.service.installed import AGENT
from tests.host.service.scene import UNITS, Scene, furnish, scene_of
from tests.suites.booted import Booted, boot

NEEDS = ("systemd-nspawn", "mount", "trixie-systemd", "package")
"""For everything here."""


@pytest.fixture(scope="module")
def machine(request: pytest.FixtureRequest) -> Iterator[Booted]:
    """With everything installed and running."""
    with boot() as booted:
        furnish(booted, request.module.RULES, drop_ins=getattr(request.module, "DROP_INS", {}))
        booted.run("systemctl", "start", *UNITS, AGENT)
        yield booted


@pytest.fixture
async def scene(machine: Booted) -> AsyncIterator[Scene]:
    """That machine, for one test; what it then has to say is shown where the test fails."""
    async with scene_of(machine) as one:
        yield one
