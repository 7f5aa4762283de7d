"""
The title of a process: what ps and /proc/PID/cmdline show, written over the process' own arguments.

Sidekiq does this through Ruby's `$0=`; the agent knows a Sidekiq process by it. Linux only.
"""

import ctypes
from pathlib import Path
from typing import Final

ROOM: Final = "." * 200
"""An argument that does nothing but make room for a title; a process that wants one is started with it as its last."""


def argument_area(stat: str) -> tuple[int, int]:
    """Where the arguments begin and end in memory: fields 48 and 49 of /proc/PID/stat (proc(5)); 0, 0 if the kernel won't say."""
    after_name = stat.rpartition(")")[2].split()  # begins with field 3; a name may hold blanks and brackets
    return int(after_name[45]), int(after_name[46])


def set_title(title: str) -> None:
    """Show this title, cut to the room there is, instead of the arguments."""
    begin, end = argument_area(Path("/proc/self/stat").read_text())
    room = end - begin
    if room > 0:
        # The kernel shows the whole area as long as its last byte is NUL, so the rest is padded, as Ruby does.
        ctypes.memmove(begin, title.encode()[: room - 1].ljust(room, b"\0"), room)
