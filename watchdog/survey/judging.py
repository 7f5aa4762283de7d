"""What is to be said about what was found. It looks at nothing but the name of this host."""

from collections.abc import Iterator
from typing import Final

from watchdog.host.boot import host_name
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.model.template_names import template_of
from watchdog.survey.journal import DEFAULT
from watchdog.survey.looking import Seen
from watchdog.survey.processes import pids
from watchdog.survey.remarks import Remark, remark
from watchdog.survey.roles import served_by
from watchdog.survey.survey import Survey
from watchdog.survey.units import Unit

_LATEST: Final = 5_000
"""Milliseconds that Sidekiq takes beyond its timeout to give back its jobs and to end."""
_MOST_NAMED: Final = 2
_SCHEDULER: Final = "scheduler"
_FILLED: Final = ("default", "push", "ingress", "mailers", "pull")
"""Queues that every Mastodon since 4.0 fills."""
_SILENT: Final = frozenset({"warn", "error", "fatal", "unknown"})


def judge(found: Survey, config: str) -> tuple[Remark, ...]:
    """All of it, the gravest first; `config` is the path that the config will have."""
    return (
        *_of_redis(found, config),
        *_of_stops(found.units),
        *_of_queues(found),
        *_of_logs(found),
        *_of_pools(found),
        *_of_places(found),
        *found.remarks,
    )


def _of_redis(found: Survey, config: str) -> Iterator[Remark]:
    if found.redis is None:
        return
    where = found.redis.settings.shown
    match found.seen:
        case str() as why:
            yield remark("redis-unreachable", where=where, why=why, config=config)
        case Seen(namespace=None):
            yield remark("redis-empty", where=where, names=", ".join(found.redis.sources) or "REDIS_URL")
        case Seen(role="slave"):
            yield remark("redis-replica", where=where, config=config)
        case _:
            pass
    if (
        found.chosen is not None
        and found.chosen.redis is not None
        and found.chosen.redis.settings.namespace != found.redis.settings.namespace
    ):
        yield remark("namespace-unused", namespace=found.chosen.redis.settings.namespace)
    for other in found.others:
        if other.redis is not None:
            yield remark("other-redis", units=", ".join(other.members), where=other.redis.settings.shown)
    if isinstance(found.seen, Seen) and found.seen.namespace is not None and found.redis is not None:
        beating = {one.info.pid for one in found.seen.processes}
        if silent := [one.pid for one in found.processes if not one.container and one.pid not in beating]:
            yield remark("not-beating", count=len(silent), pids=pids(silent), where=where)


def _of_stops(units: tuple[Unit, ...]) -> Iterator[Remark]:
    short: dict[tuple[int, int], list[str]] = {}
    slack: dict[str, list[str]] = {}
    for unit in units:
        stop, timeout = unit.stop_timeout, unit.sidekiq_timeout
        if stop is not None and timeout is not None and stop < timeout + _LATEST:
            short.setdefault((stop, timeout), []).append(unit.name)
        if unit.restart != "always":
            slack.setdefault(unit.restart, []).append(unit.name)
    for (stop, timeout), names in short.items():
        wanted = f"{-(-(timeout + _LATEST) // 1000)}s"
        yield remark(
            "stop-timeout",
            units=_some(names),
            files=_files(names),
            stop=display(stop, Type.DURATION),
            timeout=display(timeout, Type.DURATION),
            wanted=wanted,
        )
    for restart, names in slack.items():
        yield remark("no-restart", units=_some(names), files=_files(names), restart=restart)


def _some(names: list[str]) -> str:
    """The first of them, where they are many; what mends them names each."""
    return ", ".join(names) if len(names) <= _MOST_NAMED else f"{names[0]} and {len(names) - 1} more"


def _files(names: list[str]) -> str:
    """The names under which their files are changed: of instances that of their template, once."""
    return " ".join(dict.fromkeys(template_of(name)[0] or name for name in names))


def served(found: Survey) -> dict[str, list[str]]:
    """Who serves which queue."""
    return served_by(found.units, found.processes, found.seen, found.host or host_name())


def _of_queues(found: Survey) -> Iterator[Remark]:
    if found.chosen is None or not found.chosen.mastodon:
        return
    queues = served(found)
    if not queues or any(unit.service is None for unit in found.units):
        return  # whoever serves something unknown may serve these
    if _SCHEDULER not in queues:
        yield remark("no-scheduler")
    # A service that is switched off serves nobody, and is there for the day on which it is wanted.
    at_work = {unit.name for unit in found.units if unit.running is not False}
    several = [name for name in queues.get(_SCHEDULER, ()) if name in at_work or name not in {unit.name for unit in found.units}]
    if len(several) > 1:
        yield remark("two-schedulers", count=len(several), units=", ".join(several))
    for queue in _FILLED:
        if queue not in queues:
            yield remark("no-listener", queue=queue)


def _of_logs(found: Survey) -> Iterator[Remark]:
    level = found.chosen.environment.get("RAILS_LOG_LEVEL") if found.chosen is not None else None
    if level is not None and level.value.strip().lower() in _SILENT:
        yield remark("log-level", level=level.value.strip().lower(), source=level.source)
    limits: dict[int, list[str]] = {}
    for unit in found.units:
        if not unit.log and 0 < (burst := unit.log_burst or found.journal_burst) <= DEFAULT:
            limits.setdefault(burst, []).append(unit.name)
    for burst, names in limits.items():
        yield remark("log-rate", units=_some(names), files=_files(names), burst=f"{burst:,}")


def _of_pools(found: Survey) -> Iterator[Remark]:
    for unit in found.units:
        of_all = found.chosen.environment.get("DB_POOL") if found.chosen is not None and unit.name in found.chosen.members else None
        pool = unit.environment.get("DB_POOL") or of_all
        threads = unit.service.threads if unit.service is not None else None
        if pool is not None and threads is not None and pool.value.strip().isdecimal() and int(pool.value) < threads:
            yield remark("small-pool", unit=unit.name, threads=threads, pool=int(pool.value), source=pool.source)


def _of_places(found: Survey) -> Iterator[Remark]:
    known = {unit.name for unit in found.units}
    if by_hand := [process.pid for process in found.processes if not process.container and process.unit not in known]:
        yield remark("by-hand", count=len(by_hand), pids=pids(by_hand))
    if contained := sum(process.container for process in found.processes):
        yield remark("contained", count=contained)
    if found.container and found.no_systemd:
        yield remark("in-container")
    elif found.no_systemd:
        yield remark("no-systemd", why=found.no_systemd)
    if found.compose is not None:
        yield remark("compose", file=found.compose)
