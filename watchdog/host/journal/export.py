"""
The Journal Export Format → entries. Pure; the counterpart of `journalctl -o export`.

A field is `NAME=text` on a line or, where the text is binary or has line breaks, `NAME`, its length in eight bytes (little endian) and so many
bytes; an empty line ends an entry (systemd's page on journal export formats). What doesn't fit into that is skipped until it does.
"""

from collections.abc import Collection, Iterator

from watchdog.host.log_source import LONGEST_LINE

Fields = dict[bytes, bytes]


class ExportDecoder:
    """
    Takes the stream in pieces of any size, and keeps fields of these names.

    `size` is what was taken; `broken` counts what was no field.
    """

    def __init__(self, wanted: Collection[bytes]) -> None:
        self.size = 0
        self.broken = 0
        self._wanted = frozenset(wanted)
        self._rest = b""
        self._fields: Fields = {}
        self._skip = 0
        """Bytes of a value that are yet to come and are not wanted."""
        self._in_line = False
        """The rest of a line that was too long is yet to come."""

    def feed(self, piece: bytes) -> Iterator[Fields]:
        """The entries that are complete with this piece."""
        self.size += len(piece)
        stream = self._rest + piece if self._rest else piece
        self._rest = b""
        at, length = 0, len(stream)
        while at < length:
            if self._skip:
                skipped = min(self._skip, length - at)
                at += skipped
                self._skip -= skipped
                continue
            end = stream.find(b"\n", at)
            if end < 0:
                if self._in_line:
                    return
                if length - at > 2 * LONGEST_LINE:
                    self._keep(stream[at : at + LONGEST_LINE])
                    self._in_line = True
                    return
                break
            if self._in_line:
                at, self._in_line = end + 1, False
            elif end == at:
                at += 1
                if self._fields:
                    # Whoever stops listening here must not make us lose the place.
                    fields, self._fields = self._fields, {}
                    yield fields
            elif (equals := stream.find(b"=", at, end)) >= 0:
                name = stream[at:equals]
                if name in self._wanted:
                    # A field can come more than once; the first one counts.
                    self._fields.setdefault(name, stream[equals + 1 : end])
                at = end + 1
            elif stream[at:end].isupper():
                if length < end + 9:
                    break
                size = int.from_bytes(stream[end + 1 : end + 9], "little")
                taken = min(size, LONGEST_LINE)
                if length < end + 9 + taken:
                    break
                self._keep(stream[at:end] + b"=" + stream[end + 9 : end + 9 + taken])
                at = end + 9 + taken
                self._skip = size - taken + 1
            else:
                # "-- No entries --" and the like.
                self.broken += 1
                at = end + 1
        self._rest = stream[at:]

    def _keep(self, field: bytes) -> None:
        name, _, value = field.partition(b"=")
        if name in self._wanted:
            self._fields.setdefault(name, value)
