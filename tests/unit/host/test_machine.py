"""The host as a whole, from a made-up kernel."""

import os
import time

import msgspec
import pytest

from watchdog.engine.readings import ACCEPTED, reading
from watchdog.host.application import Application
from watchdog.host.boot import here, since_boot
from watchdog.host.machine import Ticks, read_machine, read_ticks
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

FILES = {
    "loadavg": "0.52 1.05 1.11 2/345 6789\n",
    "stat": "cpu  1000 20 300 5000 600 7 8 65 900 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5\n",
    "meminfo": "MemTotal:        4000 kB\nMemFree:          100 kB\nMemAvailable:    1500 kB\nSwapTotal:       1000 kB\nSwapFree:         400 kB\nHugePages_Total:       0\n",
    "pressure/cpu": "some avg10=12.34 avg60=0.00 avg300=0.00 total=5\n",
    "pressure/memory": "some avg10=1.00 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.60 avg60=0.00 avg300=0.00 total=5\n",
    "pressure/io": "some avg10=99.99 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n",
}


def _write(tree, **texts):
    for name, text in (FILES | {name.replace("_", "/"): text for name, text in texts.items()}).items():
        path = tree.proc / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def _read(tree, folder, last=None):
    return read_machine(
        here(name="web1", proc=tree.proc, cgroups=tree.cgroups), folder, at=1_000_000, ticks=read_ticks(tree.proc), last=last
    )


def test_everything_is_read(tree, tmp_path):
    """Load, pressure, memory, disk and boot; what takes two looks is missing at the first."""
    _write(tree)
    told = _read(tree, tmp_path)
    disk = os.statvfs(tmp_path)

    assert {name: told[name] for name in ("name", "cpu", "steal", "load", "load_5m")} == {
        "name": "web1", "cpu": None, "steal": None, "load": 0.52, "load_5m": 1.05,
    }  # fmt: skip
    assert [told[name] for name in ("cpu_pressure", "memory_pressure", "memory_stall", "io_pressure", "io_stall")] == [
        0.12,
        0.01,
        0.01,
        1.0,
        0.0,
    ]
    assert [told[name] // 1024 for name in ("memory", "memory_available", "swap", "swap_used")] == [4000, 1500, 1000, 600]
    assert told["disk"] == disk.f_blocks * disk.f_frsize
    assert 0 < told["disk_free"] <= told["disk"]
    assert abs(told["booted_at"] - (1_000_000 - since_boot())) < 10_000
    asleep = (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)) // 1_000_000
    assert abs(told["slept"] - asleep) <= 1000


def test_every_field_is_delivered(tree, tmp_path):
    """No field of the table is one that nobody delivers, and each reading is of its field's type."""
    _write(tree)
    told = _read(tree, tmp_path, Ticks(1000, 60, 6000))

    application, _ = Application(here(name="web1", proc=tree.proc, cgroups=tree.cgroups)).look({})
    assert set(told) | set(application) == {spec.slot for spec in BY_KIND[Kind.HOST].values()}
    assert all(reading(value, ACCEPTED[Kind.HOST][slot]) is not MISSING for slot, value in told.items())


def test_processor_between_two_looks(tree, tmp_path):
    """Waiting for a disk is idling; what the hypervisor gave to others is told by itself."""
    _write(tree)
    first = read_ticks(tree.proc)
    _write(tree, stat="cpu  1040 20 310 5020 610 7 8 85 999 0\n")
    told = _read(tree, tmp_path, first)

    assert first == Ticks(1335, 65, 7000)
    assert (told["cpu"], told["steal"]) == (0.5, 0.2)


@pytest.mark.parametrize("last", [Ticks(1335, 65, 7000), Ticks(9000, 65, 6000), Ticks(0, 0, 8000)])
def test_figures_that_can_not_be(tree, tmp_path, last):
    """No time passed, or it ran backwards: no share."""
    _write(tree)

    assert _read(tree, tmp_path, last)["cpu"] is None


@pytest.mark.parametrize("text", ["", "\n", "x y z\n", f"cpu {2**63} 0 0 0 0 0 0 0\n", "9" * 5000 + "\n", "cpu 1 2\n", "0.52"])
def test_garbage_is_missing(tree, tmp_path, text):
    """Files that are not what proc(5) describes give missing readings, and nothing else."""
    garbage = {name.replace("/", "_"): text for name in FILES}
    _write(tree, **garbage)
    told = _read(tree, tmp_path / "no such folder", Ticks(0, 0, 0))

    assert {name for name, value in told.items() if value is not None} == {"name", "cores", "booted_at", "slept"}
    assert msgspec.json.decode(msgspec.json.encode(told)) == told


def test_kernel_without_pressure(tree, tmp_path):
    """A kernel that measures no pressure, or only some of it, leaves the rest readable."""
    _write(tree)
    for name in ("cpu", "io"):
        (tree.proc / "pressure" / name).unlink()
    told = _read(tree, tmp_path)

    assert (told["cpu_pressure"], told["io_stall"], told["memory_pressure"], told["load"]) == (None, None, 0.01, 0.52)
