"""The one try to log in to the database, as the agent would."""

import pytest

from watchdog.mastodon.postgres_env import PostgresEnv
from watchdog.survey import trying_postgres
from watchdog.survey.trying_postgres import try_postgres


def server(folder):
    """A folder in which no server listens."""
    return PostgresEnv(str(folder), 5432, "mastodon_production", ())


async def test_without_the_library(monkeypatch, tmp_path):
    """Where it is missing nothing is tried, and that is the obstacle."""
    monkeypatch.setattr(trying_postgres, "find_spec", lambda _: None)
    tried = await try_postgres(server(tmp_path))
    assert (tried.obstacle, tried.has_driver) == ("the library asyncpg is not installed", False)


async def test_a_server_that_is_not_there(tmp_path):
    """What the check would say is said."""
    pytest.importorskip("asyncpg")
    tried = await try_postgres(server(tmp_path))
    assert tried.has_driver
    assert tried.obstacle.startswith("no connection to ")
