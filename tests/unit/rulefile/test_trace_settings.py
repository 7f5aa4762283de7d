"""`trace:` in the config: its defaults, what it can hold, and what is refused at which place."""

import pytest

from watchdog.lang.literal import read_literal
from watchdog.lang.text import Text
from watchdog.model import keys
from watchdog.model.kinds import Type
from watchdog.rulefile.settings import read_settings
from watchdog.rulefile.trace import TraceSettings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
DAY = 24 * 3_600_000


def read(trace: str):
    """The settings under `trace:` and the problems."""
    settings, problems = read_settings("c.yml", f"{CONFIG}trace: {trace}\n")
    return settings.trace if settings else None, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", TraceSettings()), ("{keep: 3d}", TraceSettings(keep=3 * DAY)), ("{most: 250MB}", TraceSettings(most=250_000_000)),
        ("{keep: 0s}", TraceSettings(keep=0)), ("{keep: 0, most: 1GiB}", TraceSettings(keep=0, most=2**30)),
    ],
)  # fmt: skip
def test_what_can_be_written(written, expected):
    """Each alone or both; what is not written has its default."""
    assert read(written) == (expected, [])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{keep: 14}", "4:15 E217"), ("{most: 1}", "4:15 E217"), ("{most: 10kB}", "4:15 E125"), ("{kept: 1d}", "4:9 E120"), ("14d", "4:8 E122"),
        ("{keep: 30000d}", "4:15 E125"), ("{most: }", "4:15 E122"), ("{most: [1GB]}", "4:15 E122"),
    ],
)  # fmt: skip
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then."""
    settings, problems = read(written)

    assert settings is None
    assert problems == [problem]


def test_the_defaults_are_those_of_the_table():
    """What the reference says is what holds."""
    types = {"keep": Type.DURATION, "most": Type.SIZE}
    assert {spec.name: read_literal(Text(spec.default, "x"), types[spec.name])[0] for spec in keys.TRACE} == {
        "keep": TraceSettings().keep, "most": TraceSettings().most,
    }  # fmt: skip
    assert read_settings("c.yml", CONFIG)[0].trace == TraceSettings()
