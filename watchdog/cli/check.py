"""`check`: config and rule files, read as the agent would read them, and everything that is wrong with them at once."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import Exit
from watchdog.cli.options import DEFAULT_CONFIG, JsonOption
from watchdog.cli.output import count, output, say_json
from watchdog.cli.problems import annotation, plain_problem, show_in_context, show_problems
from watchdog.errors import Problem

if TYPE_CHECKING:
    from watchdog.config import Loaded
    from watchdog.rulefile.checks import CheckSettings


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
    try_checks: Annotated[
        bool, typer.Option("--try", help="Try the checks that the config declares, each once, and say what came of it.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """
    Check config and rule files; show everything that is wrong with them.

    Codes that begin with W are warnings: such a rule can run, and may do what nobody meant. Ends with 0 if nothing stops the
    agent (warnings may remain), with 2 otherwise; with `--try` with 1 if a declared check fails. `--format github` makes annotations of a workflow of GitHub Actions.
    """
    from watchdog.cli.trying import declared, plain_tried, show_tried, try_each

    rules, problems, declarations = _inspect(files or [], config)
    tried = try_each(declarations) if try_checks else declared(declarations)
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
                "checks": plain_tried(tried),
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
        show_tried(out, tried)
        summary = f"{count(rules, 'rule')}, {count(errors, 'error')}, {count(warnings, 'warning')}"
        out.line((summary, "bad" if errors else "warn" if warnings else "good"))
    if errors:
        return Exit.USAGE
    return Exit.FINDINGS if any(one.ok is False for one in tried) else Exit.FINE


def _inspect(files: Sequence[Path], config: Path | None) -> tuple[int, tuple[Problem, ...], "Mapping[str, CheckSettings]"]:
    """How many rules are right, all problems, each of them once, although a file may be named twice, and the checks that the config declares."""
    from watchdog.config import inspect
    from watchdog.config.checking import inspect_files

    if not files:
        loaded, problems = inspect(config or DEFAULT_CONFIG)
        return (0 if loaded is None else len(loaded.rules.rules)), problems, _checks(loaded)
    found, problems = inspect_files(files)
    if config is None:
        return len(found.rules), problems, {}
    loaded, more = inspect(config)
    known = {rule.span for rule in loaded.rules.rules} if loaded is not None else set()
    return len(known | {rule.span for rule in found.rules}), tuple(dict.fromkeys((*more, *problems))), _checks(loaded)


def _checks(loaded: "Loaded | None") -> "Mapping[str, CheckSettings]":
    return {} if loaded is None else loaded.settings.checks
