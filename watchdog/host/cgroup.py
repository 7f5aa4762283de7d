"""
What a process' control groups say: its systemd unit, and whether somebody has frozen it.

Reads version 1, version 2 and both side by side (cgroups(7)). A group that can't be read counts as not
frozen: the freezer of another namespace is out of sight, and that must not stop a recovery.
"""

from pathlib import Path
from typing import Final

_GONE: Final = " (deleted)"


def unit(listing: str) -> str:
    """
    The systemd service that a process belongs to, from its /proc/PID/cgroup; '' if there is none.

    It is the innermost `*.service` of the path; what lies below it was delegated to the service. A scope inside
    (a login, a container, `systemd-run --scope`) is a unit of its own, and the service around it is not meant.
    systemd puts `_` before names that would collide with the kernel's.
    """
    found = paths(listing)
    for path in (found.get("name=systemd", ""), found.get("", "")):
        for part in reversed(path.removesuffix(_GONE).split("/")):
            name = part.removeprefix("_")
            if name.endswith(".service") and name != ".service":
                return name
            if name.endswith((".scope", ".slice")):
                break
    return ""


def frozen(listing: str, cgroups: Path) -> bool:
    """Whether the group is frozen or being frozen, by itself or with one around it; `cgroups` is where groups are mounted."""
    found = paths(listing)
    unified, freezer = found.get(""), found.get("freezer")
    if unified is not None:
        for mount in (cgroups, cgroups / "unified"):
            group = mount / unified.lstrip("/")
            if "frozen 1" in _lines(group / "cgroup.events") or "1" in _lines(group / "cgroup.freeze"):
                return True
    return freezer is not None and _lines(cgroups / "freezer" / freezer.lstrip("/") / "freezer.state") in (["FROZEN"], ["FREEZING"])


def paths(listing: str) -> dict[str, str]:
    """Controller → path; the unified hierarchy of version 2 is the one without controllers."""
    found: dict[str, str] = {}
    for line in listing.splitlines():
        _, _, rest = line.partition(":")
        controllers, colon, path = rest.partition(":")
        if colon:
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").split("\n")[:-1]
    except (OSError, ValueError):
        return []
