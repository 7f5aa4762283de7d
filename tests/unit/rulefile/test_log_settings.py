"""`log:` in the config: its defaults, what it can hold, and what is refused at which place."""

import pytest

from watchdog.lang.literal import read_literal
from watchdog.lang.text import Text
from watchdog.model import keys
from watchdog.model.kinds import Type
from watchdog.rulefile.log import LogSettings
from watchdog.rulefile.settings import read_settings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
UNIT = "mastodon-sidekiq.service"


def read(written):
    """The settings under `log:` and the problems."""
    settings, problems = read_settings("c.yml", f"{CONFIG}log: {written}\n")
    return settings.log if settings else None, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", LogSettings()), ("{journal: false}", LogSettings(journal=False)), ("{burst: 0}", LogSettings(burst=0)),
        (f"{{files: {{{UNIT}: /var/log/a.log, any: /b}}}}", LogSettings(files={UNIT: "/var/log/a.log", "any": "/b"})),
    ],
)  # fmt: skip
def test_what_can_be_written(written, expected):
    """Each alone; what is not written has its default."""
    assert read(written) == (expected, [])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{journal: perhaps}", "4:16 E217"), ("{burst: 10s}", "4:14 E217"), ("{files: [/a]}", "4:14 E122"), ("{files: {a: b.log}}", "4:18 E125"),
        ("{files: {a: [/b]}}", "4:18 E122"), ("{file: /a}", "4:7 E120"), ("true", "4:6 E122"),
    ],
)  # fmt: skip
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then."""
    assert read(written) == (None, [problem])


def test_a_file_goes_before_the_journal():
    """That of the unit, else that for any."""
    settings = LogSettings(files={UNIT: "/a", "any": "/b"})
    assert (settings.file_of(UNIT), settings.file_of(""), settings.file_of("other.service")) == ("/a", "/b", "/b")
    assert LogSettings().file_of(UNIT) is None


def test_the_defaults_are_those_of_the_table():
    """What the reference says is what holds."""
    defaults = {spec.name: spec.default for spec in keys.LOG}
    assert defaults["journal"] == "true"
    assert read_literal(Text(defaults["burst"], "x"), Type.COUNT)[0] == LogSettings().burst
    assert read_settings("c.yml", CONFIG)[0].log == LogSettings()
