"""
From what was found to the text of the config: only what was found, each with where it comes from. Pure.

Secrets go into files of their own beside it, which the config names.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from watchdog.mastodon.postgres_env import PostgresEnv
from watchdog.rulefile.redis_settings import RedisSettings
from watchdog.rulefile.redis_url import has_password
from watchdog.rulefile.units import UNITS
from watchdog.survey.applications import Application, Found
from watchdog.survey.journal import DEFAULT
from watchdog.survey.judging import served
from watchdog.survey.looking import Seen
from watchdog.survey.mastodon_text import mastodon_text
from watchdog.survey.survey import Survey
from watchdog.survey.units import Unit

_BARE: Final = re.compile(r"[A-Za-z/][A-Za-z0-9_./@:*-]*[A-Za-z0-9_/*-]")
_OTHERS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
"""Words that are something else to many a reader of YAML."""
ROLE: Final = "sidekiq-watchdog"
"""Who logs in to the database; the same as the user of the agent, so that `peer` lets it in."""


class Text(msgspec.Struct, frozen=True):
    """The config, and the files that it names: name → content, a secret each."""

    config: str
    secrets: dict[str, str]

    def __repr__(self) -> str:
        return f"Text({len(self.config)} characters, {sorted(self.secrets)})"


class PostgresState(msgspec.Struct, frozen=True):
    """`obstacle` is why a login as the agent would do it did not succeed, empty where it did; `has_driver` whether the library for it is there."""

    obstacle: str = ""
    has_driver: bool = True


def config_text(found: Survey, *, state: str, postgres: PostgresState | None = None) -> Text:
    """The whole config; `state` is the folder of the database. Without `postgres` nobody has tried to log in."""
    secrets: dict[str, str] = {}
    lines = (
        *_head(),
        *_redis("redis", found.redis, secrets, _seen(found)),
        *(_redis("app_redis", found.chosen.app_redis, secrets, ()) if found.chosen and found.chosen.app_redis else ()),
        *_units(found),
        *_host(found),
        *_app(found.chosen),
        *_rules(found.chosen),
        *mastodon_text(found.chosen, container=found.container, value=_value, places=_places),
        "# The folder of what the agent must not forget: audit log, open incidents, jobs that were taken out.",
        f"state: {_value(state)}",
        "",
        *_log(found),
        *checks_text(found.postgres, postgres),
        "# Who is told, and of what: here of everything. Other types: slack, slack_webhook, email, alertmanager, webhook. Then: sidekiq-watchdog notify test --all",
        "# receivers:",
        '#   ops: {type: matrix, homeserver: "https://matrix.example.org", token: "${file:matrix-token}", room: "#ops:example.org"}',
        "# routes: [{notify: [ops]}]",
        '# ask: {people: {ada: [ada, "matrix:@ada:example.org"]}}   # who may answer there',
        "",
        "# The page in a browser, on this machine: ssh -L 7655:127.0.0.1:7655 HOST, then http://127.0.0.1:7655. Who has a token may also pause, approve, silence: openssl rand -hex 24; one under readers: looks alone, as Prometheus",
        '# page: {listen: "127.0.0.1:7655", tokens: {ada: "${file:ada-token}"}}',
    )
    # Names and messages of others stand in comments only, or in quotes.
    return Text("".join(f"{_clean(line)}\n" for line in lines), secrets)


def _head() -> Iterator[str]:
    yield "# Written by `sidekiq-watchdog init`. Each value has above it where it was found; correct what is wrong: it is never written anew."
    yield "# Then: sidekiq-watchdog check, sidekiq-watchdog doctor. All keys: rules/README.md (by package: /usr/share/doc/sidekiq-watchdog/rules.md)."
    yield ""
    yield "# It says what it would do, and does nothing. Look at it for a week: sidekiq-watchdog audit --would"
    yield "mode: dry-run"
    yield ""


def _redis(key: str, found: Found | None, secrets: dict[str, str], comments: Iterable[str]) -> Iterator[str]:
    if found is None:
        yield "# The address that was found can't be read: write the one that Sidekiq uses."
        yield f"{key}: {{url: redis://127.0.0.1:6379/0}}"
        yield ""
        return
    if key == "app_redis":
        yield "# The Redis of the application's own data."
    for place in _places(found.sources) or ["Nobody names a Redis, so it is the one that Sidekiq takes then."]:
        yield f"# {place}"
    yield from (f"# {comment}" for comment in comments)
    yield f"{key}:"
    yield from _settings(key, found.settings, secrets)
    yield ""


def _settings(key: str, settings: RedisSettings, secrets: dict[str, str]) -> Iterator[str]:
    if has_password(settings.url):
        name = f"{key}.url"
        secrets[name] = settings.url
        yield f"  # {settings.shown}, with user and password in a file of its own."
        yield f'  url: "${{file:{name}}}"'
    else:
        yield f"  url: {_value(settings.url)}"
    if settings.sentinels:
        yield f"  sentinels: [{', '.join(json.dumps(one) for one in settings.sentinels)}]"
        yield f"  master: {_value(settings.master)}"
    if settings.sentinel_user:
        yield f"  sentinel_user: {_value(settings.sentinel_user)}"
    if settings.sentinel_password:
        name = f"{key}.sentinel-password"
        secrets[name] = settings.sentinel_password
        yield f'  sentinel_password: "${{file:{name}}}"'
    if settings.namespace:
        yield f"  namespace: {_value(settings.namespace)}"


def _places(sources: dict[str, str]) -> list[str]:
    """Variables by the place where they stand; lines of one file together."""
    together: dict[str, list[str]] = {}
    for name, source in sources.items():
        path, colon, line = source.rpartition(":")
        is_line = colon and line.isdecimal()
        together.setdefault(path if is_line else source, []).append(f"{name} (line {line})" if is_line else name)
    return [f"{place}: {', '.join(names)}" for place, names in together.items()]


def _seen(found: Survey) -> Iterator[str]:
    match found.seen:
        case str() as why:
            yield f"It was not reached: {why}"
        case Seen(namespace=None, version=version):
            yield f"Redis {version} answers there, and holds nothing of Sidekiq."
        case Seen(version=version, processes=processes):
            number = len(processes)
            beating = "1 process of Sidekiq beats in it" if number == 1 else f"{number} processes of Sidekiq beat in it"
            yield f"Redis {version} answers there; {beating}."


def _units(found: Survey) -> Iterator[str]:
    if not found.units:
        yield "# No service of systemd was found. Those in which a Sidekiq process of this host runs are meant in any case."
        yield "# units: [mastodon-sidekiq*, sidekiq*]"
        yield ""
        return
    yield "# The services of Sidekiq; no others are ever started or stopped."
    for unit in found.units:
        yield f"#   {unit.name}: {described(unit)}"
    scheduling = served(found).get("scheduler", [])
    if scheduling:
        yield f"# The queue scheduler is served by {', '.join(scheduling)}."
    yield f"units: [{', '.join(_value(one) for one in patterns(found.units))}]"
    yield ""


def described(unit: Unit) -> str:
    """User, queues, threads and state of a service, in a line."""
    service = unit.service
    parts = [f"user {unit.user}"]
    if service is None:
        parts.append("its command can't be read, so its queues are not known")
    else:
        parts.append(f"queues {', '.join(service.queues)}" + (" (config/sidekiq.yml)" if service.by_file else ""))
        parts += [f"{service.threads} threads"] if service.threads else []
    parts += ["a template without an instance"] if unit.template else []
    parts += [unit.state] if unit.state else []
    parts += [unit.file_state] if unit.file_state else []
    return "; ".join(parts)


def patterns(units: Iterable[Unit]) -> list[str]:
    """The usual patterns where they mean one of them, and the names that they leave out; of a template all instances."""
    from fnmatch import fnmatchcase

    found: dict[str, None] = {}
    for unit in units:
        usual = next((pattern for pattern in UNITS if fnmatchcase(unit.name, pattern)), None)
        stem, at, _ = unit.name.partition("@")
        found[usual or (f"{stem}@*" if at else unit.name)] = None
    return list(found)


def _host(found: Survey) -> Iterator[str]:
    if found.host is not None:
        yield "# The processes of this machine beat in Redis under this name."
        yield f"host: {_value(found.host)}"
        yield ""


def _app(chosen: Application | None) -> Iterator[str]:
    if chosen is not None and chosen.folder.strip("/") and chosen.members and _is_plain(chosen.folder):
        yield f"# WorkingDirectory= and User= of {chosen.members[0]}: while somebody deploys there, nothing is done."
        yield f"app: {{folder: {_value(chosen.folder)}{f', user: {_value(chosen.user)}' if chosen.user and _is_plain(chosen.user) else ''}}}"
        yield ""


def _rules(chosen: Application | None) -> Iterator[str]:
    mastodon = chosen is not None and chosen.mastodon
    yield "# Rules that come with the program; files of your own and folders with *.yml beside them."
    yield f"rules: [pack:sidekiq{', pack:mastodon' if mastodon else ''}]"
    yield ""


def _log(found: Survey) -> Iterator[str]:
    files = {unit.name: unit.log for unit in found.units if unit.log and _is_plain(unit.log) and not unit.template}
    # Of several the least: what is beyond the limit of one proves nothing there.
    bursts = [unit.log_burst or found.journal_burst for unit in found.units if not unit.log]
    burst = min((one for one in bursts if one), default=0) if bursts else DEFAULT
    if not files and burst == DEFAULT:
        return
    yield "log:"
    if files:
        yield "  # StandardOutput= of these services."
        yield "  files:"
        yield from (f"    {_value(name)}: {_value(path)}" for name, path in files.items())
    if burst != DEFAULT:
        yield "  # So many lines of a service the journal lets through in its interval, by LogRateLimitBurst= of them or RateLimitBurst= of journald.conf; 0: all."
        yield f"  burst: {burst}"
    yield ""


def checks_text(postgres: PostgresEnv | None, tried: PostgresState | None) -> Iterator[str]:
    """The lines about the database: in force once a login has succeeded, until then comments that say what it takes."""
    if postgres is None:
        return
    named = ", ".join(postgres.names)
    yield "# While the database refuses a login, nothing is done to any process: it is not Sidekiq that is broken then."
    yield f"# {f'It is the one of {named}.' if named else 'It is where Mastodon looks for it by itself.'}"
    active = tried is not None and not tried.obstacle
    sign = "" if active else "# "
    if not active:
        yield "# This takes a role without any other right; then take the signs # away:"
        yield f"#   sudo -u postgres psql -c 'CREATE ROLE \"{ROLE}\" LOGIN'"
        if tried is None or not tried.has_driver:
            yield "#   pip install asyncpg"
        if tried is not None:
            yield f"# It was tried: {tried.obstacle}"
    yield f"{sign}checks:"
    yield f"{sign}  postgres:"
    yield f"{sign}    type: postgres"
    yield f"{sign}    host: {_value(postgres.host)}"
    yield f"{sign}    port: {postgres.port}"
    yield f"{sign}    database: {_value(postgres.database)}"
    yield f"{sign}    user: {ROLE}"
    yield ""


def _value(text: str) -> str:
    """A text as YAML has it: bare where nobody could take it for anything else."""
    is_bare = _BARE.fullmatch(text) is not None and text.lower() not in _OTHERS
    return text if is_bare else json.dumps(text, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    return text.isprintable() and bool(text.strip()) and "%" not in text and "$" not in text


def _clean(text: str) -> str:
    """On one line, whatever a name or a message holds."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in text)
