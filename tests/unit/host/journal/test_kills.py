"""Who was killed for want of memory, by the words of the kernel and of systemd."""

from typing import Any

import pytest

from watchdog.host.journal.command import STARVED, Selection, backwards
from watchdog.host.journal.kills import LATELY, Death, tells_of_a_kill
from watchdog.host.log_source import BOUNDS
from watchdog.model.log_lines import Extent, LinesLost, LogLine, ReadEnd

NOW = 1_795_700_000_000
BEGAN = NOW - 3_600_000
UNIT = "mastodon-sidekiq.service"
DEATH = Death(4242, UNIT, "b", BEGAN)
KERNEL = "Memory cgroup out of memory: Killed process {} (ruby) total-vm:1048576kB, anon-rss:900000kB, file-rss:0kB, shmem-rss:0kB, UID:991 pgtables:2000kB oom_score_adj:0"
SYSTEMD = f"{UNIT}: A process of this unit has been killed by the OOM killer."


class Told:
    """A log that holds these entries."""

    drops = True

    def __init__(self, *entries):
        self.entries = entries

    async def backwards(self, take, *, bounds=BOUNDS):
        for entry in self.entries:
            if take(entry):
                return Extent(ReadEnd.ANSWERED)
        return Extent(ReadEnd.BEGINNING)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ((), False),
        ((LogLine(KERNEL.format(4242), NOW - 200),), True),
        ((LogLine("Out of memory: Killed process 4242 (bundle) total-vm:1kB", NOW - 200),), True),
        ((LogLine("Killed process 4242 (ruby) total-vm:1kB", BEGAN),), True),
        # Another one, or an earlier one that had this pid.
        ((LogLine(KERNEL.format(424), NOW - 200), LogLine(KERNEL.format(42420), NOW - 100)), False),
        ((LogLine(KERNEL.format(4242), BEGAN - 1),), False),
        # Told long ago, to the process itself: an agent that was not there hears it all the same.
        ((LogLine("usb 1-1: new device", NOW), LogLine(KERNEL.format(4242), NOW - 1_800_000)), True),
        # Systemd names no pid: only what it has just said can be of this one.
        ((LogLine(SYSTEMD, NOW - LATELY, 1),), True),
        ((LogLine(SYSTEMD, NOW - LATELY - 1, 1),), False),
        # Words that anybody can have written are not the kernel's.
        ((LogLine(KERNEL.format(4242), NOW - 200, 77),), False),
        ((LogLine(SYSTEMD, NOW - 200, 77),), False),
        ((LogLine("Killed process 4242", NOW - 200),), False),
        ((LogLine("Killed process 99999999999999999999 (x)", NOW - 200),), False),
        ((LinesLost(NOW, 5, "", "gone"),), False),
        ((LinesLost(NOW, 5, "", "gone"), LogLine(KERNEL.format(4242), NOW - 200)), True),
    ],
)
async def test_who_was_killed(entries, told):
    """By pid, or by unit a moment ago."""
    source: Any = Told(*entries)

    assert await tells_of_a_kill(DEATH, wall=NOW, source=source) is told


def test_what_is_asked_for():
    """The kernel's lines since the process began, and systemd's own word on its unit; without a unit the kernel's alone."""
    asked = backwards(Selection(unit=UNIT, boot_id="a-b", since=BEGAN + 999, kills=True))

    assert f"--since=@{BEGAN // 1000}" in asked
    assert asked[asked.index("_BOOT_ID=ab") :][:7] == [
        "_BOOT_ID=ab", "_TRANSPORT=kernel", "+", "_BOOT_ID=ab", "_PID=1", f"MESSAGE_ID={STARVED}", f"UNIT={UNIT}",
    ]  # fmt: skip
    alone = backwards(Selection(boot_id="ab", kills=True))
    assert not [word for word in alone if word.startswith(("UNIT=", "_PID=", "--since"))]
