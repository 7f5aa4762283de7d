"""Declared checks, tried once, for whoever has just written them down."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from watchdog.cli.output import Output
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.rulefile.checks import CheckSettings


class Tried(msgspec.Struct, frozen=True):
    """One of them; `problem` is empty where it succeeded, `took` in milliseconds. Not tried: `ok` is None."""

    name: str
    type: str
    ok: bool | None = None
    took: int | None = None
    problem: str = ""


def declared(checks: Mapping[str, CheckSettings]) -> tuple[Tried, ...]:
    """Those of a config, none of which was tried."""
    return tuple(Tried(check.name, check.type) for check in checks.values())


def try_each(checks: Mapping[str, CheckSettings]) -> tuple[Tried, ...]:
    """All of them once, at the same time; takes no longer than the longest `timeout`."""
    import asyncio

    async def each() -> list[Tried]:
        return list(await asyncio.gather(*map(_try, checks.values())))

    return tuple(asyncio.run(each()))


def plain_tried(tried: tuple[Tried, ...]) -> Any:
    """The same for programs."""
    return msgspec.to_builtins(tried)


def show_tried(out: Output, tried: tuple[Tried, ...]) -> None:
    """A line for each."""
    for one in tried:
        took = f", took {display(one.took, Type.DURATION)}" if one.took is not None else ""
        state = ("declared", "dim") if one.ok is None else ("ok", "good") if one.ok else ("FAILS", "bad")
        out.line(f"check {one.name} ({one.type}): ", state, took, f": {one.problem}" if one.problem else "")


async def _try(check: CheckSettings) -> Tried:
    from watchdog.checks.build import build
    from watchdog.checks.checker import try_once

    began = time.monotonic_ns()
    problem = await try_once(check.name, build(check), int(check.values["timeout"]))
    return Tried(check.name, check.type, ok=not problem, took=(time.monotonic_ns() - began) // 1_000_000, problem=problem)
