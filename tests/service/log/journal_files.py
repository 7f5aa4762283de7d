"""Real journals: entries written by systemd-journal-remote, which makes the same files as journald."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

BOOT: Final = "0123456789abcdef0123456789abcdef"
MACHINE: Final = "fedcba9876543210fedcba9876543210"
UNIT: Final = "mastodon-sidekiq.service"
DROPPED: Final = "a596d6fe7bfa4994828e72309e95d61e"
REMOTE: Final = "/usr/lib/systemd/systemd-journal-remote"


def entry(at: int, message: bytes, *, pid: int = 42, unit: str = UNIT, **more: str) -> bytes:
    """One entry in the export format, `at` in UTC milliseconds; fields that journald would add besides."""
    fields: Mapping[str, str] = {
        "__REALTIME_TIMESTAMP": str(at * 1000),
        "__MONOTONIC_TIMESTAMP": str(at * 1000 % 10**12),
        "_BOOT_ID": BOOT,
        "_MACHINE_ID": MACHINE,
        "_PID": str(pid),
        "_SYSTEMD_UNIT": unit,
        "_TRANSPORT": "stdout",
        "_COMM": "bundle",
        "_EXE": "/usr/bin/ruby3.1",
        "_UID": "991",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "bundle",
        **more,
    }
    head = "".join(f"{name}={value}\n" for name, value in fields.items()).encode()
    return head + b"MESSAGE\n" + len(message).to_bytes(8, "little") + message + b"\n\n"


def suppressed(at: int, number: int, unit: str = UNIT) -> bytes:
    """What journald itself says of lines that it dropped."""
    words = f"Suppressed {number} messages from {unit}".encode()
    return entry(at, words, pid=1, unit="systemd-journald.service", MESSAGE_ID=DROPPED, N_DROPPED=str(number), _TRANSPORT="driver")


def write(folder: Path, entries: Iterable[bytes], *, name: str = "system.journal") -> None:
    """Add a file with these entries, in the order of time."""
    folder.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        [REMOTE, "--split-mode=none", f"--output={folder / name}", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as remote:
        assert remote.stdin is not None
        for one in entries:
            remote.stdin.write(one)
        remote.stdin.close()
        assert remote.wait() == 0
