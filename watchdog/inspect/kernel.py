"""
The two system calls that need CAP_SYS_PTRACE and that Python does not know: process_vm_readv(2) and pidfd_getfd(2).

Both only read. Neither stops the process, and neither is noticed by it.
"""

import ctypes
import errno
import os
from typing import Final

from watchdog.inspect.refusals import RefusedError

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_PIDFD_GETFD: Final = 438  # include/uapi/asm-generic/unistd.h; the same on every architecture that Debian has


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_READ: Final = _LIBC.process_vm_readv
_READ.restype = ctypes.c_ssize_t
_READ.argtypes = (
    ctypes.c_int, ctypes.POINTER(_Iovec), ctypes.c_ulong, ctypes.POINTER(_Iovec), ctypes.c_ulong, ctypes.c_ulong,
)  # fmt: skip
_SYSCALL: Final = _LIBC.syscall
_SYSCALL.restype = ctypes.c_long


def read_into(buffer: bytearray, pid: int, address: int, size: int) -> int:
    """
    Copy up to `size` bytes of that process into the beginning of the buffer; how many they were.

    Fewer, or none, where a page can't be read. Raises `RefusedError` where the process can't be.
    """
    assert 0 < size <= len(buffer)
    here = _Iovec(ctypes.addressof(ctypes.c_char.from_buffer(buffer)), size)
    there = _Iovec(address, size)
    count: int = _READ(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if count >= 0:
        return count
    number = ctypes.get_errno()
    if number in {errno.EFAULT, errno.ENOMEM, errno.EIO}:
        return 0
    raise refusal(number, pid)


def read(pid: int, address: int, size: int) -> bytearray:
    """Up to `size` bytes from there, as far as they can be read."""
    buffer = bytearray(size)
    if size:
        del buffer[read_into(buffer, pid, address, size) :]
    return buffer


def copy_descriptor(pidfd: int, number: int, pid: int) -> int | None:
    """A descriptor of our own for an open file of that process, for whoever closes it; None if it has none by that number."""
    copy: int = _SYSCALL(_PIDFD_GETFD, pidfd, number, 0)
    if copy >= 0:
        return copy
    if (error := ctypes.get_errno()) == errno.EBADF:
        return None
    raise refusal(error, pid)


def refusal(number: int, pid: int) -> RefusedError:
    """What an error of the kernel means for a request about that process."""
    match number:
        case errno.EPERM | errno.EACCES:
            return RefusedError("no-right", str(pid))
        case errno.ESRCH | errno.ENOENT:
            return RefusedError("left", str(pid))
        case errno.ENOSYS:
            return RefusedError("no-support", os.strerror(number))
    return RefusedError("failed", os.strerror(number))
