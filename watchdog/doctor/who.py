"""
As whom the agent runs, and how to look at things as that user.

What root may says nothing about what the agent may, so root gives up its rights in a child before anything is looked at: whatever is then refused is refused
by the kernel, by Redis' socket, by polkit, as it would be to the agent.
"""

import grp
import os
import pwd
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from watchdog.errors import WatchdogError
from watchdog.host.boot import PROC
from watchdog.host.files import number, read_whole, table
from watchdog.store.lock import is_running

NAME: Final = "sidekiq-watchdog"
"""The user that the package makes."""
KILL: Final = 1 << 5  # CAP_KILL of linux/capability.h


class ChildFailedError(WatchdogError):
    """What was to be looked at as another user could not be."""


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's user. `known_by` says how that is known, `is_known` whether it is at all, `capabilities` are the bits that the agent has or would have beside the user's rights."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str
    known_by: str
    capabilities: int = 0
    is_known: bool = True

    @property
    def may_signal(self) -> bool:
        """Whether the agent may signal anybody's processes."""
        return self.uid == 0 or bool(self.capabilities & KILL)


class Running(msgspec.Struct, frozen=True):
    """An agent that runs: its rights as the kernel has them."""

    pid: int
    uid: int
    gid: int
    groups: tuple[int, ...]
    capabilities: int


def running(state: Path | None, proc: Path = PROC) -> Running | None:
    """
    The agent that holds that state folder, as /proc shows it; None where there is none that this user could see.

    It is the owner of the folder: another process with that pid is one of another container, or root, who orders something by hand.
    """
    try:
        pid = is_running(state) if state is not None else None
        if state is None or not pid:
            return None
        status = table(read_whole(f"{proc}/{pid}/status"))
        uid, gid = (number(status[name].split()[1]) for name in (b"Uid", b"Gid"))
        groups = tuple(map(number, status[b"Groups"].split()))
        if state.stat().st_uid != uid:
            return None
        return Running(pid, uid, gid, groups, int(status[b"CapEff"].strip(), 16))
    except (OSError, ValueError, LookupError):
        return None


def agents_user(agent: Running | None, unit: Mapping[str, Any], state: Path | None) -> Who:
    """Whom to look as: by the running agent, by the unit (its properties), by the state folder, by the usual name, or whoever asks."""
    if agent is not None:
        return Who(
            uid=agent.uid,
            gid=agent.gid,
            groups=agent.groups,
            name=_name(agent.uid),
            known_by="the running agent",
            capabilities=agent.capabilities,
        )
    ambient = capabilities if isinstance(capabilities := unit.get("AmbientCapabilities"), int) else 0
    named = unit.get("User") if unit.get("LoadState") == "loaded" else None
    if isinstance(named, str) and (user := _user(named)) is not None:
        more = tuple(group for one in unit.get("SupplementaryGroups") or () if (group := _group(one)) is not None)
        return _who(user, "User= of its unit", ambient, more)
    if named == "" and not unit.get("DynamicUser"):
        return _who(pwd.getpwuid(0), "its unit, which names no user")
    owner = _owner(state)
    for user, known_by in ((_by_uid(owner), "the owner of the state folder"), (_user(NAME), "the usual name")):
        if user is not None and user.pw_uid != 0:
            return _who(user, known_by, ambient)
    return myself()


def myself() -> Who:
    """Whoever asks."""
    groups = tuple(os.getgroups())
    own = int(table(read_whole(f"{PROC}/self/status"))[b"CapEff"].strip(), 16)
    return Who(
        uid=os.geteuid(),
        gid=os.getegid(),
        groups=groups,
        name=_name(os.geteuid()),
        known_by="whoever asks",
        capabilities=own,
        is_known=False,
    )


def as_user(who: Who, work: Callable[[], bytes]) -> bytes:
    """What `work` gives in a child with the rights of that user alone; for root, which loses nothing by it. Raises `ChildFailedError`."""
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reader)
            os.setgroups(who.groups)
            os.setresgid(who.gid, who.gid, who.gid)
            os.setresuid(who.uid, who.uid, who.uid)
            with os.fdopen(writer, "wb") as out:
                out.write(work())
            code = 0
        finally:
            if code:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise ChildFailedError(f"what was to be looked at as {who.name} could not be: the child ended with {code}")
    return said


def _who(user: pwd.struct_passwd, known_by: str, capabilities: int = 0, more: tuple[int, ...] = ()) -> Who:
    groups = {*os.getgrouplist(user.pw_name, user.pw_gid), *more}
    return Who(
        uid=user.pw_uid,
        gid=user.pw_gid,
        groups=tuple(sorted(groups)),
        name=user.pw_name,
        known_by=known_by,
        capabilities=capabilities,
    )


def _name(uid: int) -> str:
    user = _by_uid(uid)
    return user.pw_name if user is not None else f"uid {uid}"


def _by_uid(uid: int | None) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid) if uid is not None else None
    except KeyError:
        return None


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        return None


def _group(name: str) -> int | None:
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _owner(state: Path | None) -> int | None:
    try:
        return state.stat().st_uid if state is not None else None
    except OSError:
        return None
