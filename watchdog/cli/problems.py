"""Problems of config and rule files, all of them, with the line that each is about and a mark under the place."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from watchdog.cli.output import Output, Plain, clean
from watchdog.errors import Problem, Span

_LONGEST_LINE: Final = 160
_BEFORE: Final = 60


def show_problems(output: Output, problems: Sequence[Problem], *, read_line: "Callable[[Span], str] | None" = None) -> None:
    """One line each, `file:line:column: CODE message   hint: …`; on a terminal with a snippet of the file below it."""
    if not isinstance(output, Plain):
        show_in_context(output, problems, read_line=read_line)
        return
    for problem in problems:
        _show(output, problem)


def show_in_context(output: Output, problems: Sequence[Problem], *, read_line: "Callable[[Span], str] | None" = None) -> None:
    """As `show_problems`, but with the snippet wherever it is printed."""
    read_line = cache(line_of) if read_line is None else read_line
    for problem in problems:
        _show(output, problem)
        _show_place(output, problem.span, read_line(problem.span))


def plain_problem(problem: Problem) -> dict[str, Any]:
    """For programs."""
    span = problem.span
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "width": span.width,
        "code": problem.code,
        "warning": problem.is_warning,
        "message": problem.message,
        "hint": problem.hint,
    }


def annotation(problem: Problem) -> str:
    """
    The problem as a workflow command of GitHub Actions, which marks the place in the changes of a pull request.

    What must not stand in one is percent-encoded, as the runner's own toolkit does it (actions/toolkit, packages/core/src/command.ts).
    """
    span, level = problem.span, "warning" if problem.is_warning else "error"
    hint = f"   hint: {problem.hint}" if problem.hint else ""
    end = span.column + span.width
    place = f"file={_property(span.file)},line={span.line},col={span.column},endColumn={end},title={_property(problem.code)}"
    return f"::{level} {place}::{_data(clean(problem.message + hint))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clean(text)).replace(":", "%3A").replace(",", "%2C")


def _show(output: Output, problem: Problem) -> None:
    style = "warn" if problem.is_warning else "bad"
    hint = f"   hint: {problem.hint}" if problem.hint else ""
    output.line((f"{problem.span}", "strong"), ": ", (problem.code, style), f" {problem.message}", (hint, "good"))


def line_of(span: Span) -> str:
    """The line of the file as it is there now; empty where it can't be read, since that was said already."""
    try:
        with Path(span.file).open(encoding="utf-8", errors="replace") as file:
            return next(islice(file, span.line - 1, None), "").rstrip("\r\n")
    except (OSError, ValueError):
        return ""


def _show_place(output: Output, span: Span, line: str) -> None:
    if not line.strip() or span.column > len(line) + 1:
        return
    begin = max(0, span.column - 1 - _BEFORE) if len(line) > _LONGEST_LINE else 0
    before, rest = line[begin : span.column - 1], line[span.column - 1 : begin + _LONGEST_LINE]
    number = f"{span.line:>6} | "
    width = max(1, len(clean(rest[: span.width])))
    output.line((number, "dim"), clean(before) + clean(rest))
    output.line((" " * 6 + " | ", "dim"), " " * len(clean(before)), ("^" * width, "bad"))
