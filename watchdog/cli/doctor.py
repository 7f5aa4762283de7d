"""`doctor`: everything that the agent needs, looked at as the agent's user, and how to mend what is wrong."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.output import errors, output, say_json
from watchdog.cli.problems import plain_problem, show_problems
from watchdog.errors import Problem

if TYPE_CHECKING:
    from watchdog.doctor.found import Point

OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME", help="Tell of this point alone; may be given several times.", show_default=False),
]


def doctor(config: ConfigOption = DEFAULT_CONFIG, only: OnlyOption = None, as_json: JsonOption = False) -> int:
    """
    Look at everything that the agent needs, and say how to mend each point that is not well.

    Root has everything looked at as the agent's user; anybody else looks as himself. Changes nothing and sends nothing. Ends with 0 if nothing has to be mended (warnings may
    remain), with 1 if something has, with 2 if the config can't be read at all. What a unit alone gives the agent (credentials, variables) is there under
    `systemd-run --pipe --wait -p User=sidekiq-watchdog -p EnvironmentFile=… sidekiq-watchdog doctor`.
    """
    from watchdog.cli.doctor_view import show_points
    from watchdog.doctor.found import Health
    from watchdog.model.points import BY_NAME

    wanted = _known(only or [])
    name, points, problems = _examined(config, wanted)
    counts = {health: sum(point.health is health for point in points) for health in Health}
    if as_json:
        shown: list[Any] = [
            {"name": one.name, "area": one.area, "health": one.health, "says": one.says, "mend": one.mend, "why": BY_NAME[one.name].why}
            for one in points
        ]
        told = [plain_problem(problem) for problem in problems]
        say_json({"ok": not (counts[Health.FAIL] or problems), "user": name, "counts": counts, "points": shown, "problems": told})
    else:
        show_problems(errors(), problems)
        show_points(output(), points, user=name)
    if problems:
        return Exit.USAGE
    return Exit.FINDINGS if counts[Health.FAIL] else Exit.FINE


def _known(names: list[str]) -> frozenset[str]:
    from watchdog.model.points import BY_NAME

    if strange := [name for name in names if name not in BY_NAME]:
        raise UsageError(f"nothing that is looked at is called {strange[0]!r}; there are {', '.join(BY_NAME)}")
    return frozenset(names)


def _examined(config: Path, only: frozenset[str]) -> "tuple[str, list[Point], list[Problem]]":
    """As whom it was looked, the points, and what keeps the config itself from being read, if anything does."""
    import asyncio

    import msgspec

    from watchdog.doctor.beginning import as_whom, examined
    from watchdog.doctor.found import Point
    from watchdog.doctor.who import as_user

    who, own_unit, agent = as_whom(config)

    def work() -> bytes:
        exam, points = asyncio.run(examined(config, who, own_unit=own_unit, agent=agent, only=only))
        return msgspec.json.encode((points, exam.problems if exam.settings is None else ()))

    said = as_user(who, work) if os.geteuid() == 0 and who.uid != 0 else work()
    return who.name, *msgspec.json.decode(said, type=tuple[list[Point], list[Problem]])
