"""
The command: started by its socket unit with one listening socket (sd_listen_fds(3)), it ends when nobody has asked for a while.

Exit status 0 when idle, 2 if it can't work as it was started or set up.
"""

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Final

from watchdog.inspect.service import serve
from watchdog.inspect.settings import SettingsError, load

CONFIG: Final = Path("/etc/sidekiq-watchdog/inspect.toml")
_FIRST: Final = 3  # SD_LISTEN_FDS_START


def main(arguments: list[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="sidekiq-watchdog-inspect", description="Reads what frozen Sidekiq processes of named units still hold."
    )
    parser.add_argument("--config", type=Path, default=CONFIG, help="default: %(default)s")
    parser.add_argument(
        "--idle", type=float, default=60.0, metavar="SECONDS", help="ends when nobody has asked for so long; default: %(default)s"
    )
    given = parser.parse_args(arguments)
    try:
        settings = load(given.config)
    except SettingsError as error:
        return _fail(str(error))
    listener = handed_over()
    if listener is None:
        return _fail("no socket was handed over: this program is started by sidekiq-watchdog-inspect.socket")
    with listener:
        serve(listener, settings, idle=given.idle, log=_say)
    return 0


def handed_over() -> socket.socket | None:
    """The one listening unix socket that systemd has given us; None if there is not just this."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or os.environ.get("LISTEN_FDS") != "1":
        return None
    try:
        given = socket.socket(fileno=_FIRST)
    except OSError:
        return None
    if given.family == socket.AF_UNIX and given.type == socket.SOCK_STREAM and given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return given
    given.close()
    return None


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _fail(text: str) -> int:
    _say(f"sidekiq-watchdog-inspect: {text}")
    return 2
