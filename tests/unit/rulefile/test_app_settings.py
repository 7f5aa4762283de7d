"""`app:` in the config: what it can hold, and what is refused at which place."""

import pytest

from watchdog.rulefile.application import AppSettings
from watchdog.rulefile.settings import read_settings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{}", AppSettings()),
        ("{folder: /home/mastodon/live}", AppSettings(folder="/home/mastodon/live")),
        ("{user: mastodon}", AppSettings(user="mastodon")),
    ],
)
def test_what_can_be_written(written, expected):
    """Each alone or both; what is not written the agent finds out by itself, as where there is no `app` at all."""
    settings, problems = read_settings("c.yml", f"{CONFIG}app: {written}\n")

    assert (settings and settings.app, problems) == (expected, ())
    assert read_settings("c.yml", CONFIG)[0].app == AppSettings()


@pytest.mark.parametrize(
    ("written", "problem"),
    [("{folder: live}", "4:15 E125"), ("{folder: [x]}", "4:15 E122"), ("{group: x}", "4:7 E120"), ("/home/mastodon/live", "4:6 E122")],
)
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then."""
    settings, problems = read_settings("c.yml", f"{CONFIG}app: {written}\n")

    assert settings is None
    assert [f"{one.span.line}:{one.span.column} {one.code}" for one in problems] == [problem]
