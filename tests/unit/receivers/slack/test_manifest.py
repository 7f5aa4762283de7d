"""The manifest of the app (packaging/slack.yml) is what the code needs, no less and no more."""

from pathlib import Path

import yaml

from watchdog.receivers.slack.api import SCOPES

PACKAGING = Path(__file__).parents[4] / "packaging"
MANIFEST = yaml.safe_load((PACKAGING / "slack.yml").read_text())


def test_the_scopes_are_those_that_are_used():
    """Of the methods that are called, and `commands` for the one that it offers."""
    used = {scope for scopes in SCOPES.values() for scope in scopes}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == used | {"commands"}
    assert [one["command"] for one in MANIFEST["features"]["slash_commands"]] == ["/watchdog"]
    assert set(MANIFEST["oauth_config"]["scopes"]) == {"bot"}


def test_people_answer_over_a_connection_that_the_agent_opens():
    """Socket Mode and buttons are on, no address is asked for, no token expires by itself."""
    settings = MANIFEST["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
    assert settings["token_rotation_enabled"] is False
    assert "event_subscriptions" not in settings


def test_it_is_within_slacks_limits():
    """Names and descriptions: https://docs.slack.dev/reference/app-manifest."""
    its = MANIFEST["display_information"]
    assert len(its["name"]) <= 35
    assert len(its["description"]) <= 140
    assert 174 <= len(its["long_description"]) <= 4000
    assert len(MANIFEST["features"]["bot_user"]["display_name"]) <= 80
    assert len(MANIFEST["features"]["slash_commands"][0]["description"]) <= 2000


def test_the_readme_names_it():
    """And each scope by hand is named in it, for whoever makes the app without a manifest."""
    text = (PACKAGING / "README.md").read_text()
    assert "`slack.yml`" in text
    assert all(f"`{scope}`" in text for scope in (*MANIFEST["oauth_config"]["scopes"]["bot"], "connections:write"))
