"""For which machines and which Pythons the package is made."""

from typing import Final

PYTHONS: Final = ("3.11", "3.12", "3.13")
"""Those of Debian 12, Ubuntu 24.04 and Debian 13: one package serves them all, and lives on when a server is upgraded from one to the next."""
MACHINES: Final = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name for a machine → the kernel's."""
GLIBC: Final = "2.28"
"""The oldest that the compiled parts can be made for; Debian 12 has 2.36."""
_TAGS: Final = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")


def pip_options(python: str, architecture: str) -> list[str]:
    """What has pip take the files for that Python on that machine, whichever it runs on itself."""
    platforms = [f"--platform={tag}_{MACHINES[architecture]}" for tag in _TAGS]
    return [f"--python-version={python}", "--implementation=cp", *platforms]
