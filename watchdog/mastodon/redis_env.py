"""
From the environment of Mastodon, or of another application with Sidekiq, to the Redis that it uses. Pure.

Follows lib/mastodon/redis_configuration.rb (4.3 and later; redis_config.rb before says the same without Sentinels): a URL wins over its parts, and
Sidekiq has a Redis of its own only with `SIDEKIQ_REDIS_URL`, `SIDEKIQ_REDIS_HOST` or Sentinels of its own; a lone port or number counts for nothing. Of another
application Sidekiq itself is followed: `REDIS_PROVIDER` names the variable, else it is `REDIS_URL`.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from watchdog.rulefile.redis_settings import RedisSettings

_SENTINEL_PORT: Final = "26379"
_OWN: Final = "SIDEKIQ_"


class RedisEnv(msgspec.Struct, frozen=True):
    """A Redis, and the `names` of the variables that say so, the most telling one first; none where it is the application's default."""

    settings: RedisSettings
    names: tuple[str, ...]


def of_mastodon(env: Mapping[str, str]) -> tuple[RedisEnv, RedisEnv | None]:
    """That of Sidekiq, and that of the application itself where it is another one."""
    namespace = env.get("REDIS_NAMESPACE", "")
    base = _read("", env, namespace) or _address("", env, namespace, host="localhost")
    own = _read(_OWN, env, namespace)
    if own is None or own.settings == base.settings:
        return base, None
    return own, base


def of_sidekiq(env: Mapping[str, str]) -> RedisEnv | None:
    """That of an application of which nothing is known but that it has Sidekiq; None where nothing is said."""
    provider = env.get("REDIS_PROVIDER", "")
    name = provider or "REDIS_URL"
    url = env.get(name, "")
    return RedisEnv(RedisSettings(url=url), (name, "REDIS_PROVIDER") if provider else (name,)) if url else None


def _read(prefix: str, env: Mapping[str, str], namespace: str) -> RedisEnv | None:
    """What the variables with that prefix say; None where they say too little."""
    if url := env.get(f"{prefix}REDIS_URL", ""):
        return RedisEnv(RedisSettings(url=url, namespace=namespace), _names(env, f"{prefix}REDIS_URL", "REDIS_NAMESPACE"))
    sentinels, master = env.get(f"{prefix}REDIS_SENTINELS", ""), env.get(f"{prefix}REDIS_SENTINEL_MASTER", "")
    if sentinels.strip() and master:
        return _by_sentinels(prefix, env, namespace)
    host = env.get(f"{prefix}REDIS_HOST", "")
    return _address(prefix, env, namespace, host=host) if host else None


def _address(prefix: str, env: Mapping[str, str], namespace: str, *, host: str) -> RedisEnv:
    place = f"[{host}]" if ":" in host and not host.startswith("[") else host
    port = env.get(f"{prefix}REDIS_PORT", "") or "6379"
    url = f"redis://{_person(prefix, env)}{place}:{port}/{env.get(f'{prefix}REDIS_DB', '') or '0'}"
    parts = (f"{prefix}REDIS_{part}" for part in ("HOST", "PORT", "DB", "USER", "PASSWORD"))
    return RedisEnv(RedisSettings(url=url, namespace=namespace), _names(env, *parts, "REDIS_NAMESPACE"))


def _by_sentinels(prefix: str, env: Mapping[str, str], namespace: str) -> RedisEnv:
    port = env.get(f"{prefix}REDIS_SENTINEL_PORT", "") or _SENTINEL_PORT
    at = [one.strip() for one in env[f"{prefix}REDIS_SENTINELS"].split(",") if one.strip()]
    user, password = env.get(f"{prefix}REDIS_USER", ""), env.get(f"{prefix}REDIS_PASSWORD", "")
    sentinel_password = env.get(f"{prefix}REDIS_SENTINEL_PASSWORD", password)
    settings = RedisSettings(
        url=f"redis://{_person(prefix, env)}/{env.get(f'{prefix}REDIS_DB', '') or '0'}",
        namespace=namespace,
        sentinels=tuple(one if _has_port(one) else f"{one}:{port}" for one in at),
        master=env[f"{prefix}REDIS_SENTINEL_MASTER"],
        # A name without a password is nothing that could be said to a Sentinel.
        sentinel_user=env.get(f"{prefix}REDIS_SENTINEL_USERNAME", user) if sentinel_password else "",
        sentinel_password=sentinel_password,
    )
    parts = ("SENTINELS", "SENTINEL_MASTER", "SENTINEL_PORT", "SENTINEL_USERNAME", "SENTINEL_PASSWORD", "DB", "USER", "PASSWORD")
    return RedisEnv(settings, _names(env, *(f"{prefix}REDIS_{part}" for part in parts), "REDIS_NAMESPACE"))


def _person(prefix: str, env: Mapping[str, str]) -> str:
    user, password = env.get(f"{prefix}REDIS_USER", ""), env.get(f"{prefix}REDIS_PASSWORD", "")
    # Without a password nobody signs in, whatever the name is.
    return f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""


def _has_port(sentinel: str) -> bool:
    return ":" in sentinel.rpartition("]")[2]


def _names(env: Mapping[str, str], *names: str) -> tuple[str, ...]:
    return tuple(name for name in names if env.get(name))
