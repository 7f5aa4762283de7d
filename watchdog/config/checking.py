"""
Files as somebody names them on a command line, `rules/*.yml`: rule files, and beside them tests and manifests.

The counterpart of `finding`, which goes through folders and leaves those out. Each file is read as what its name says it is.
"""

from collections.abc import Sequence
from pathlib import Path

from watchdog import __version__
from watchdog.config.disk import read_text
from watchdog.config.finding import is_test
from watchdog.config.loading import inspect_rules
from watchdog.config.packs import MANIFEST
from watchdog.engine.rules import RuleSet
from watchdog.errors import Problem, Span
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.pack import read_manifest


def inspect_files(paths: Sequence[Path]) -> tuple[RuleSet, tuple[Problem, ...]]:
    """As `inspect_rules`; of files of tests and of manifests that are named too, what is wrong with them as such."""
    beside = [path for path in paths if path.is_file() and (path.name == MANIFEST or is_test(path))]
    rules, problems = inspect_rules([path for path in paths if path not in beside])
    return rules, (*problems, *(problem for path in beside for problem in _problems(path)))


def _problems(path: Path) -> tuple[Problem, ...]:
    findings = Findings()
    text = read_text(path, Span(str(path), 1, 1), findings)
    if text is None:
        return findings.in_order()
    if path.name == MANIFEST:
        return read_manifest(str(path), text, folder=path.parent.resolve().name, program=__version__)[1]
    from watchdog.rulefile.tests import read_tests  # few name tests, and they need much that rules don't

    return read_tests(str(path), text)[1]
