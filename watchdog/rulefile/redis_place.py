"""
What names the data of a Redis, whoever serves them and however they are reached: what the agent remembers belongs to them.

A fail-over behind Sentinel, another password or user, TLS or none: all of that leaves the data what they are. Another host, port, database or namespace does not. Nothing is written into Redis to
tell one from another: a mark among the data would come along with every copy of them, and a copy is just what must be told.
"""

from urllib.parse import parse_qsl, urlsplit

from watchdog.rulefile.redis_settings import RedisSettings

_PORT = 6379


def place_name(redis: RedisSettings) -> str:
    """`HOST:PORT/DATABASE`, a socket with its database, or the master as Sentinels call it; with the namespace, without any secret."""
    parts = urlsplit(redis.url)
    asked = [value for name, value in parse_qsl(parts.query) if name == "db"]
    if parts.scheme == "unix":
        where, database = parts.path, asked[-1:]
    else:
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        where = f"master {redis.master}" if redis.sentinels else f"{host}:{parts.port or _PORT}"
        database = asked[-1:] or [parts.path.removeprefix("/")]
    number = int(database[0]) if database and database[0].isdecimal() else 0
    return f"{where}/{number}" + (f" {redis.namespace}:" if redis.namespace else "")
