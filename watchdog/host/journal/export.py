"""
The Journal Export Format → entries. Pure; the counterpart of `journalctl -o export`.

A field is `NAME=text` on a line or, where the text is binary or has line breaks, `NAME`, its length in eight bytes (little endian) and so many
bytes; an empty line ends an entry (systemd's page on journal export formats). What doesn't fit into that is skipped until it does.
"""

from collections.abc import Iterator
from typing import Final

from watchdog.host.log_source import LONGEST_LINE

MOST_FIELDS: Final = 200
Fields = dict[bytes, bytes]


class ExportDecoder:
    """Takes the stream in pieces of any size. `size` is what was taken; `broken` counts what was no field."""

    def __init__(self) -> None:
        self.size = 0
        self.broken = 0
        self._buffer = bytearray()
        self._fields: Fields = {}
        self._skip = 0
        """Bytes of a value that are yet to come and are not wanted."""
        self._in_line = False
        """The rest of a line that was too long is yet to come."""

    def feed(self, piece: bytes) -> Iterator[Fields]:
        """The entries that are complete with this piece."""
        self.size += len(piece)
        self._buffer += piece
        buffer, at = self._buffer, 0
        while True:
            if self._skip:
                skipped = min(self._skip, len(buffer) - at)
                at += skipped
                self._skip -= skipped
                if self._skip:
                    break
            end = buffer.find(b"\n", at)
            if end < 0:
                if len(buffer) - at > 2 * LONGEST_LINE:
                    self._keep(buffer[at : at + LONGEST_LINE])
                    at, self._in_line = len(buffer), True
                break
            if self._in_line:
                at, self._in_line = end + 1, False
                continue
            if end == at:
                at += 1
                if self._fields:
                    yield self._fields
                    self._fields = {}
                continue
            line = buffer[at:end]
            if b"=" in line:
                self._keep(line)
                at = end + 1
                continue
            if not line.isupper() and not line.startswith(b"_"):
                # "-- No entries --" and the like.
                self.broken += 1
                at = end + 1
                continue
            if len(buffer) < end + 9:
                break
            length = int.from_bytes(buffer[end + 1 : end + 9], "little")
            taken = min(length, LONGEST_LINE)
            if len(buffer) < end + 9 + taken:
                break
            self._keep(line + b"=" + buffer[end + 9 : end + 9 + taken])
            at = end + 9 + taken
            self._skip = length - taken + 1
        del buffer[:at]

    def _keep(self, field: bytearray) -> None:
        name, _, value = field.partition(b"=")
        if len(self._fields) < MOST_FIELDS:
            # A field can come more than once; the first one counts, as in `journalctl -o json` it is the first of a list.
            self._fields.setdefault(bytes(name), bytes(value))
