"""How the agent gets onto the machine of the scenes. The scenes know nothing of it but these names."""

import shutil
from typing import Final

from tests.suites.booted import CHECKOUT, INTERPRETER, Booted

AGENT: Final = "sidekiq-watchdog"
"""The name of the command, the user and the unit."""
CONFIG: Final = "/etc/sidekiq-watchdog"
_PROGRAMS: Final = {AGENT: "watchdog.cli", f"{AGENT}-inspect": "watchdog.inspect.program"}
_PLACES: Final = {
    "sidekiq-watchdog.service": "/usr/lib/systemd/system/sidekiq-watchdog.service",
    "sidekiq-watchdog-inspect.socket": "/usr/lib/systemd/system/sidekiq-watchdog-inspect.socket",
    "sidekiq-watchdog-inspect.service": "/usr/lib/systemd/system/sidekiq-watchdog-inspect.service",
    "sysusers.conf": "/usr/lib/sysusers.d/sidekiq-watchdog.conf",
    "tmpfiles.conf": "/usr/lib/tmpfiles.d/sidekiq-watchdog.conf",
    "polkit.rules": "/usr/share/polkit-1/rules.d/50-sidekiq-watchdog.rules",
    "inspect.toml": f"{CONFIG}/inspect.toml",
}
"""Where each file of `packaging/` goes."""


def install(machine: Booted) -> None:
    """Everything of `packaging/` lies in its place, and this very checkout as the program; nothing runs yet."""
    for name, place in _PLACES.items():
        machine.write(place, "")
        shutil.copy(CHECKOUT / "packaging" / name, machine.root / place.lstrip("/"))
    environment = " ".join(f"{key}={value}" for key, value in Booted.environment().items())
    for name, module in _PROGRAMS.items():
        call = f"import sys; from {module} import main; sys.exit(main())"
        path = f"/opt/sidekiq-watchdog/bin/{name}"
        machine.write(path, f"#!/bin/sh\nexec env {environment} {INTERPRETER} -c '{call}' \"$@\"\n")
        machine.run("chmod", "755", path)
    machine.run("ln", "-s", f"/opt/sidekiq-watchdog/bin/{AGENT}", f"/usr/bin/{AGENT}")
    machine.run("systemd-sysusers")
    machine.run("systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/sidekiq-watchdog.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "try-restart", "polkit")
