"""
Running a program of a suite: as it is on this machine, or by chroot with mounts that nobody else sees.

The mounts stand in a namespace of the process alone and go with it, however it ends. The suite itself is read-only for it. Everything up to the
program is exec, so that the pid and the parent's signals are the program's own. It shares network, pids and host name with this machine: Sidekiq
needs /proc for its beats.
"""

from pathlib import Path
from typing import Final

from tests.suites import debian

_ENTER: Final = """\
root=$1 app=$2 run=$3; shift 3
mount --bind "$root" "$root"
cd "$root"
mount --rbind /proc proc
mount --rbind /dev dev
mount --bind "$app" srv/app
mount --bind "$run" srv/run
mount -o remount,bind,ro "$root"
exec chroot . /usr/bin/env -C / "$@"
"""


class Inside:
    """A suite with the folder of an application (read) and the folder of a test (read and written)."""

    def __init__(self, name: str, *, app: Path, run: Path) -> None:
        self.name = name
        self._app = app
        self._run = run
        self._host = debian.is_host(name)

    @property
    def app(self) -> Path:
        """What the folder of the application is called inside."""
        return self._app if self._host else Path("/srv/app")

    @property
    def run(self) -> Path:
        """What the folder of the test is called inside."""
        return self._run if self._host else Path("/srv/run")

    def command(self, *command: str, env: dict[str, str]) -> list[str]:
        """The argument list that runs a command inside, with these variables besides those of the caller."""
        named = [f"{name}={value}" for name, value in env.items()]
        if self._host:
            return ["env", *named, *command]
        places = (str(debian.root(self.name)), str(self._app), str(self._run))
        outside = ("unshare", "--mount", "--propagation", "private", "sh", "-ec", _ENTER, "sh", *places)
        return [*outside, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/", *named, *command]
