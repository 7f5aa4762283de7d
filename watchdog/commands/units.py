"""
The units that carry commands out: one template of each command, written by root from commands.toml.

All that is in one comes from values of which `model.named.reading` allows no sign that means something to systemd.
"""

from pathlib import Path
from typing import Final, NamedTuple

from watchdog.model.named.definitions import Definition
from watchdog.model.named.handing_over import unit_of
from watchdog.model.named.reading import Definitions

UNITS: Final = Path("/etc/systemd/system")
MARK: Final = "# Written by sidekiq-watchdog-command install. What is changed here is lost: change commands.toml, and install again.\n"
_PATTERN: Final = unit_of("*")
_UNIT: Final = (
    MARK
    + """\
[Unit]
Description=Command {name} of sidekiq-watchdog
# One that has failed leaves nothing behind but its lines in the journal.
CollectMode=inactive-or-failed

[Service]
Type=oneshot
User={user}
WorkingDirectory={directory}
ExecStart={program} run --config {config} {name} %i
TimeoutStartSec={timeout}
TimeoutStopSec=10
KillMode=control-group
# Python must take nothing from the environment or the current folder; the command gets an environment of its own.
Environment=PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1

# Its user's rights and nothing above them.
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=full
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
LimitCORE=0
"""
)


class Places(NamedTuple):
    """Where everything is: this program, its definitions, and the folder of the units."""

    program: Path
    config: Path
    units: Path = UNITS


class Change(NamedTuple):
    """One file: `text` is what is to stand there, None for none at all."""

    path: Path
    text: str | None

    @property
    def word(self) -> str:
        """What is done to it."""
        return "removed" if self.text is None else "written"


def unit_text(definition: Definition, places: Places) -> str:
    """The unit of that command."""
    return _UNIT.format(
        name=definition.name, user=definition.user, directory=definition.directory, timeout=definition.timeout, program=places.program,
        config=places.config,
    )  # fmt: skip


def changes(definitions: Definitions, places: Places) -> list[Change]:
    """What is to be done so that there is one unit for each command and none beside; raises OSError."""
    wanted: dict[Path, str | None] = {
        places.units / unit_of(definition.name): unit_text(definition, places) for definition in definitions.commands.values()
    }
    for path in places.units.glob(_PATTERN):
        if path not in wanted and path.is_file() and path.read_text(errors="replace").startswith(MARK):
            wanted[path] = None
    return [Change(path, text) for path, text in sorted(wanted.items()) if _stands(path) != text]


def carry_out(change: Change) -> None:
    """Write the file whole or not at all, or remove it; raises OSError."""
    if change.text is None:
        change.path.unlink()
        return
    new = change.path.with_name(f".{change.path.name}.new")
    new.write_text(change.text)
    new.chmod(0o644)
    new.replace(change.path)


def _stands(path: Path) -> str | None:
    return path.read_text(errors="replace") if path.is_file() else None
