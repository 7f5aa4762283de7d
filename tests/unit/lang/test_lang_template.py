"""Texts for people, with holes, and references from one entity to another."""

from collections.abc import Callable
from typing import Any

import pytest

from watchdog.lang.condition import read_reference
from watchdog.lang.template import LONGEST_RESULT, Template, read_template
from watchdog.lang.text import Text
from watchdog.model.kinds import Kind

MakeRow = Callable[..., Any]


def template(text: str) -> Template:
    """Reads a template that must be sound."""
    found, problems = read_template(Text(text, "f"), Kind.PROCESS)
    assert found is not None, [str(problem) for problem in problems]
    return found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no hole", "no hole"),
        ("", ""),
        ("{{ process.tag }}: {{process.busy}} of {{ process.threads }}", "live: 5 of 10"),
        ("{{ process.busy / process.threads }} busy", "50 % busy"),
        ("up {{ process.uptime }}, {{ process.rss }}", "up 12m 5s, 1.5 GiB"),
        ("{{ process.host }} {{ process.busy / 0 }}", "? ?"),
        ("{{ process.busy > 3 }}", "yes"),
        ('{{ "}}" }} } }} { {', "}} } }} { {"),
        ("two\nlines\tand \x1b[31m \u202e \ud800", "two lines and �[31m � �"),
        ("{{ process.unit }}", "a�[2J b"),
    ],
)
def test_a_template_is_rendered_for_people(text: str, shown: str, row: MakeRow):
    """Values are shown in round words, what is unknown as a question mark, and nothing can drive a terminal."""
    it = row(Kind.PROCESS, tag="live", busy=5, threads=10, booted_at=0, rss=1_610_612_736, unit="a\x1b[2J\nb")
    assert template(text).render(it, 725_000) == shown


def test_a_rendered_text_is_bounded(row: MakeRow):
    """A tag of a megabyte does not become a message of a megabyte."""
    it = row(Kind.PROCESS, tag="x" * 1_000_000)
    assert len(template("{{ process.tag }}").render(it, 0)) == 300
    long = template("{{ process.tag }}" * 100).render(it, 0)
    assert len(long) == LONGEST_RESULT
    assert long.endswith("…")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ process.tga }} and {{ process.bizy }}", ["1:4 E203", "1:26 E203"]),
        ("{{ process.tag", ["1:1 E320"]),
        ("{{ process.tag }} {{ }}", ["1:21 E318"]),
        ("{{ process.busy > }}", ["1:17 E312"]),
        ("{{ tag }}", ["1:4 E201"]),
        ("x" * 70_000, ["1:1 E317"]),
    ],
)
def test_every_hole_is_checked_in_its_place(text: str, expected: list[str]):
    """A message that can't be rendered is found when the rules are read, not at night."""
    found, problems = read_template(Text(text, "f"), Kind.PROCESS)
    assert found is None
    assert [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems] == expected


def test_a_reference_finds_the_other_entity(row: MakeRow):
    """A job names its process, a process itself; unknown is None."""
    by_job, problems = read_reference(Text("job.process", "f"), Kind.JOB, Kind.PROCESS)
    assert by_job is not None
    assert problems == ()
    assert by_job.text == "job.process"
    assert by_job.find(row(Kind.JOB, process="web1:7:abc")) == "web1:7:abc"
    assert by_job.find(row(Kind.JOB)) is None
    for text in ("process", "process.id", "(process)"):
        itself, problems = read_reference(Text(text, "f"), Kind.PROCESS, Kind.PROCESS)
        assert itself is not None
        assert problems == ()
        assert itself.find(row(Kind.PROCESS)) == "it"


@pytest.mark.parametrize(
    ("text", "kind", "code", "hint"),
    [
        ("job.queue", Kind.JOB, "E216", "write job.process"),
        ('"web1:7:abc"', Kind.JOB, "E216", "write job.process"),
        ("process", Kind.JOB, "E216", "write job.process"),
        ("job", Kind.JOB, "E216", "write job.process"),
        ("job.proces", Kind.JOB, "E203", "did you mean 'job.process'?"),
        ("queue.name", Kind.QUEUE, "E216", "a queue has to do with no single process"),
        ("process.tag", Kind.PROCESS, "E216", "write process"),
        ("", Kind.JOB, "E318", "write an expression, or leave it out"),
    ],
)
def test_a_reference_that_names_nothing_is_a_problem(text: str, kind: Kind, code: str, hint: str):
    """An action never gets a target that nobody named."""
    found, problems = read_reference(Text(text, "f"), kind, Kind.PROCESS)
    assert found is None
    assert [(problem.code, problem.hint) for problem in problems] == [(code, hint)]
