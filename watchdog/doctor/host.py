"""The host: its clock, and what it shows of processes."""

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, doubtful, fine, passed_over
from watchdog.host.proc import read_process

_UNSYNCHRONISED: Final = 0x0040  # STA_UNSYNC of linux/timex.h
_TIMEX: Final = (
    256  # bytes, more than struct timex has; `modes` 0 only reads, and `status` stands behind four longs and the padding of `modes`
)
_STATUS_AT: Final = 5 * ctypes.sizeof(ctypes.c_long)


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area."""
    return {"host-clock": clock_of(kernels_clock()), "host-processes": processes_of(exam.places.proc, uid=exam.who.uid)}


def kernels_clock() -> int | None:
    """The status of the kernel's clock (adjtimex(2)), None where it is not told."""
    timex = ctypes.create_string_buffer(_TIMEX)
    if ctypes.CDLL(None, use_errno=True).adjtimex(timex) < 0:
        return None
    return ctypes.c_int.from_buffer(timex, _STATUS_AT).value


def clock_of(status: int | None) -> Found:
    """Whether somebody keeps it in time."""
    if status is None:
        return passed_over("the kernel does not tell")
    if status & _UNSYNCHRONISED:
        return doubtful("the clock of this host is kept in time by nobody", "timedatectl set-ntp true; or install chrony")
    return fine("the clock of this host is kept in time")


def processes_of(proc: Path, *, uid: int) -> Found:
    """Whether that user, who is the one that looks, can see the first process, which is root's."""
    if uid != 0 and read_process(1, proc) is None:
        return bad(
            "the agent's user does not see the processes of others in /proc",
            "mount -o remount,hidepid=0 /proc; ProtectProc=default in its unit",
        )
    return fine("the processes of all users can be seen")
