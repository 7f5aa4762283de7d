"""A machine for each file of scenes: its rules are those that the file calls RULES."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.host.service.installed import AGENT
from tests.host.service.scene import UNITS, Scene, furnish
from tests.suites.booted import Booted, boot

NEEDS = ("systemd-nspawn", "mount", "trixie-systemd")
"""For everything here."""


@pytest.fixture(scope="module")
def machine(request: pytest.FixtureRequest) -> Iterator[Booted]:
    """With everything installed and running."""
    with boot() as booted:
        if why := booted.why_no_python():
            pytest.skip(f"this machine's Python does not run in the suite: {why}")
        furnish(booted, request.module.RULES)
        booted.run("systemctl", "start", *UNITS, AGENT)
        yield booted


@pytest.fixture
async def scene(machine: Booted) -> AsyncIterator[Scene]:
    """That machine, for one test; what it then has to say is shown where the test fails."""
    one = await Scene(machine).open()
    yield one
    print(one.journal())
    await one.aclose()
