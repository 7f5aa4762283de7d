"""The state folder: whose it is, its room, and what lies in it."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, Health, bad, counted, doubtful, fine, passed_over
from watchdog.doctor.told import Told, read_told
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.store.aside import room_of
from watchdog.store.failures import StateTooNewError, StoreDamagedError, StoreError
from watchdog.store.opening import DATABASE, examine

LEAST: Final = 100_000_000
"""Bytes without which nothing can be relied upon."""
FOR_THE_REST: Final = 200_000_000
"""Bytes for database, evidence and flight records, beside the trace."""
_TRACE: Final = "trace"
_OF_AN_AGENT: Final = ("state-database", "state-doubt", "state-aside")


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    state = exam.state
    if state is None or exam.settings is None:
        return {}
    folder = folder_of(state, exam.who.uid, exam.who.name)
    grows = exam.settings.trace.most if exam.settings.trace.keep else 0
    if folder.health is Health.OK and not state.is_dir():
        later = passed_over("no agent has written anything yet")
        return {"state-folder": folder, "state-disk": _disk(_nearest(state), grows), **dict.fromkeys(_OF_AN_AGENT, later)}
    if not state.is_dir() or not os.access(state, os.R_OK | os.X_OK):
        return {"state-folder": folder}
    return {
        "state-folder": folder,
        "state-disk": _disk(state, grows),
        "state-database": _database(state),
        "state-doubt": doubt_of(_told(state), str(exam.path)),
        "state-aside": _aside(state),
    }


def folder_of(state: Path, uid: int, name: str) -> Found:
    """How that folder is for this user, who is the one that looks."""
    install = f"install -d -m 0700 -o {name} {state}"
    try:
        about = state.stat()
    except FileNotFoundError:
        if os.access(_nearest(state), os.W_OK | os.X_OK):
            return fine(f"{state} is not there yet; the agent makes it at its first start")
        return bad(f"{state} is not there, and {name} can't make it", install)
    except OSError as error:
        return bad(f"{state} can't be looked at by {name}: {_why(error)}", install)
    if not stat.S_ISDIR(about.st_mode):
        return bad(f"{state} is no folder", f"rename it, then {install}")
    if about.st_uid != uid:
        return bad(f"{state} belongs to uid {about.st_uid}, not to {name}", f"chown -R {name} {state}")
    if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        return bad(f"{name} can't write to {state}", f"chmod 0700 {state}; is it on a disk that is mounted read-only?")
    if about.st_mode & 0o077:
        return doubtful(f"{state} can be read by others (its mode is {stat.S_IMODE(about.st_mode):04o})", f"chmod 0700 {state}")
    return fine(f"{state} is {name}'s alone")


def _nearest(path: Path) -> Path:
    """The nearest folder above that is there."""
    return next(parent for parent in path.parents if parent.exists())


def _disk(state: Path, most: int) -> Found:
    disk = os.statvfs(state)
    return disk_of(state, free=disk.f_bavail * disk.f_frsize, grows=max(0, most - _size(state / _TRACE)))


def disk_of(state: Path, *, free: int, grows: int) -> Found:
    """How that much room is, in bytes, where the trace may grow by so much."""
    says = f"{display(free, Type.SIZE)} are free on the disk of {state}"
    if free < LEAST:
        return bad(says, "make room")
    if free < grows + FOR_THE_REST:
        return doubtful(f"{says}; the trace alone may grow by {display(grows, Type.SIZE)}", "give it less in the config: trace: {most: …}")
    return fine(says)


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:
        # Not there yet, or one went meanwhile: then it may grow by what it may take in all.
        return 0


def _database(state: Path) -> Found:
    path = state / DATABASE
    if not path.exists():
        return passed_over("no agent has written anything yet")
    try:
        examine(path)
    except StoreDamagedError as error:
        return bad(str(error), f"cp -a {state} {state}.kept; the next start sets it aside and begins a new one")
    except StateTooNewError as error:
        return bad(str(error), "install the later version again")
    except StoreError as error:
        return bad(str(error), f"ls -la {state}")
    return fine(f"{path.name}, {display(path.stat().st_size, Type.SIZE)}, shows no damage")


def doubt_of(told: Told | None, config: str) -> Found:
    """Whether it relies on its memory, by what it last said."""
    if told is None:
        return passed_over("no agent has written anything yet")
    if told.doubt is not None and told.doubt.reasons:
        return doubtful(f"in doubt: {'; '.join(told.doubt.reasons)}", f'sidekiq-watchdog adopt --config {config} --reason "…"')
    return fine("its memory belongs to this machine and this Redis")


def _told(state: Path) -> Told | None:
    try:
        return read_told(state)
    except (StoreError, msgspec.MsgspecError):
        # `state-database` and `agent` say what is wrong with it.
        return None


def _aside(state: Path) -> Found:
    count, size = room_of(state)
    if not count:
        return fine("none was ever damaged")
    return doubtful(f"{counted(count, 'damaged database')} set aside, {size / (1 << 20):.1f} MB", f"look at {state}/{DATABASE}.broken-*")


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
