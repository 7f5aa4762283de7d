"""
Orders on their way to the agent: one file each in the folder `orders` of the state folder, from whoever may write there.

Who gives one writes it whole or not at all, and waits for what the audit log says of it; the agent removes it once it has been committed. The agent dies in between: it
finds the file again, and knows the order by its id.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from watchdog.errors import WatchdogError
from watchdog.model.told import OperatorWithdrew, Told
from watchdog.store.failures import NoStateError, StoreError

FOLDER: Final = "orders"
LARGEST: Final = 65_536
"""Bytes of an order."""
_ORDER: Final = ".order"
_TAKEN: Final = ".taken"
_WITHDRAWAL: Final = ".withdrawal"

_DECODER: Final = msgspec.json.Decoder(Told)


class BadOrderError(WatchdogError):
    """A file among the orders that is none."""


def lay_down(state: Path, told: Told) -> None:
    """
    Leave it for the agent; it is on the disk when this returns.

    Given as root it belongs to whom the state folder belongs to, or the agent could not read it. Raises `NoStateError` or `StoreError`.
    """
    ending = _WITHDRAWAL if isinstance(told, OperatorWithdrew) else _ORDER
    folder = state / FOLDER
    try:
        if not state.is_dir():
            raise NoStateError(state)
        owner = state.stat()
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            _give(folder, owner)
        draft = folder / f".{told.id}{ending}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor)
            file.write(msgspec.json.encode(told))
            file.flush()
            os.fsync(descriptor)
        _give(draft, owner)
        draft.rename(folder / f"{told.id}{ending}")
    except OSError as error:
        raise StoreError(
            f"no order can be left in {folder}: {(error.strerror or '').lower()}; order as the agent's user or as root"
        ) from error


def take_back(state: Path, order: str) -> bool:
    """Remove an order that nobody has taken yet; False if the agent has it."""
    try:
        (state / FOLDER / f"{order}{_ORDER}").unlink()
    except FileNotFoundError:
        return False
    return True


def claim(path: Path) -> Path | None:
    """From now on nobody can take it back; where it lies then, None if it has been taken back. Raises `OSError`."""
    if path.suffix != _ORDER:
        return path
    try:
        return path.rename(path.with_suffix(_TAKEN))
    except FileNotFoundError:
        return None


def lying(state: Path) -> list[Path]:
    """What lies there, an order before its withdrawal. Raises `OSError` where the folder can't be read."""
    try:
        names = os.listdir(state / FOLDER)  # noqa: PTH208  (twice a second, and mostly there is nothing)
    except FileNotFoundError:
        return []
    return [state / FOLDER / name for name in sorted(names) if name.endswith((_ORDER, _TAKEN, _WITHDRAWAL)) and not name.startswith(".")]


def read_order(path: Path) -> Told:
    """What is written in it. Raises `BadOrderError`; never waits, whatever kind of file it is."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123  (a descriptor)
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadOrderError(f"{path.name} can't be read: {(error.strerror or '').lower()}") from error
    try:
        if len(data) > LARGEST:
            raise BadOrderError(f"{path.name} is larger than any order")
        told: Told = _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise BadOrderError(f"{path.name} is no order of this version: {error}") from error
    return told


def _give(path: Path, owner: os.stat_result) -> None:
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
