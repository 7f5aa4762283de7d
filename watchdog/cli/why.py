"""`why`: why a rule says what it says of something, and why nothing is done about it."""

import time
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol
from urllib.parse import quote

import msgspec
import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import count, output, say_json
from watchdog.store.moments import rfc3339

if TYPE_CHECKING:
    from watchdog.cli.api import Api
    from watchdog.web.views.matrix import Matrix
    from watchdog.web.views.why import Why

_MANY = 500
"""Entities of a rule that are listed at most."""


class Asked(Protocol):
    """Who is asked: the agent that runs, or the trace of a moment."""

    async def why(self, rule: str, entity: str) -> "Why":
        """The account. Raises `api.NotThereError`."""

    async def matrix(self, rule: str, limit: int) -> "Matrix":
        """That rule, or all where it is empty. Raises `api.NotThereError`."""


class _Living:
    """The agent that runs."""

    def __init__(self, api: "Api") -> None:
        self._api = api

    async def why(self, rule: str, entity: str) -> "Why":
        """The account."""
        from watchdog.web.views.why import Why

        return await self._api.get(f"why/{quote(rule, safe='')}", Why, entity=entity)

    async def matrix(self, rule: str, limit: int) -> "Matrix":
        """That rule, or all of them."""
        from watchdog.web.views.matrix import Matrix

        return await self._api.get("matrix", Matrix, limit=limit, **({"rule": rule} if rule else {}))


def why(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule.", show_default=False)],
    entity: Annotated[
        str, typer.Argument(metavar="[ENTITY]", help="What it looks at, as the list shows it; without it all of them.", show_default=False)
    ] = "",
    *,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="WHEN",
            help="As it was then, by the trace: how long ago (2h), or a time (2026-03-01T02:00:00Z). [default: now]",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """
    Say why a rule says what it says of something, and why nothing is done about it.

    The condition as a tree with the values of this moment, what decides first; how far it is from being otherwise; what each guard would say to the next step, why, and for how long; when it could be done at the earliest, and who is
    told. Without ENTITY a line for each thing that the rule looks at: what fires, then what is nearest to it. Asks the agent that runs, or with --at what was recorded, for which none need run. Ends with 0 whatever the answer is,
    with 2 where there is no such rule or thing, with 3 where no agent answers or nothing was recorded then.
    """
    import asyncio

    if at is None:
        return asyncio.run(_now(config, rule, entity, as_json=as_json))
    from watchdog.cli.past import that_moment
    from watchdog.cli.since import read_since
    from watchdog.cli.staying import stay

    now = time.time_ns() // 1_000_000
    wall = read_since(at, now=now, option="--at")
    if wall > now:
        raise UsageError("--at: that is still to come")
    stay()
    then = that_moment(config, wall)
    if not as_json:
        output().line((f"At {rfc3339(wall)}", "strong"), ", by what was recorded")
        if not then.exact:
            output().line(("These are not the rules that decided then", "warn"), "; what follows is what they would have said, in dry-run")
    return asyncio.run(_answered(then, rule, entity, as_json=as_json, wall=wall, more={"exact": then.exact}))


async def _now(config: Path, rule: str, entity: str, *, as_json: bool) -> int:
    from watchdog.cli.api import api_of

    async with api_of(config) as api:
        return await _answered(_Living(api), rule, entity, as_json=as_json, wall=time.time_ns() // 1_000_000, more={})


async def _answered(asked: Asked, rule: str, entity: str, *, as_json: bool, wall: int, more: dict[str, bool]) -> int:
    from watchdog.cli.api import NotThereError

    try:
        if not entity:
            return _list(await asked.matrix(rule, _MANY), as_json=as_json)
        answer = await asked.why(rule, entity)
    except NotThereError:
        raise _no_such_rule(rule, await asked.matrix("", 1)) from None
    if answer.truth == "gone" and answer.alert is None:
        raise _no_such_thing(answer, await asked.matrix(rule, _MANY))
    if as_json:
        say_json({"wall": wall, **more, **msgspec.to_builtins(answer)})
    else:
        _show(answer, wall=wall)
    return Exit.FINE


def _show(answer: "Why", *, wall: int) -> None:
    from watchdog.cli.why_view import why_lines

    out = output()
    for row in why_lines(answer, wall=wall):
        out.line(*row)


def _list(found: "Matrix", *, as_json: bool) -> int:
    from watchdog.cli.matrix_view import STYLES, held_of, margin_of, value_of

    for line in found.lines:
        if as_json:
            for cell in line.cells:
                say_json({"rule": line.rule, "kind": line.kind, "mode": line.mode, **msgspec.to_builtins(cell)})
            continue
        out = output()
        out.line((line.rule, "strong"), f", each {line.kind}, mode {line.mode}: ", (line.condition, "strong"))
        out.line(f"{count(line.entities, 'thing')} to look at: {line.firing} firing, {line.pending} pending, {line.unknown} unknown")
        if line.cells:
            rows = [
                ((cell.state.value, STYLES[cell.state]), cell.entity, cell.part, value_of(cell), margin_of(cell), held_of(cell, found.wall))
                for cell in line.cells
            ]
            out.line("")
            out.table(("state", line.kind, "decides", "value", "margin", "held"), rows)
            if line.entities > len(line.cells):
                out.line((f"  the first {len(line.cells)} of {line.entities}", "dim"))
            out.line("")
            out.line((f"sidekiq-watchdog why {line.rule} {line.kind.upper()} shows all of one", "dim"))
    return Exit.FINE


def _no_such_rule(rule: str, found: "Matrix") -> UsageError:
    names = [line.rule for line in found.lines]
    return UsageError(f"no rule {rule!r} is in force{_nearest(rule, names)}")


def _no_such_thing(answer: "Why", found: "Matrix") -> UsageError:
    names = [cell.entity for line in found.lines for cell in line.cells]
    return UsageError(
        f"{answer.rule} looks at each {answer.kind}, and none is called {answer.entity!r}{_nearest(answer.entity, names)}; `why {answer.rule}` lists them"
    )


def _nearest(name: str, names: list[str]) -> str:
    near = get_close_matches(name, names, 3, 0.5) or [one for one in names if name and name in one][:3]
    return f"; did you mean {' or '.join(near)}?" if near else ""
