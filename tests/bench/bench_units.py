"""
What following units costs: 5 and 50 services of a real systemd that is booted for it, and what the library costs that speaks with it.

The figures for a death hold the start of the command that kills, too. Beside it stands `systemctl show` of the same units, which a watcher without D-Bus would have to run at each look.
"""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.rows import Row
from tests.suites import debian
from tests.suites.booted import Booted, boot
from watchdog.clock import Clock
from watchdog.host.systemd.session import EVERY
from watchdog.host.systemd.watch import Units
from watchdog.model.events import Body, Observed

READINGS = 10
DEATHS = 20
SERVICE = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 10000\nRestart=always\nRestartSec=1ms\n"
IMPORTED = """
import resource, time
import watchdog.daemon.agent
rss = lambda: int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
memory, began = rss(), time.process_time()
import dbus_fast.aio
print((time.process_time() - began) * 1000, (rss() - memory) / 1024)
"""


def spent_by(pid: int) -> float:
    """Milliseconds of a core that a process has used."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def follow(machine: Booted, number: int) -> list[Row]:
    """That many units."""
    names = [f"mastodon-sidekiq@{each}.service" for each in range(number)]
    machine.run("systemctl", "start", *names)
    told: list[Body] = []
    moved = asyncio.Event()

    def take(body: Body) -> None:
        told.append(body)
        moved.set()

    async def until(count: int) -> None:
        while sum(isinstance(body, Observed) and body.complete for body in told) < count:
            moved.clear()
            await moved.wait()

    units = Units(("mastodon-sidekiq*",), clock=Clock(), emit=take, own="", where=machine.bus)
    task = asyncio.create_task(units.run())
    await until(1)

    init = spent_by(machine.pid)
    before = time.thread_time()
    for count in range(READINGS):
        units.mean(("mastodon-sidekiq*",))
        await until(count + 2)
    reading = (time.thread_time() - before) * 1000 / READINGS
    theirs = (spent_by(machine.pid) - init) / READINGS
    every = (EVERY + 0.5 * number) * 1000

    events, before = len(told), time.thread_time()
    for _ in range(DEATHS):
        restarts = len(told)
        machine.run("systemctl", "kill", "--signal=KILL", names[0])
        while not any("restarts" in change.fields for body in told[restarts:] for change in body.changes):  # type: ignore[union-attr]
            moved.clear()
            await moved.wait()
    await asyncio.sleep(0.2)  # sleeps on purpose: what still comes of the last one is counted, too
    death = (time.thread_time() - before) * 1000 / DEATHS
    deltas = (len(told) - events) / DEATHS
    task.cancel()

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    shown = []
    for _ in range(5):
        machine.run("systemctl", "show", *names)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        shown.append((after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime) * 1000)
        children = after
    machine.run("systemctl", "stop", *names)
    beside = statistics.median(shown)
    what = f"{number} units"
    return [
        Row(what=f"{what}: everything read once", value=reading, unit="ms", beside=beside, beside_what="systemctl show"),
        Row(what=f"{what}: the same, for systemd", value=theirs, unit="ms", beside=reading, beside_what="for us"),
        Row(what=f"{what}, idle: part of a core", value=reading / every * 100, unit="%", beside=beside / 5_000 * 100, beside_what="systemctl show each 5 s", goal="≤ 0.1 %"),
        Row(what=f"{what}: one death and start again", value=death, unit="ms", beside=reading, beside_what="everything read once"),
        Row(what=f"{what}: events for that", value=deltas, unit="", beside=float(len(told)) / len(told), beside_what="one"),
    ]  # fmt: skip


async def main() -> list[Row]:
    """A few, and many; then the library."""
    if why := debian.why_not("trixie-systemd"):
        sys.exit(f"there is no systemd to boot: {why}")
    with boot() as machine:
        machine.unit("mastodon-sidekiq@.service", SERVICE)
        rows = [row for number in (5, 50) for row in await follow(machine, number)]
    milliseconds, mebibytes = map(float, subprocess.run([sys.executable, "-c", IMPORTED], check=True, capture_output=True).stdout.split())
    return [
        *rows,
        Row(what="dbus-fast: time to import", value=milliseconds, unit="ms", beside=1000.0, beside_what="start to first decision"),
        Row(what="dbus-fast: memory", value=mebibytes, unit="MiB", beside=70.0, beside_what="goal for the agent"),
    ]
