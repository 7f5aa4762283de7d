"""Where the demo's page is, and what its agent is told of it."""

import socket

import pytest

from watchdog.demo import page
from watchdog.demo.agent import CONFIG, OPEN_RULES, RULES
from watchdog.demo.page import PORTS, NoPortError, free_port, new_page
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules
from watchdog.rulefile.settings import read_settings


def test_the_config_with_a_page_is_sound():
    """It listens on this machine alone, and the token is good enough for the agent; two demos have two of them."""
    one, other = new_page(), new_page()
    text = CONFIG.format(socket="/tmp/redis.sock")
    settings, problems = read_settings("config.yml", text + one.settings)
    assert problems == ()
    assert (settings.page.where, settings.page.tokens, settings.page.is_local) == (f"127.0.0.1:{one.port}", {"you": one.token}, True)
    assert settings.page.origin == settings.alerts.page == one.url
    assert read_settings("config.yml", text)[0].page is None
    assert one.token != other.token


@pytest.mark.parametrize(("text", "modes"), [(RULES, [Mode.ACT]), (OPEN_RULES, [Mode.ACT, Mode.ASK])], ids=["story", "open house"])
def test_the_rules_are_sound(text, modes):
    """As the agent reads them: it may remark that they are hasty, which a demo has to be."""
    rules, problems = read_rules([("rules.yml", text)], Mode.ACT, ())
    assert all(problem.is_warning for problem in problems)
    assert [rule.mode for rule in rules.rules] == modes


def test_a_port_that_is_taken_is_passed_over(monkeypatch):
    """And where there is none it says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(page, "PORTS", range(taken.getsockname()[1], taken.getsockname()[1] + 1))
        monkeypatch.setattr(page, "_TRIES", 1)
        with pytest.raises(NoPortError, match="none is free"):
            free_port()


def test_a_port_that_is_free_is_one_that_no_connection_takes_by_chance():
    """The kernel gives those from 32768 on to connections."""
    assert free_port() in PORTS
    assert PORTS.stop <= 32_768
