"""
The characters of a file, before YAML sees them.

Refuses what would make the parser and the reader's eye disagree: control and direction characters, bytes that are not
UTF-8, tabs as indentation. Knows at which column of the real file each character stands. It must never change
what a person would read.
"""

import re
from typing import Final

import msgspec

from watchdog.errors import Span
from watchdog.rulefile.findings import Findings

LARGEST: Final = 1_000_000
"""A file may have so many characters."""
_MOST_REPORTED: Final = 10
# What YAML 1.1 (§5.1) does not call printable, the breaks that editors don't count as lines (NEL, LS, PS), and the characters
# that turn the direction of text around, which can make a rule read otherwise than it is.
UNFIT: Final = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")
_INDENT: Final = re.compile(r"[ \t]*")
_FIRST_UNDECODABLE: Final = 0xDC80
_LAST_UNDECODABLE: Final = 0xDCFF


class Source(msgspec.Struct, frozen=True):
    """
    A text that is fit to be parsed, with its lines.

    `shifts` says for a line (from 0) by how many columns it was moved to the right when its tabs were replaced.
    """

    file: str
    text: str
    lines: tuple[str, ...]
    shifts: dict[int, int] = {}

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Line and column in the file, from 1, of a place in `lines`, from 0."""
        return line + 1, max(0, column - self.shifts.get(line, 0)) + 1

    def span(self, line: int, column: int, width: int = 1) -> Span:
        """The place in the file of characters in `lines`, from 0."""
        return Span(self.file, *self.place(line, column), max(1, width))


def read_source(file: str, text: str, findings: Findings) -> tuple[Source, ...]:
    """
    The text with its lines; none if it can't be parsed at all.

    Several where tabs were found: the same text with each tab replaced by so many spaces; the first that is YAML is
    probably what was meant, so that the rest of the file can be looked at too. Bytes that are not UTF-8 are expected as
    Python's `surrogateescape` gives them.
    """
    if len(text) > LARGEST:
        findings.add(
            "E104", Span(file, 1, 1), f"the file has {len(text)} characters, {LARGEST} are allowed", hint="split it into several files"
        )
        return ()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    # libyaml puts the end of a text without a last line break onto a line that isn't there.
    lines = (text if text.endswith("\n") else text + "\n").split("\n")
    if _has_unfit(file, lines, findings):
        return ()
    lines = [line if line.strip() else line.replace("\t", " ") for line in lines]
    tabbed = [number for number, line in enumerate(lines) if "\t" in _indent(line)]
    if not tabbed:
        return (Source(file, "\n".join(lines), tuple(lines)),)
    for number in tabbed[:_MOST_REPORTED]:
        column = lines[number].index("\t") + 1
        findings.add("E102", Span(file, number + 1, column), "a tab in the indentation", hint="indent with spaces")
    return tuple(_with_spaces(file, lines, tabbed, width) for width in (2, 4, 8, 1))


def _indent(line: str) -> str:
    match = _INDENT.match(line)
    return match.group() if match else ""


def _with_spaces(file: str, lines: list[str], tabbed: list[int], width: int) -> Source:
    mended = list(lines)
    shifts = {}
    for number in tabbed:
        indent = _indent(lines[number])
        mended[number] = indent.replace("\t", " " * width) + lines[number][len(indent) :]
        shifts[number] = indent.count("\t") * (width - 1)
    return Source(file, "\n".join(mended), tuple(mended), shifts)


def _has_unfit(file: str, lines: list[str], findings: Findings) -> bool:
    reported = 0
    for number, line in enumerate(lines):
        for match in UNFIT.finditer(line):
            message, hint = say_unfit(match.group())
            findings.add("E103", Span(file, number + 1, match.start() + 1), message, hint=hint)
            reported += 1
            if reported == _MOST_REPORTED:
                return True
    return reported > 0


def say_unfit(char: str) -> tuple[str, str]:
    """What is wrong with a character of `UNFIT`, and what to do about it."""
    code = ord(char)
    if _FIRST_UNDECODABLE <= code <= _LAST_UNDECODABLE:
        return f"the byte 0x{code - 0xDC00:02X} is not UTF-8", "save the file in UTF-8"
    if char == "\r":
        return "a carriage return without a line feed", "save the file with Unix or Windows line ends"
    return f"the character U+{code:04X} can't be seen and is not allowed", "remove it"
