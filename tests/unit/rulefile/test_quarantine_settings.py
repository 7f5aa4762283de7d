"""`quarantine:` in the config: its defaults, what it can hold, and what is refused at which place."""

import pytest

from watchdog.lang.literal import read_literal
from watchdog.lang.text import Text
from watchdog.model import keys
from watchdog.model.kinds import Type
from watchdog.rulefile.quarantine import QuarantineSettings
from watchdog.rulefile.settings import read_settings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
DAY = 24 * 3_600_000


def read(quarantine: str):
    """The settings under `quarantine:` and the problems."""
    settings, problems = read_settings("c.yml", f"{CONFIG}quarantine: {quarantine}\n")
    return settings.quarantine if settings else None, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", QuarantineSettings()), ("{keep: 3d}", QuarantineSettings(keep=3 * DAY)), ("{in: both}", QuarantineSettings(in_dead_set=True)),
        ("{keep: 1h, in: store}", QuarantineSettings(keep=3_600_000)),
    ],
)  # fmt: skip
def test_what_can_be_written(written, expected):
    """Each alone or both; what is not written has its default."""
    assert read(written) == (expected, [])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{keep: 14}", "4:20 E217"),
        ("{keep: 1m}", "4:20 E125"),
        ("{in: dead}", "4:18 E124"),
        ("{kept: 1d}", "4:14 E120"),
        ("30d", "4:13 E122"),
    ],
)
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then. The dead set alone is no place: people may empty it."""
    settings, problems = read(written)

    assert settings is None
    assert problems == [problem]


def test_the_defaults_are_those_of_the_table():
    """What the reference says is what holds."""
    defaults = {spec.name: spec.default for spec in keys.QUARANTINE}
    assert read_literal(Text(defaults["keep"], "x"), Type.DURATION)[0] == QuarantineSettings().keep
    assert (defaults["in"] == "both") == QuarantineSettings().in_dead_set
