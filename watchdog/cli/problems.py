"""Problems of config and rule files, all of them, with the line that each is about and a mark under the place."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from watchdog.cli.output import Output, Plain, clean
from watchdog.errors import Problem, Span

_LONGEST_LINE: Final = 160
_BEFORE: Final = 60


def show_problems(output: Output, problems: Sequence[Problem], *, read_line: "Callable[[Span], str] | None" = None) -> None:
    """One line each, `file:line:column: CODE message   hint: …`; on a terminal with a snippet of the file below it."""
    read_line = cache(line_of) if read_line is None else read_line
    for problem in problems:
        style = "warn" if problem.is_warning else "bad"
        hint = f"   hint: {problem.hint}" if problem.hint else ""
        output.line((f"{problem.span}", "strong"), ": ", (problem.code, style), f" {problem.message}", (hint, "good"))
        if not isinstance(output, Plain):
            _show_place(output, problem.span, read_line(problem.span))


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
