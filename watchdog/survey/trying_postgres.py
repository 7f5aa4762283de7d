"""Whether the agent could log in to the database that was found: tried once, as the check of the config would try it."""

from importlib.util import find_spec
from typing import Final

from watchdog.checks.build import build
from watchdog.checks.checker import try_once
from watchdog.config.loading import DRIVER
from watchdog.errors import Span
from watchdog.mastodon.postgres_env import PostgresEnv
from watchdog.rulefile.checks import CheckSettings
from watchdog.rulefile.values import Value
from watchdog.survey.config_text import ROLE, PostgresState

_WITHIN: Final = 5_000
"""Milliseconds."""


async def try_postgres(postgres: PostgresEnv) -> PostgresState:
    """What came of it; the obstacle holds no secret."""
    if find_spec(DRIVER) is None:
        return PostgresState(f"the library {DRIVER} is not installed", has_driver=False)
    values: dict[str, Value] = {"host": postgres.host, "port": postgres.port, "database": postgres.database, "user": ROLE, "tls": "prefer"}
    check = CheckSettings("postgres", "postgres", values, Span("", 1, 1))
    return PostgresState(await try_once(check.name, build(check), _WITHIN))
