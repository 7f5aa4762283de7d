"""Which queues a command serves, and with how many threads: `-q` and `-c`, else Sidekiq's file of settings, which is read line by line since it may hold Ruby."""

import re
from pathlib import Path
from typing import Final

import msgspec

from watchdog.host.systemd.sidekiq_command import NotUnderstoodError, options_of
from watchdog.host.systemd.stop_time import file_of
from watchdog.survey.files import UnreadableError, text_of

_SERVED: Final = re.compile(r"^[\"']?:?queues[\"']?\s*:\s*(?:#.*)?$")
_ITEM: Final = re.compile(r"""^\s*-\s*(?:\[\s*)?["']?(?P<name>[A-Za-z0-9_.:-]+)["']?\s*(?:,\s*\d+\s*)?\]?\s*(?:#.*)?$""")
_THREADS: Final = re.compile(r"^[\"']?:?concurrency[\"']?\s*:\s*(?P<number>\d+)\s*(?:#.*)?$")
_DEFAULT: Final = ("default",)


class Service(msgspec.Struct, frozen=True):
    """`threads` is None where it is not known; `by_file` whether the queues stand in the file."""

    queues: tuple[str, ...]
    threads: int | None = None
    by_file: bool = False


def runs_sidekiq(words: tuple[str, ...]) -> bool:
    """Whether that command is Sidekiq."""
    try:
        options_of(words)
    except NotUnderstoodError:
        # It may still be one, with options that are not surely read.
        return any(Path(word).name == "sidekiq" for word in words)
    return True


def service_of(words: tuple[str, ...], folder: str, root: Path) -> Service | None:
    """None where it can't be known."""
    try:
        given = options_of(words)
        file = file_of(dict(given), folder, root)
    except NotUnderstoodError:
        return None
    queues = tuple(dict.fromkeys(value.partition(",")[0] for name, value in given if name == "queue"))
    written = dict(given).get("concurrency", "")
    threads = int(written) if written.isascii() and written.isdecimal() and len(written) < 6 else None
    if (queues and threads) or file is None:
        return Service(queues or _DEFAULT, threads)
    try:
        text = text_of(file)
    except (UnreadableError, FileNotFoundError):
        return Service(queues, threads) if queues else None
    found, number = _in_file(text)
    return Service(queues or found or _DEFAULT, threads or number, by_file=not queues)


def _in_file(text: str) -> tuple[tuple[str, ...], int | None]:
    queues: list[str] = []
    threads = None
    is_list = False
    for line in text.splitlines():
        if match := _THREADS.fullmatch(line):
            threads = int(match["number"])
        if _SERVED.fullmatch(line):
            is_list = True
        elif is_list and (match := _ITEM.fullmatch(line)):
            queues.append(match["name"])
        elif line.strip() and not line.lstrip().startswith("#"):
            is_list = False
    return tuple(dict.fromkeys(queues)), threads
