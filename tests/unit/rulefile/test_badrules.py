"""Rule files with something wrong in them: each says in its first lines what must be found, and nothing else may be."""

import re
from pathlib import Path

import pytest

from watchdog.errors import Problem
from watchdog.model.verdicts import Mode
from watchdog.rulefile.pack import read_manifest
from watchdog.rulefile.rules import read_rules
from watchdog.rulefile.settings import draft_settings
from watchdog.rulefile.tests import read_tests, strangers_in

FILES = sorted((Path(__file__).parents[2] / "badrules").glob("*.yml"))
EXPECT = re.compile(r"# expect: (\d+:\d+ [EW]\d{3})\n")
HINT = re.compile(r"# hint: (.+)\n")


RULES = "define: {too_long: 10m}\nrules:\n  - rule: slow\n    each: job\n    when: job.elapsed > too_long\n"


def problems_of(path: Path) -> tuple[str, tuple[Problem, ...]]:
    """
    The text of a bad file and what is found in it by a config that declares the receiver `ops`.

    `NAME.test.yml` are tests of a rule `slow`, `NAME.pack.yml` the manifest of a pack `mine`, `NAME.config.yml` a config for that rule.
    """
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    match path.suffixes[-2:]:
        case [".test", _]:
            tests, problems = read_tests(path.name, text)
            return text, problems or strangers_in(tests, {"slow"})
        case [".pack", _]:
            return text, read_manifest(path.name, text, folder="mine", program="1.2.0rc1")[1]
        case [".config", _]:
            draft, problems = draft_settings(path.name, text)
            return text, (*problems, *read_rules([("rules.yml", RULES)], draft.mode, {"ops"}, adjust=draft.adjust)[1])
        case _:
            return text, read_rules([(path.name, text)], Mode.ACT, {"ops"})[1]


def test_there_are_bad_rules() -> None:
    """The folder is found, and did not shrink."""
    assert len(FILES) >= 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_just_the_expected_problems_are_found(path: Path) -> None:
    """Line, column and code of every problem are those that the file announces, in the order of the file."""
    text, problems = problems_of(path)
    expected = EXPECT.findall(text)
    assert expected
    assert [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems] == expected, "\n".join(map(str, problems))


@pytest.mark.parametrize("path", [path for path in FILES if b"# hint: " in path.read_bytes()], ids=lambda path: path.stem)
def test_the_hints_are_given(path: Path) -> None:
    """Each hint that the file announces is the hint of one of its problems."""
    text, problems = problems_of(path)
    assert set(HINT.findall(text)) <= {problem.hint for problem in problems}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_messages_fit_on_a_terminal(path: Path) -> None:
    """No message carries control characters or a long piece of the file."""
    for problem in problems_of(path)[1]:
        assert str(problem).isprintable()
        assert len(problem.message) < 200
