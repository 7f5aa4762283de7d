"""
Rule tests, found, read and run: those of a pack before it may act, and those that a person names.

What they mean and how they are played is `rulefile`'s business. `NAME.test.yml` tests the rules of `NAME.yml`, if there is such a file beside
it; else those of all rule files in its folder.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from watchdog.config.disk import read_text
from watchdog.config.finding import Place, find, is_test, look_into
from watchdog.errors import Problem, Span
from watchdog.lang.text import Text
from watchdog.model.verdicts import Mode
from watchdog.rulefile.comparison import Failure
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.reached import Branch, Reached
from watchdog.rulefile.rehearsal import Rehearsed, rehearse
from watchdog.rulefile.rules import read_rules
from watchdog.rulefile.shown import Shown, Unshown, unshown
from watchdog.rulefile.tests import fields_of, read_tests, strangers_in

_ENDINGS: Final = (".test", "_test")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """
    What came of tests.

    `tests` in their order; `problems` are what is wrong with the files, warnings included; with an error among those of a file none of
    its tests was run. `rules` is how many rules were tested, `never_fired` which of them fired in no test, `branches` what of their conditions no
    test saw true or false; `unshown` what no test that passed shows of a rule; `seen` of `all_ways` is the coverage in numbers.
    """

    tests: tuple[Rehearsed, ...] = ()
    problems: tuple[Problem, ...] = ()
    rules: int = 0
    never_fired: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()
    unshown: tuple[Unshown, ...] = ()
    seen: int = 0
    all_ways: int = 0

    @property
    def failures(self) -> tuple[Failure, ...]:
        """All that was not as expected."""
        return tuple(failure for test in self.tests for failure in test.failures)

    @property
    def passed(self) -> bool:
        """Whether there is nothing wrong at all."""
        return not self.failures and all(problem.is_warning for problem in self.problems)


def run_tests(paths: Sequence[Path]) -> Report:
    """The tests that these paths mean: files of tests, folders with such, `pack:NAME`, or rule files with tests beside them."""
    reports: list[Report] = []
    for path in dict.fromkeys(paths):
        findings = Findings()
        places = find([Text(str(path), str(path))], Path(), findings)
        reports.append(Report(problems=findings.in_order()))
        for place in places:
            reports += _run(_with_tests(place, reports))
    return _joined(reports)


def failures_of(place: Place) -> list[str]:
    """What is wrong with the tests of a pack, one line each; empty if they pass."""
    # A file that the config names before its pack was left out here, and is tested all the same.
    report = _joined(_run(look_into(place.folder, place.span, Findings()) or place))
    return [str(problem) for problem in report.problems if not problem.is_warning] + [str(failure) for failure in report.failures]


def _with_tests(place: Place, reports: list[Report]) -> Place:
    """A place that is a single file, with its tests, or with its rules; without any a note is added to `reports`."""
    findings = Findings()
    files = (*place.rules, *place.tests)
    if len(files) == 1 and not place.tests and files[0].parent == place.folder and not files[0].is_dir():
        file = files[0]
        around = look_into(file.parent, place.span, Findings())
        if around is not None and is_test(file):
            place = msgspec.structs.replace(place, rules=around.rules, tests=(file,))
        elif around is not None:
            place = msgspec.structs.replace(place, tests=tuple(test for test in around.tests if _stem(test) == file.stem))
    if not place.tests:
        findings.add(
            "E436",
            place.span,
            f"there are no tests for {place.folder.name or place.folder}",
            hint="write them beside the rules, in NAME.test.yml",
        )
        reports.append(Report(problems=findings.in_order()))
    return place


def _run(place: Place) -> Iterable[Report]:
    """A report for each file of tests, and one of what all of them reached."""
    by_stem = {file.stem: file for file in place.rules}
    reached = Reached()
    shows: list[Shown] = []
    for test_file in place.tests:
        mine = by_stem.get(_stem(test_file))
        report = _run_file(test_file, (mine,) if mine is not None else place.rules, place.span, reached)
        shows += [shown for test in report.tests for shown in test.shows]
        yield report
    seen, ways = reached.counts()
    yield Report(
        rules=len(reached.rules),
        never_fired=reached.never_fired(),
        branches=reached.branches(),
        unshown=unshown(reached.rules, shows),
        seen=seen,
        all_ways=ways,
    )


def _run_file(test_file: Path, files: tuple[Path, ...], span: Span, reached: Reached) -> Report:
    findings = Findings()
    texts = [(str(file), text) for file in files if (text := read_text(file, span, findings)) is not None]
    text = read_text(test_file, span, findings)
    if text is None:
        return Report(problems=findings.in_order())
    tests, in_tests = read_tests(str(test_file), text)
    rules, in_rules = read_rules(texts, Mode.ACT, None, vocabulary=fields_of(tests))
    problems = (*findings.in_order(), *in_tests, *(problem for problem in in_rules if not problem.is_warning))
    if all(problem.is_warning for problem in problems):
        problems = (*problems, *strangers_in(tests, rules.by_name))
    if not all(problem.is_warning for problem in problems):
        return Report(problems=problems)
    reached.use(rules.rules)
    return Report(tests=tuple(rehearse(test, rules, reached, vocabulary=fields_of(tests)) for test in tests.tests), problems=problems)


def _stem(test_file: Path) -> str:
    stem = test_file.stem
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return stem


def _joined(reports: Iterable[Report]) -> Report:
    every = list(reports)
    return Report(
        tests=tuple(test for report in every for test in report.tests),
        problems=tuple(dict.fromkeys(problem for report in every for problem in report.problems)),
        rules=sum(report.rules for report in every),
        never_fired=tuple(name for report in every for name in report.never_fired),
        branches=tuple(branch for report in every for branch in report.branches),
        unshown=tuple(one for report in every for one in report.unshown),
        seen=sum(report.seen for report in every),
        all_ways=sum(report.all_ways for report in every),
    )
