"""As much of what the agent last wrote of itself as has to be known here; `status` shows all of it."""

from pathlib import Path

import msgspec

from watchdog.picture.doors import Door
from watchdog.store.reading import read_status


class Itself(msgspec.Struct, frozen=True):
    """The agent; `at` is when it said so (UTC milliseconds), `failing` what keeps it from writing."""

    pid: int = 0
    version: str = "?"
    at: int = 0
    failing: str = ""


class Doubt(msgspec.Struct, frozen=True):
    """Why it does nothing but in dry-run."""

    reasons: tuple[str, ...] = ()


class Source(msgspec.Struct, frozen=True):
    """What it reads."""

    ok: bool = True
    code: str = ""
    message: str = ""


class Told(msgspec.Struct, frozen=True):
    """The parts of its picture; whatever is absent has a default, whatever is new is passed over."""

    agent: Itself = Itself()
    mode: str = "?"
    doubt: Doubt | None = None
    sources: dict[str, Source] = {}
    doors: dict[str, Door] = {}


def read_told(state: Path) -> Told | None:
    """None where it never said anything. Raises `StoreError`, or `MsgspecError` for what another version has written in another way."""
    data = read_status(state)
    return None if data is None else msgspec.json.decode(data, type=Told)
