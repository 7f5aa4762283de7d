"""
The machine as a whole: load, pressure, memory, disk, and the time that it has slept.

The counterpart of `sample.py` for the machine. What its kernel does not tell (pressure came with Linux 4.20 and can be switched off) is None.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from watchdog.host.boot import Here, since_boot
from watchdog.host.files import GREATEST, kibibytes, number, read_whole, table

T = TypeVar("T")

_CANT: Final = (OSError, ValueError, LookupError)
_PRESSURES: Final = {
    "cpu_pressure": ("cpu", b"some"),
    "memory_pressure": ("memory", b"some"),
    "memory_stall": ("memory", b"full"),
    "io_pressure": ("io", b"some"),
    "io_stall": ("io", b"full"),
}
_IDLE: Final = slice(3, 5)  # idle and iowait, of the line `cpu` in /proc/stat
_STEAL: Final = 7
_COUNTED: Final = 8  # what follows (guest) is contained in these


class Ticks(msgspec.Struct, frozen=True):
    """What all cores together have spent since the boot, in ticks: with work, taken by the hypervisor, all in all."""

    busy: int
    stolen: int
    total: int


def read_machine(here: Here, folder: Path, *, at: int, ticks: Ticks | None, last: Ticks | None) -> dict[str, Any]:
    """The readings by slot. `folder` is the one whose disk matters; `ticks` are those of now, `last` those of the look before. Never raises."""
    busy = ticks.busy - last.busy if ticks and last else 0
    stolen = ticks.stolen - last.stolen if ticks and last else 0
    total = ticks.total - last.total if ticks and last else 0
    slept = since_boot() - time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000_000
    return {
        "name": here.name,
        "cores": float(os.cpu_count() or 1),
        "cpu": _part(busy, total),
        "steal": _part(stolen, total),
        **_or({"load": None, "load_5m": None}, lambda: _load(here.proc)),
        **{slot: _pressure(here.proc, *where) for slot, where in _PRESSURES.items()},
        **_memory(here.proc),
        **_or({"disk": None, "disk_free": None}, lambda: _disk(folder)),
        "booted_at": at - since_boot(),
        "slept": max(0, slept),
    }


def read_ticks(proc: Path) -> Ticks | None:
    """The first line of /proc/stat; None where it can't be read."""

    def ticks() -> Ticks | None:
        word, *columns = read_whole(f"{proc}/stat").split(b"\n", 1)[0].split()
        counts = [number(column) for column in columns[:_COUNTED]]
        if word != b"cpu" or len(counts) < _COUNTED:
            return None
        return Ticks(sum(counts) - sum(counts[_IDLE]) - counts[_STEAL], counts[_STEAL], sum(counts))

    return _or(None, ticks)


def _part(some: int, total: int) -> float | None:
    return round(some * 100 / total) / 100 if total > 0 and 0 <= some <= total else None


def _load(proc: Path) -> dict[str, Any]:
    one, five = read_whole(f"{proc}/loadavg").split()[:2]
    return {"load": _float(one), "load_5m": _float(five)}


def _pressure(proc: Path, resource: str, kind: bytes) -> float | None:
    """The share of the last ten seconds in which somebody (`some`) or everybody (`full`) had to wait for that."""

    def share() -> float | None:
        for line in read_whole(f"{proc}/pressure/{resource}").split(b"\n"):
            if line.startswith(kind + b" avg10="):
                return round(_float(line.split()[1].removeprefix(b"avg10="))) / 100
        return None

    return _or(None, share)


def _memory(proc: Path) -> dict[str, Any]:
    nothing: dict[bytes, bytes] = {}
    lines = _or(nothing, lambda: table(read_whole(f"{proc}/meminfo")))

    def size(name: bytes) -> int | None:
        return _or(None, lambda: kibibytes(lines[name]))

    swap, free = size(b"SwapTotal"), size(b"SwapFree")
    return {
        "memory": size(b"MemTotal"),
        "memory_available": size(b"MemAvailable"),
        "swap": swap,
        "swap_used": None if swap is None or free is None else max(0, swap - free),
    }


def _disk(folder: Path) -> dict[str, Any]:
    disk = os.statvfs(folder)
    # What only root may fill does not count as free: the agent can't.
    return {"disk": _bounded(disk.f_blocks * disk.f_frsize), "disk_free": _bounded(disk.f_bavail * disk.f_frsize)}


def _bounded(size: int) -> int | None:
    return size if 0 <= size <= GREATEST else None


def _float(text: bytes) -> float:
    """A figure with decimals; raises ValueError for what the kernel can't have written."""
    whole, _, rest = text.partition(b".")
    return number(whole) + number(rest) / 10 ** len(rest) if rest else float(number(whole))


def _or(otherwise: T, reading: Callable[[], T]) -> T:
    try:
        return reading()
    except _CANT:
        return otherwise
