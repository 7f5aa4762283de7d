"""`digest:` in the config: its defaults, what it can hold, and what is refused at which place."""

import pytest

from watchdog.config.zones import weekly_of
from watchdog.model import keys
from watchdog.rulefile.digest import DigestSettings
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.settings import draft_settings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"


def read(digest: str):
    """When it is due, and the problems."""
    draft, problems = draft_settings("c.yml", f"{CONFIG}digest: {digest}\n")
    findings = Findings()
    weekly = weekly_of(draft.digest, findings)
    return weekly, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in (*problems, *findings.in_order())]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{zone: UTC}", "monday 09:00 (UTC)"),
        ("{day: friday, at: '17:30', zone: Europe/Berlin}", "friday 17:30 (Europe/Berlin)"),
        ("{at: '7:05'}", "monday 07:05 (local time)"),
        ("{day: never}", "None"),
    ],
)
def test_what_can_be_written(written, expected):
    """What is not written has its default."""
    weekly, problems = read(written)

    assert (str(weekly), problems) == (expected, [])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{day: mon}", "4:15 E124"),
        ("{at: noon}", "4:14 E125"),
        ("{at: '24:00'}", "4:15 E125"),
        ("{hour: 9}", "4:10 E120"),
        ("weekly", "4:9 E122"),
        ("{zone: Europe/Nowhere}", "4:16 E518"),
    ],
)
def test_what_is_refused(written, problem):
    """With its place."""
    assert read(written)[1] == [problem]


def test_the_defaults_are_those_of_the_table():
    """What the reference says is what holds, also where nothing is written at all; without a config there is none."""
    defaults = {spec.name: spec.default for spec in keys.DIGEST}
    settings = draft_settings("c.yml", CONFIG)[0].digest

    assert settings == DigestSettings()
    assert (settings.day, f"{settings.minute // 60:02}:{settings.minute % 60:02}", "local") == (
        defaults["day"],
        defaults["at"],
        defaults["zone"],
    )
    assert weekly_of(settings, Findings()).zone.name == "local time"
    assert weekly_of(None, Findings()) is None
