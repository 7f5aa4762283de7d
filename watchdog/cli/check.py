"""`check`: config and rule files, read as the agent would read them, and everything that is wrong with them at once."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from watchdog.cli.exits import Exit
from watchdog.cli.options import DEFAULT_CONFIG, JsonOption
from watchdog.cli.output import count, output, say_json
from watchdog.cli.problems import annotation, plain_problem, show_in_context, show_problems
from watchdog.errors import Problem


class Format(StrEnum):
    """How problems are shown."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Rule files, folders with *.yml, or pack:NAME.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help=f"A config file with all that it names.  [default: {DEFAULT_CONFIG}, if no rule files are given]",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", metavar="|".join(Format), help="How problems are shown.")] = Format.TEXT,
    context: Annotated[
        bool, typer.Option("--context", help="Show the line of each problem in a pipe or a log, too, as on a terminal.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """
    Check config and rule files; show everything that is wrong with them.

    Codes that begin with W are warnings: such a rule can run, and may do what nobody meant. Ends with 0 if nothing stops the
    agent (warnings may remain), with 2 otherwise. `--format github` makes annotations of a workflow of GitHub Actions.
    """
    rules, problems = _inspect(files or [], config)
    errors = sum(not problem.is_warning for problem in problems)
    warnings = len(problems) - errors
    if as_json or form is Format.JSON:
        say_json(
            {
                "ok": not errors,
                "rules": rules,
                "errors": errors,
                "warnings": warnings,
                "problems": [plain_problem(problem) for problem in problems],
            }
        )
    else:
        out = output()
        if form is Format.GITHUB:
            for problem in problems:
                print(annotation(problem))
        elif context:
            show_in_context(out, problems)
        else:
            show_problems(out, problems)
        summary = f"{count(rules, 'rule')}, {count(errors, 'error')}, {count(warnings, 'warning')}"
        out.line((summary, "bad" if errors else "warn" if warnings else "good"))
    return Exit.USAGE if errors else Exit.FINE


def _inspect(files: Sequence[Path], config: Path | None) -> tuple[int, tuple[Problem, ...]]:
    """How many rules are right, and all problems; each of them once, although a file may be named twice."""
    from watchdog.config import inspect
    from watchdog.config.checking import inspect_files

    if not files:
        loaded, problems = inspect(config or DEFAULT_CONFIG)
        return (0 if loaded is None else len(loaded.rules.rules)), problems
    found, problems = inspect_files(files)
    if config is None:
        return len(found.rules), problems
    loaded, more = inspect(config)
    known = {rule.span for rule in loaded.rules.rules} if loaded is not None else set()
    return len(known | {rule.span for rule in found.rules}), tuple(dict.fromkeys((*more, *problems)))
