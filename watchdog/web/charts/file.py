"""
The charts over a restart: one file in the state folder, written whole or not at all.

Nothing rests on it, so it is not synced and not mended: what is damaged, or was written by another version, is left out.
"""

import os
import zlib
from pathlib import Path
from typing import Final

import msgspec

from watchdog.web.charts.charts import Charts, SavedCharts

NAME: Final = "charts"
LARGEST: Final = 4 << 20
"""Bytes of it, packed or not; it has half a megabyte at most."""


def keep(folder: Path, kept: SavedCharts) -> int:
    """Writes it, and says how many bytes it has. Raises `OSError`."""
    draft = folder / f".{NAME}"
    data = zlib.compress(msgspec.msgpack.encode(kept), 1)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  (a descriptor)
        file.write(data)
    draft.replace(folder / NAME)
    return len(data)


def restored(folder: Path) -> tuple[Charts, str]:
    """What was kept there, or nothing, and then why if there is a reason; a first start has none."""
    charts = Charts()
    try:
        with (folder / NAME).open("rb") as file:
            data = file.read(LARGEST + 1)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(data, LARGEST)
        if len(data) > LARGEST or not unpacker.eof:
            return charts, "it is cut off, or larger than any"
        charts.restore(msgspec.msgpack.decode(plain, type=SavedCharts))
    except FileNotFoundError:
        return charts, ""
    except (OSError, zlib.error, msgspec.MsgspecError, ValueError) as error:
        return charts, str(error)
    return charts, ""
