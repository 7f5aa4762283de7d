"""
How the agent hands a run of a command over, and gets to know what came of it: names of files and units, and the lines of the result.

For each run, known by its ID, the agent makes two files in `SPOOL`: `ID.json` with the arguments, which the command's user may read, and `ID.out`,
empty, to which that user may append and which it can't read. The first line there says that the run has begun, and is what makes it happen
once; the second how it ended, with what the command said.
"""

import base64
import json
import re
from typing import Any, Final, NamedTuple

SPOOL: Final = "/run/sidekiq-watchdog/commands"
LARGEST_REQUEST: Final = 8_192
HEAD: Final = 32_768
"""Bytes of what the command said first that are kept; as many of what it said last."""
LARGEST_RESULT: Final = 131_072
BEGUN: Final = b'{"begun":true}\n'
_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_UNIT: Final = re.compile(r"sidekiq-watchdog-run-[a-z][a-z0-9-]{0,39}@[0-9a-f]{32}\.service", re.ASCII)


class Ended(NamedTuple):
    """
    How a run ended.

    `status` is the exit status of the command, or minus the signal that ended it; None where it was not begun because of `refused`. `cut` says
    that it was ended by force, as at its timeout. Of the `size` bytes that it said `head` and `tail` are kept.
    """

    status: int | None
    refused: str = ""
    cut: bool = False
    size: int = 0
    head: bytes = b""
    tail: bytes = b""


def is_id(text: str) -> bool:
    """Whether it can be that of a run: nothing in it means anything to systemd, a shell or a path."""
    return _ID.fullmatch(text) is not None


def unit_of(command: str, run: str = "") -> str:
    """The unit that carries out that run of the command; without a run, their template."""
    return f"sidekiq-watchdog-run-{command}@{run}.service"


def is_run_unit(unit: str) -> bool:
    """Whether it is the unit of one run of a command, and nothing else."""
    return _UNIT.fullmatch(unit) is not None


def request(command: str, values: dict[str, str]) -> bytes:
    """What stands in `ID.json`."""
    return json.dumps({"command": command, "arguments": values}, separators=(",", ":")).encode()


def ended_line(ended: Ended) -> bytes:
    """The last line of `ID.out`."""
    said = {
        "status": ended.status, "refused": ended.refused, "cut": ended.cut, "size": ended.size,
        "head": base64.b64encode(ended.head).decode(), "tail": base64.b64encode(ended.tail).decode(),
    }  # fmt: skip
    return json.dumps({"ended": said}, separators=(",", ":")).encode() + b"\n"


def read_result(data: bytes) -> tuple[bool, Ended | None]:
    """Whether the run has begun, by `ID.out`, and how it ended; None where that does not stand there, or not as it should."""
    begun, _, rest = data.partition(b"\n")
    if not begun:
        return False, None
    try:
        said: Any = json.loads(rest)["ended"]
        status, cut, size = said["status"], said["cut"], said["size"]
        parts = [base64.b64decode(said[key], validate=True) for key in ("head", "tail")]
        if not (status is None or type(status) is int) or type(size) is not int or not isinstance(said["refused"], str):
            return True, None
    except (ValueError, KeyError, TypeError, RecursionError):
        return True, None
    return True, Ended(status, said["refused"][:300], bool(cut), size, parts[0][:HEAD], parts[1][:HEAD])
