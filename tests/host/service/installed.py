"""How the agent gets onto the machine of the scenes: the package, as anybody installs it. The scenes know nothing of it but these names."""

from typing import Final

from tests.suites import package
from tests.suites.booted import Booted

AGENT: Final = "sidekiq-watchdog"
"""The name of the package, the command, the user and the unit."""
CONFIG: Final = "/etc/sidekiq-watchdog"


def install(machine: Booted) -> None:
    """Nothing runs yet, for want of a config."""
    package.install(machine)
