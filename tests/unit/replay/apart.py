"""Runs a module of these tests in a process of its own, which has no threads."""

import sys
from subprocess import run
from typing import Any

import msgspec


def told_by(module: str, *arguments: object) -> list[dict[str, Any]]:
    """What it says, a line of JSON for each thing; it complains of nothing."""
    done = run([sys.executable, "-m", f"tests.unit.replay.{module}", *map(str, arguments)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [msgspec.json.decode(line) for line in done.stdout.splitlines()]
