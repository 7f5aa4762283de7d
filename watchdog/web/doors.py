"""
Where the agent listens: the file of a unix socket, or an address and a port of TCP.

A file that a dead agent has left is replaced, that of a living one never; the file appears whole, with its rights, in one step. Opening never blocks for longer than the kernel takes.
"""

import contextlib
import grp
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from watchdog.errors import WatchdogError
from watchdog.rulefile.api import LONGEST, ApiSettings
from watchdog.rulefile.page import PageSettings

BACKLOG: Final = 64
_NEW: Final = ".new"
_OWN: Final = 0o600
_SHARED: Final = 0o660


class CantListenError(WatchdogError):
    """It can't be listened there, and why."""


class Open(msgspec.Struct, frozen=True):
    """A socket that listens; `where` is the address that it has, `trouble` is what is not as the config wants it, `is_there` whether who comes still finds it, `shut` puts away what is left of it."""

    sock: socket.socket
    where: str
    trouble: str = ""
    is_there: Callable[[], bool] = lambda: True
    shut: Callable[[], None] = lambda: None


class Doorway(msgspec.Struct, frozen=True):
    """One place: `where` as people read it, `open` opens it or raises `CantListenError`."""

    where: str
    open: Callable[[], Open]


def socket_door(settings: ApiSettings, folder: Path) -> Doorway:
    """The unix socket; a relative path begins at the state folder."""
    path = folder / settings.socket
    return Doorway(str(path), lambda: _open_unix(path, settings.group))


def page_door(settings: PageSettings) -> Doorway:
    """The port of the page."""
    return Doorway(settings.where, lambda: _open_tcp(settings.address, settings.port))


def _open_tcp(address: str, port: int) -> Open:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise CantListenError(_why(error)) from None
    return Open(sock, _shown(*sock.getsockname()[:2]))


def _open_unix(path: Path, group: str) -> Open:
    if len(os.fsencode(path)) > LONGEST:
        raise CantListenError(
            f"its path is longer than {LONGEST} bytes; name a shorter one in the config: api: {{socket: /run/sidekiq-watchdog/api.sock}}"
        )
    _make_room(path)
    new = path.with_name(path.name + _NEW)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        new.unlink(missing_ok=True)
        sock.bind(os.fsencode(new))
        trouble = _give(new, group)
        sock.listen(BACKLOG)
        ours = _identity(new)
        new.rename(path)
    except OSError as error:
        sock.close()
        raise CantListenError(_why(error)) from None
    return Open(sock, str(path), trouble, lambda: _identity(path) == ours, lambda: _remove(path, ours))


def _make_room(path: Path) -> None:
    """Raises `CantListenError` where somebody listens there, or where something lies there that is no socket."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CantListenError("something else than a socket lies there")
    except FileNotFoundError:
        return
    except OSError as error:
        raise CantListenError(_why(error)) from None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(os.fsencode(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return  # whoever made it is dead, and the new one takes its place
        except OSError as error:
            raise CantListenError(f"somebody may listen there: {_why(error)}") from None
    raise CantListenError("another process listens there")


def _give(path: Path, group: str) -> str:
    """To its own user, and to the group where that can be; otherwise what is wrong."""
    path.chmod(_OWN)
    if not group:
        return ""
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
        path.chmod(_SHARED)
    except KeyError:
        return f"there is no group {group}, so only the user of the agent and root may look"
    except PermissionError:
        return f"the user of the agent is not in the group {group}, so only it and root may look"
    return ""


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _remove(path: Path, ours: tuple[int, int] | None) -> None:
    if ours is not None and _identity(path) == ours:
        # Where nothing can be written it stays; whoever opens the door next takes its place.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _shown(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
