"""
Small files of the kernel, read whole or not at all.

What is in them was written by the kernel, but names in them by processes, and a file can end with its process in the middle
of being read. So everything here answers, or raises `OSError` or `ValueError`; it never guesses.
"""

import os
from typing import Final

GREATEST: Final = 2**63 - 1
"""What a count of the kernel can be at most; a greater one would survive no trace."""
_ENOUGH: Final = 65_536  # bytes of one file; a longer command line is no title, and no other file here is longer


def read(name: str, directory: int | None = None) -> bytes:
    """A file, by its name in an open directory or by its whole path."""
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        parts = []
        wanted = _ENOUGH
        while wanted > 0 and (part := os.read(descriptor, wanted)):
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def read_whole(name: str, directory: int | None = None) -> bytes:
    """A file that ends with a line break; raises ValueError if it does not, for then its last number may lack digits."""
    text = read(name, directory)
    if not text.endswith(b"\n"):
        raise ValueError
    return text


def open_directory(name: str, directory: int | None = None) -> int:
    """A handle on a directory, for whoever closes it; one of a process stays with it, whoever is given its pid."""
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)


def number(text: bytes) -> int:
    """A count of the kernel; raises ValueError for what the kernel can't have written."""
    digits = text.strip()
    if not digits.isdigit() or len(digits) > len(str(GREATEST)) or int(digits) > GREATEST:
        raise ValueError
    return int(digits)


def kibibytes(text: bytes) -> int:
    """A size as status and meminfo write it, `1234 kB`, in bytes."""
    size = number(text.strip().removesuffix(b" kB")) * 1024
    if size > GREATEST:
        raise ValueError
    return size


def table(text: bytes) -> dict[bytes, bytes]:
    """The lines `Name:  value` of status and meminfo."""
    return dict(line.split(b":", 1) for line in text.split(b"\n") if b":" in line)


def stat(text: bytes) -> tuple[str, list[bytes]]:
    """
    The name in a stat file (proc(5)), and what stands behind it, the state first.

    A process names itself and may put brackets into the name; what the kernel writes begins after the last one.
    """
    before, bracket, rest = text.rpartition(b")")
    if not bracket:
        raise ValueError
    return _shown(before.partition(b"(")[2]), rest.split()


def _shown(name: bytes) -> str:
    """A name that does no harm on a terminal or in a message."""
    text = name.decode(errors="replace")
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "�" for letter in text)
