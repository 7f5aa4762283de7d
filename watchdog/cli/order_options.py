"""
The options of orders by hand, made from the table of actions: what a rule writes as a parameter a person writes as an option.

So a parameter that is added to the table is an option without another line.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdog.cli.exits import UsageError
from watchdog.model.actions import BY_NAME
from watchdog.model.guards import BY_NAME as GUARD
from watchdog.model.parameters import Form, ParameterSpec

if TYPE_CHECKING:
    from watchdog.rulefile.values import Value


def flag_of(name: str) -> str:
    """`stuck_jobs.strikes` → `--strikes`."""
    return f"--{name.rpartition('.')[2].replace('_', '-')}"


def with_arguments(action: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Gives a command an option for each argument of the action; it gets those that were written as `written`, by name."""
    arguments = {name.rpartition(".")[2]: name for name in BY_NAME[action].arguments()}

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @wraps(function)
        def command(**said: Any) -> int:
            written = {name: said.pop(parameter) for parameter, name in arguments.items()}
            return function(**said, written=written)

        own = [one for one in inspect.signature(function).parameters.values() if one.name != "written"]
        options = {parameter: Annotated[str, _option(BY_NAME[action].arguments()[name], name)] for parameter, name in arguments.items()}
        made = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default="", annotation=said) for name, said in options.items()]
        # What the framework reads the options from.
        command.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]
        command.__annotations__ = {**{name: said for name, said in function.__annotations__.items() if name != "written"}, **options}
        del command.__wrapped__
        return command

    return decorate


def _option(spec: ParameterSpec, name: str) -> Any:
    value = "|".join(spec.choices) or {Form.DURATION: "TIME", Form.COUNT: "N"}.get(spec.form, "VALUE")
    default = f" Otherwise {spec.default}." if spec.default else ""
    return typer.Option(flag_of(name), metavar=value, help=re.sub(r"\.?$", ".", spec.doc, count=1) + default, show_default=False)


ReasonOption = Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why; it stands in the audit log with your name.")]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force", metavar="GUARD", help="Overrule this guard, for instance coverage; those that keep it from the wrong process can't be."
    ),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, what is in flight, and what each guard says.")]


def read_arguments(action: str, written: Mapping[str, str]) -> "dict[str, Value]":
    """Every argument of the action, from what was written on the command line (empty: not at all) or its default. Raises `UsageError`."""
    return {name: _read(spec, written.get(name, ""), flag_of(name)) for name, spec in BY_NAME[action].arguments().items()}


def overruled(names: list[str] | None) -> tuple[str, ...]:
    """The guards that are to be overruled; raises `UsageError` for what is none, or can't be."""
    for name in names or ():
        if name not in GUARD:
            raise UsageError(f"--force {name}: there is no such guard; there are {', '.join(GUARD)}")
        if GUARD[name].binds_people:
            raise UsageError(f"--force {name}: nobody can overrule {name}, which denies when {GUARD[name].denies}")
    return tuple(dict.fromkeys(names or ()))


def _read(spec: ParameterSpec, written: str, what: str) -> "Value":
    from watchdog.lang.text import Text
    from watchdog.rulefile.findings import Findings
    from watchdog.rulefile.nodes import Scalar
    from watchdog.rulefile.values import default_of, read_value

    findings = Findings()
    value = read_value(Scalar(Text(written, what), plain=False), spec, findings) if written else default_of(spec)
    if value is None:
        raise UsageError(f"{what}: {'; '.join(problem.message for problem in findings.in_order())}")
    return value
