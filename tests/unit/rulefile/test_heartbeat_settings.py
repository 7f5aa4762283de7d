"""`heartbeat:` in the config: what it can hold, what is refused at which place, and that its address is never shown."""

import pytest
from rich.pretty import pretty_repr

from watchdog.rulefile.heartbeat import HeartbeatSettings
from watchdog.rulefile.secrets import Origin
from watchdog.rulefile.settings import Settings, read_settings, with_secrets

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"


def read(written: str) -> tuple[Settings | None, list[str]]:
    """The settings and the problems."""
    settings, problems = read_settings("c.yml", f"{CONFIG}heartbeat: {written}\n")
    return settings, [f"{problem.span.line}:{problem.span.column} {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{url: https://h/x}", HeartbeatSettings("https://h/x")),
        ("{url: https://h/x, every: 5m, style: plain}", HeartbeatSettings("https://h/x", 300_000, "plain")),
        ('{url: "${file:beat}"}', HeartbeatSettings("")),
    ],
)
def test_what_can_be_written(written, expected):
    """What is not written has its default."""
    settings, problems = read(written)
    assert (settings and settings.heartbeat, problems) == (expected, [])


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{}", "4:12 E121"), ("{every: 1m}", "4:12 E121"), ("{url: h}", "4:18 E502"), ("{url: https://hc..example/x}", "4:18 E502"), ("{url: https://h, every: 5s}", "4:36 E125"), ("{url: https://h, every: 10}", "4:36 E217"),
        ("{url: https://h, style: loud}", "4:36 E124"), ("{url: https://h, ping: 1m}", "4:29 E120"), ("https://h", "4:12 E122"), ('{url: "${vault:x}"}', "4:19 E505"),
    ],
)  # fmt: skip
def test_what_is_refused(written, problem):
    """With its place; nothing of the config is taken over then."""
    assert read(written) == (None, [problem])


def test_its_address_can_be_a_secret():
    """It is checked where it comes from, and never shown."""
    settings, problems = read('{url: "${credential:heartbeat}", every: 2m}')
    assert (settings is not None, problems) == (True, [])
    assert settings is not None
    assert [(one.setting, one.origin, one.name) for one in settings.secrets] == [(("heartbeat", "url"), Origin.CREDENTIAL, "heartbeat")]
    whole, wrong = with_secrets(settings, {("heartbeat", "url"): "https://hunter2.example/x"})
    assert (whole.heartbeat, wrong) == (HeartbeatSettings("https://hunter2.example/x", 120_000), ())
    assert "hunter2" not in repr(whole) + pretty_repr(whole)
    assert [problem.code for problem in with_secrets(settings, {("heartbeat", "url"): "hunter2"})[1]] == ["E502"]
