"""Machines as trees of files, and a Redis that shows what a test says; nothing here connects to anything."""

from collections.abc import Callable
from pathlib import Path

import pytest

import watchdog.survey.survey as module
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.survey.looking import Seen

REFUSED = "nothing listens there: the connection was refused"


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    """`plant({path: text}, {path: target of a link})`: the root of such a machine."""
    root = tmp_path / "machine"
    root.mkdir()

    def write(files: dict[str, str], links: dict[str, str] | None = None) -> Path:
        for path, text in files.items():
            place = root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        for path, target in (links or {}).items():
            place = root / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(target)
        return root

    return write


class Shown:
    """What Redis shows, and what was asked of it."""

    def __init__(self) -> None:
        self.seen: Seen | str = REFUSED
        self.asked: list[RedisSettings] = []

    async def look(self, redis: RedisSettings) -> Seen | str:
        self.asked.append(redis)
        return self.seen


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Refused, until a test says otherwise."""
    one = Shown()
    monkeypatch.setattr(module, "look", one.look)
    return one
