"""
Runs a command that does not outlive the demo.

`python -P -m watchdog.demo.tied PARENT COMMAND…` asks the kernel to kill this process when its parent dies, then
becomes the command. Without it a demo that is itself killed would leave a server and three workers behind.
"""

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""prctl(2); the setting survives execve(2)."""


def tied(command: list[str]) -> list[str]:
    """The command, tied to this process."""
    return [sys.executable, "-P", "-m", __name__, str(os.getpid()), *command]


def main() -> None:
    """Tie, then become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  (the demo's own commands)


if __name__ == "__main__":
    main()
