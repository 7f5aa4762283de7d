"""From the environment of Mastodon to the PostgreSQL that it uses (config/database.yml). Pure; the password of the application is never read."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

_SOCKETS: Final = "/var/run/postgresql"
_DATABASE: Final = "mastodon_production"
_PORT: Final = 5432


class PostgresEnv(msgspec.Struct, frozen=True):
    """Where it is: a host or the folder of its socket, and the `names` of the variables that say so."""

    host: str
    port: int
    database: str
    names: tuple[str, ...]


def postgres_of(env: Mapping[str, str]) -> PostgresEnv | None:
    """None where what is written can't be read, or can't be shown. `DATABASE_URL` wins over `DB_HOST`, `DB_PORT` and `DB_NAME`, as in Rails."""
    found = _of_url(url) if (url := env.get("DATABASE_URL", "")) else _of_parts(env)
    return found if found is not None and f"{found.host}{found.database}".isprintable() else None


def _of_parts(env: Mapping[str, str]) -> PostgresEnv | None:
    names = tuple(name for name in ("DB_HOST", "DB_PORT", "DB_NAME") if env.get(name))
    port = _port(env.get("DB_PORT", ""))
    host, database = env.get("DB_HOST", "").strip(), env.get("DB_NAME", "").strip()
    return PostgresEnv(host or _SOCKETS, port, database or _DATABASE, names) if port else None


def _of_url(url: str) -> PostgresEnv | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
    except ValueError:
        return None
    database = unquote(parts.path.removeprefix("/")).strip()
    if parts.scheme not in ("postgres", "postgresql") or not database:
        return None
    host = unquote(parts.hostname or parse_qs(parts.query).get("host", [""])[-1]).strip()
    return PostgresEnv(host or _SOCKETS, port, database, ("DATABASE_URL",))


def _port(text: str) -> int:
    """0 for what is no port."""
    if not text:
        return _PORT
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) < 65_536 else 0
