"""What receivers and people of a config say of each other: warnings, with the place where it can be put right."""

import pytest

from watchdog.rulefile.settings import read_settings

CONFIG = "redis: {url: redis://h}\nrules: [rules.yml]\nstate: state\n"
ROOM = 'receivers:\n  hook: {type: webhook, url: "https://example.org"}\n  room: {type: matrix, homeserver: "https://m.example.org", token: t, room: "#ops:example.org"}\n'


def warnings(text: str) -> list[str]:
    """Code and place of each."""
    settings, problems = read_settings("config.yml", text)
    assert settings is not None
    return [f"{problem.code} {problem.span.line}:{problem.span.column} {problem.message}" for problem in problems]


def test_people_could_answer_and_nobody_may():
    """Only where one can answer at all."""
    assert warnings(CONFIG + ROOM) == ["W623 6:3 people could answer by 'room', and nobody may"]


@pytest.mark.parametrize("people", ["{ada: [ada]}", "{ada: ['slack:U1']}"])
def test_they_may_elsewhere(people):
    """That helps nobody in the room."""
    assert warnings(CONFIG + ROOM + f"ask: {{people: {people}}}\n") == ["W623 6:3 people could answer by 'room', and nobody may"]


def test_somebody_may():
    """Then all is well, whoever else is named."""
    assert warnings(CONFIG + ROOM + "ask: {people: {ada: [ada, 'matrix:@ada:example.org'], ben: ['slack:U1']}}\n") == []


def test_without_receivers():
    """People can be named before there is a receiver by which they come."""
    assert warnings(CONFIG + "ask: {people: {ada: ['matrix:@ada:example.org']}}\n") == []


@pytest.mark.parametrize("name", ["matrx:@ada:example.org", "webhook:ada", "ldap:ada", "Matrix:@ada:example.org"])
def test_nobody_can_come_so(name):
    """A slip of the pen would keep a person out until the night in which it matters."""
    (said,) = warnings(CONFIG + f"ask: {{people: {{ada: [ada, '{name}']}}}}\n")
    assert said == f"W624 4:{len('ask: {people: {ada: [ada, ') + 2} nobody can come by '{name.partition(':')[0]}'"
