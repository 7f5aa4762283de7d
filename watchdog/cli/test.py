"""`test`: the tests that lie beside rules, played to the real engine in virtual time, with what they never reached."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdog.cli.exits import Exit
from watchdog.cli.options import JsonOption
from watchdog.cli.output import Output, count, output, say_json
from watchdog.cli.problems import plain_problem, show_problems
from watchdog.cli.staying import stay

if TYPE_CHECKING:
    from watchdog.config.rehearsing import Report
    from watchdog.rulefile.comparison import Failure

_MOST_BRANCHES = 20
_SHOWS = {"fires": "that it fires", "resolves": "that it resolves", "look_alike": "a look-alike in which it keeps still"}


def test(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="Files of tests, rule files with tests beside them, folders, or pack:NAME.", show_default=False
        ),
    ],
    as_json: JsonOption = False,  # noqa: PT028  (a command, not a test)
) -> int:
    """
    Run the tests of rules; show what differs and what no test reached.

    Ends with 0 if all pass, with 1 if a test fails, with 2 if a file can't be used.
    """
    from watchdog.config.rehearsing import run_tests

    stay()
    report = run_tests(files)
    if as_json:
        say_json(_plain(report))
    else:
        _show(output(), report)
    return _exit(report)


def _exit(report: "Report") -> Exit:
    if any(not problem.is_warning for problem in report.problems):
        return Exit.USAGE
    return Exit.FINE if report.passed else Exit.FINDINGS


def _show(out: Output, report: "Report") -> None:
    show_problems(out, report.problems)
    for rehearsed in report.tests:
        if rehearsed.failures:
            out.line(("FAILED", "bad"), f" {rehearsed.test.span}: {rehearsed.test.name}")
            for failure in rehearsed.failures:
                _show_failure(out, failure)
    _show_reach(out, report)
    _show_coverage(out, report)
    failed = sum(bool(rehearsed.failures) for rehearsed in report.tests)
    passed = len(report.tests) - failed
    summary = f"{count(passed, 'test')} passed, {failed} failed; {count(report.rules, 'rule')}, {report.seen} of {report.all_ways} ways of their conditions seen"
    out.line((summary, "good" if report.passed else "bad"))


def _show_failure(out: Output, failure: "Failure") -> None:
    from watchdog.rulefile.comparison import clock

    out.line(f"  {failure.span}: after {clock(failure.at)}")
    out.line("    expected  ", (failure.expected or "nothing", "good"))
    out.line("    found     ", (failure.found or "nothing", "bad"))
    for number, line in enumerate(failure.because):
        out.line("              " if number else "    for       ", (line, "dim"))


def _show_reach(out: Output, report: "Report") -> None:
    for name in report.never_fired:
        out.line(("not reached", "warn"), f" {name}: no test makes it fire")
    for branch in report.branches[:_MOST_BRANCHES]:
        out.line(("not reached", "warn"), f" {branch.rule}: never {' nor '.join(branch.never)}: {branch.text}")
    if (more := len(report.branches) - _MOST_BRANCHES) > 0:
        out.line(("not reached", "warn"), f" and {more} more")


def _show_coverage(out: Output, report: "Report") -> None:
    """Whether each rule is shown to fire, to be over, and to keep still where something only looks like it."""
    for one in report.unshown:
        out.line(("not shown", "warn"), f" {one.rule}: {', '.join(_SHOWS[show] for show in one.missing)}")
    if report.rules and not report.unshown:
        out.line((f"coverage: {count(report.rules, 'rule')}, each fires, resolves and has a look-alike", "good"))


def _plain(report: "Report") -> dict[str, Any]:
    return {
        "ok": report.passed,
        "tests": [
            {
                "test": rehearsed.test.name,
                "file": rehearsed.test.span.file,
                "line": rehearsed.test.span.line,
                "ok": not rehearsed.failures,
                "failures": [_plain_failure(failure) for failure in rehearsed.failures],
            }
            for rehearsed in report.tests
        ],
        "coverage": {
            "rules": report.rules,
            "never_fired": list(report.never_fired),
            "not_shown": [{"rule": one.rule, "missing": list(one.missing)} for one in report.unshown],
            "seen": report.seen,
            "of": report.all_ways,
            "branches": [{"rule": branch.rule, "text": branch.text, "never": list(branch.never)} for branch in report.branches],
        },
        "problems": [plain_problem(problem) for problem in report.problems],
    }


def _plain_failure(failure: "Failure") -> dict[str, Any]:
    span = failure.span
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "at_ms": failure.at,
        "expected": failure.expected,
        "found": failure.found,
    }
