"""`alerts:` in the config: the address of the page, and what is refused at which place."""

import pytest

from watchdog.rulefile.settings import draft_settings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"


@pytest.mark.parametrize(
    ("written", "page"),
    [
        ("alerts: {page: https://watchdog.example.org}", "https://watchdog.example.org"),
        ("alerts: {page: 'http://10.0.0.1:8080/watchdog/'}", "http://10.0.0.1:8080/watchdog"),
        ("alerts: {}", ""),
        ("", ""),
    ],
)
def test_what_can_be_written(written, page):
    """The address without the slash at its end; none where none is written."""
    draft, problems = draft_settings("c.yml", f"{CONFIG}{written}\n")

    assert draft.settings is not None
    assert (draft.settings.alerts.page, problems) == (page, ())


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{page: watchdog.example.org}", "4:16 E502"),
        ("{page: 'javascript:alert(1)'}", "4:17 E502"),
        ("{page: 'https://ada:secret@example.org'}", "4:17 E502"),
        ("{page: 'https://example.org/?id='}", "4:17 E502"),
        ("{page: 'https://example.org/<b>'}", "4:17 E502"),
        ("{page: 'https://exämple.org/'}", "4:17 E502"),
        ("{link: 'https://example.org'}", "4:10 E120"),
        ("https://example.org", "4:9 E122"),
    ],
)
def test_what_is_refused(written, problem):
    """With its place: what becomes a link in every message must be one, and holds no secret."""
    problems = draft_settings("c.yml", f"{CONFIG}alerts: {written}\n")[1]

    assert [f"{one.span.line}:{one.span.column} {one.code}" for one in problems] == [problem]
    assert "secret" not in problems[0].message
