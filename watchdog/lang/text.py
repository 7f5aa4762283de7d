"""A piece of text with the places in the file from which it came."""

from bisect import bisect_right

import msgspec

from watchdog.errors import Span


class Mark(msgspec.Struct, frozen=True, order=True):
    """From `offset` on (characters of the text), the text stands at this line and column of the file."""

    offset: int
    line: int
    column: int


class Text(msgspec.Struct, frozen=True):
    """
    What the author wrote in one place, after the file format has been undone.

    `marks` are in order of offset; the first has offset 0. Between two marks text and file run in step.
    """

    value: str
    file: str
    marks: tuple[Mark, ...] = (Mark(0, 1, 1),)

    def span(self, offset: int, width: int = 1) -> Span:
        """The place in the file of the characters from `offset` on."""
        mark = self.marks[max(0, bisect_right(self.marks, offset, key=lambda mark: mark.offset) - 1)]
        return Span(self.file, mark.line, mark.column + offset - mark.offset, max(1, width))
