"""Which applications run Sidekiq here, and the Redis that each of them uses by its own settings."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from watchdog.mastodon.redis_env import RedisEnv, of_mastodon, of_sidekiq
from watchdog.rulefile.redis_place import place_name
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.rulefile.redis_url import wrong_with_master_url, wrong_with_redis_url, wrong_with_sentinel
from watchdog.survey.environment import Environment, Setting, of_application, plain
from watchdog.survey.files import under
from watchdog.survey.processes import Process, pids
from watchdog.survey.remarks import Remark, remark
from watchdog.survey.units import Unit

DEFAULT: Final = RedisEnv(RedisSettings(url="redis://127.0.0.1:6379/0"), ())
"""What Sidekiq itself takes where nobody says anything."""
_OF_REDIS: Final = re.compile(r"(SIDEKIQ_)?REDIS_|(LOCAL|WEB)_DOMAIN$|RAILS_LOG_LEVEL$|DB_(HOST|PORT|NAME)$")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A Redis, and where each part of it stands: name of the variable → place."""

    settings: RedisSettings
    sources: dict[str, str]


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """
    One folder with one environment, and the services (or processes, as `pid N`) that are of it.

    `redis` is None where its address can't be read; `app_redis` is that of its own data, where that is another. `user` is empty where it is not known.
    """

    folder: str
    user: str
    members: tuple[str, ...]
    mastodon: bool
    environment: Environment
    redis: Found | None
    app_redis: Found | None

    @property
    def place(self) -> str:
        """What names its Redis; empty where that is not known."""
        return place_name(self.redis.settings) if self.redis is not None else ""


def of_units(units: Iterable[Unit], root: Path, remarks: list[Remark]) -> tuple[Application, ...]:
    """Those of the services; services that agree about everything are of one application."""
    found: dict[tuple[str, str, str], Application] = {}
    for unit in units:
        one = _application(unit.folder, unit.user, (unit.name,), unit.environment, root, remarks)
        _join(found, one)
    return tuple(found.values())


def of_processes(processes: Iterable[Process], root: Path, remarks: list[Remark]) -> tuple[Application, ...]:
    """Those of processes without a service."""
    found: dict[tuple[str, str, str], Application] = {}
    if hidden := [process.pid for process in processes if process.environment is None]:
        remarks.append(remark("hidden-process", count=len(hidden), pids=pids(hidden)))
    for process in processes:
        member = f"pid {process.pid}"
        if process.folder is not None or process.environment is not None:
            environment = process.environment or {}
            # Of a container the folder is that of another system of files, and what stands in it here is something else.
            folder = "" if process.container else process.folder or ""
            _join(found, _application(folder, "", (member,), environment, root, remarks))
    return tuple(found.values())


def of_variables(own: Mapping[str, str], root: Path, remarks: list[Remark]) -> tuple[Application, ...]:
    """That of whoever asks: in a container they are given to all that belong together. None where they say nothing of Redis."""
    said = {name: Setting(value, "the environment of init") for name, value in own.items() if _OF_REDIS.match(name)}
    return (_application("", "", (), said, root, remarks),) if said else ()


def of_folder(folder: str, root: Path, remarks: list[Remark]) -> Application:
    """That of a folder, of which nothing is known but that it is one."""
    return _application(folder, "", (), {}, root, remarks)


def _join(found: dict[tuple[str, str, str], Application], one: Application) -> None:
    key = (one.folder, one.place, one.user)
    known = found.get(key)
    found[key] = one if known is None else msgspec.structs.replace(known, members=(*known.members, *one.members))


def _application(folder: str, user: str, members: tuple[str, ...], own: Environment, root: Path, remarks: list[Remark]) -> Application:
    environment = of_application(folder, own, root, remarks) if folder.strip("/") else own
    env = plain(environment)
    mastodon = _is_mastodon(folder, members, env, root)
    if mastodon:
        sidekiq, app = of_mastodon(env)
    else:
        sidekiq, app = of_sidekiq(env) or DEFAULT, None
    return Application(
        folder=folder,
        user=user,
        members=members,
        mastodon=mastodon,
        environment=environment,
        redis=_found(sidekiq, environment, remarks),
        app_redis=_found(app, environment, remarks) if app is not None else None,
    )


def _is_mastodon(folder: str, members: tuple[str, ...], env: dict[str, str], root: Path) -> bool:
    # Not Path.exists, which raises where this user may not look.
    by_files = bool(folder.strip("/")) and os.path.exists(under(root, f"{folder}/lib/mastodon/version.rb"))  # noqa: PTH110
    by_name = not env.keys().isdisjoint(("LOCAL_DOMAIN", "REDIS_HOST", "SIDEKIQ_REDIS_HOST", "SIDEKIQ_REDIS_URL"))
    return by_files or by_name or any(member.startswith("mastodon") for member in members)


def _found(redis: RedisEnv, environment: Environment, remarks: list[Remark]) -> Found | None:
    sources = {name: environment[name].source for name in redis.names if name in environment}
    settings = redis.settings
    wrong, hint = _wrong(settings)
    if wrong:
        remarks.append(remark("redis-strange", source=next(iter(sources.values()), "the environment"), why=wrong, hint=hint))
        return None
    return Found(settings=settings, sources=sources)


def _wrong(settings: RedisSettings) -> tuple[str, str]:
    if any(not sign.isprintable() for sign in settings.namespace + settings.master):
        return "has a namespace or master that can't be shown", "look at the file yourself"
    if not settings.sentinels:
        return wrong_with_redis_url(settings.url)
    for one in settings.sentinels:
        if wrong := wrong_with_sentinel(one):
            return f"names a Sentinel that {wrong}", "HOST or HOST:26379"
    return wrong_with_master_url(settings.url, settings.master)
