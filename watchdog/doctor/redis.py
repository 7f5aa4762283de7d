"""Redis: that it can be reached, is what Sidekiq needs, and lets the agent do its work."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, doubtful, fine, listed, passed_over
from watchdog.doctor.server import Server, ask_each_sentinel, ask_server, is_reached
from watchdog.lang.display import display
from watchdog.model.kinds import Type
from watchdog.sidekiq.address import AddressError
from watchdog.sidekiq.failures import SourceUnavailableError
from watchdog.sidekiq.fleet import release
from watchdog.sidekiq.serverinfo import log_failed, save_failed

OLDEST: Final = (6,)
APART: Final = 2_000
"""Milliseconds by which two clocks may differ."""
FULL: Final = 0.9


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area; fills in what Redis says of the processes."""
    if exam.settings is None or not (exam.settings.redis.url or exam.settings.redis.sentinels):
        # Its address is a secret that could not be read.
        return {}
    settings = exam.settings.redis
    found: dict[str, Found] = {}
    sentinels = await ask_each_sentinel(settings)
    found["redis-sentinels"] = sentinels_of(sentinels)
    app = exam.settings.app_redis
    found["redis-application"] = (
        passed_over("the config names no other Redis") if app is None else application_of(await is_reached(app), app.shown)
    )
    try:
        server = await ask_server(settings, writing=exam.acts)
    except (SourceUnavailableError, AddressError) as failure:
        return found | {"redis": unreached(str(failure), exam.path)}
    exam.is_reached, exam.readings = True, server.processes
    exam.agents, exam.elsewhere, exam.probes = server.agents, server.elsewhere, server.probes
    return found | {
        "redis": fine(f"{settings.shown} answers"),
        "redis-version": version_of(server),
        "redis-role": role_of(server),
        "redis-reading": reading_of(server),
        "redis-writing": writing_of(server) if exam.acts else passed_over(f"nothing is written in mode {exam.mode}"),
        "redis-tracking": tracking_of(server),
        "redis-policy": policy_of(server),
        "redis-memory": memory_of(server),
        "redis-saving": saving_of(server),
        "redis-clock": clock_of(server),
    }


def unreached(why: str, path: Path) -> Found:
    """Nothing else can be known of it."""
    return bad(why, f"correct redis: in {path}, or start Redis")


_UNTOLD: Final = "its user may not ask (INFO)"


def version_of(server: Server) -> Found:
    """Its version."""
    said = server.slots.get("version", "")
    if not said:
        return passed_over(_UNTOLD)
    name = "Valkey" if "valkey_version" in server.info else "Redis"
    shown = server.info.get("valkey_version", said)
    if release(said) < OLDEST:
        return bad(f"{name} {shown} is too old: 6.0 or later", "install a later one")
    return fine(f"{name} {shown}")


def role_of(server: Server) -> Found:
    """Whether it takes writes."""
    match server.slots.get("role"):
        case "master":
            return fine("it is a master")
        case None:
            return passed_over(_UNTOLD)
        case _:
            at = f"{server.info.get('master_host', '?')}:{server.info.get('master_port', '?')}"
            return bad("it is a replica of another Redis", f"name the master ({at}) in the config, or the Sentinels")


def reading_of(server: Server) -> Found:
    """Whether its user may read."""
    if server.unread:
        return bad(f"the user of Redis may not: {', '.join(server.unread)}", _give(server.unread))
    return fine("its user may read all that watching takes")


def writing_of(server: Server) -> Found:
    """Whether its user may move jobs."""
    if server.unwritten is None:
        return passed_over("this Redis can't be asked without writing (before 7)")
    if server.unwritten:
        return bad(f"the user of Redis may not: {', '.join(server.unwritten)}", _give(server.unwritten))
    return fine("its user may do all that moving jobs takes")


def _give(rights: list[str]) -> str:
    return f"redis-cli ACL SETUSER USER {' '.join(f'+{right}' for right in rights)}; packaging/redis.acl has them all"


def tracking_of(server: Server) -> Found:
    """Whether it tells what changes."""
    if not server.untracked:
        return fine("it tells what changes")
    why = "the user may not use CLIENT TRACKING" if server.untracked.startswith("NOPERM") else server.untracked
    return doubtful(
        f"Redis does not tell what changes: {why}",
        "redis-cli ACL SETUSER USER +client|tracking +client|caching; else each beat is asked for",
    )


def policy_of(server: Server) -> Found:
    """What it does when it is full."""
    policy, limit = server.slots.get("policy"), server.slots.get("maxmemory", 0)
    if policy is None:
        return passed_over(_UNTOLD)
    if policy == "noeviction":
        return fine("when it is full it refuses and throws nothing away")
    mend = "redis-cli CONFIG SET maxmemory-policy noeviction; the same in redis.conf"
    if limit:
        return bad(f"maxmemory-policy is {policy}: when it is full Redis throws jobs away", mend)
    return doubtful(f"maxmemory-policy is {policy}, and only that there is no maxmemory keeps the jobs", mend)


def memory_of(server: Server) -> Found:
    """How full it is."""
    used, limit = server.slots.get("memory"), server.slots.get("maxmemory")
    if used is None or limit is None:
        return passed_over(_UNTOLD)
    shown = display(used, Type.SIZE)
    if not limit:
        return fine(f"{shown} in use, without a limit")
    says = f"{round(100 * used / limit)}% of maxmemory are in use"
    if used >= FULL * limit:
        return bad(says, "find out what grows; redis-cli CONFIG SET maxmemory …")
    return fine(f"{says} ({shown})")


def saving_of(server: Server) -> Found:
    """Whether its data would outlive it."""
    if not server.info:
        return passed_over(_UNTOLD)
    if log_failed(server.info):
        return bad("Redis can't write its append-only file, and refuses every write", "look at its log and its disk")
    if save_failed(server.info):
        says = "Redis could not save its data to disk last time"
        stops = ", and refuses every write" if server.stops else ""
        return bad(says + stops, "look at its log and its disk; then: redis-cli BGSAVE")
    if not server.saves:
        return doubtful("it saves nothing: all jobs are lost when it ends", "redis-cli CONFIG SET appendonly yes; the same in redis.conf")
    return fine("it saves its data")


def clock_of(server: Server) -> Found:
    """Its clock beside ours."""
    if server.ahead is None:
        return passed_over("its user may not ask (TIME)")
    if abs(server.ahead) > APART:
        how = "ahead of" if server.ahead > 0 else "behind"
        return doubtful(
            f"the clock of Redis is {abs(server.ahead) // 1000} s {how} this host's", "timedatectl set-ntp true, there and here"
        )
    return fine("its clock is that of this host")


def sentinels_of(said: Mapping[str, str]) -> Found:
    """Each Sentinel, and why it is of no use; empty where it is."""
    if not said:
        return passed_over("the config names no Sentinels")
    silent = [why for why in said.values() if why]
    if not silent:
        return fine(f"all {len(said)} Sentinels know the master" if len(said) > 1 else "the Sentinel knows the master")
    says = f"{len(silent)} of {len(said)} Sentinels can't be asked: {listed(list(dict.fromkeys(silent)), 2)}"
    mend = "start it, or correct `sentinels:`, `master:` and its password in the config"
    return bad(says, mend) if len(silent) == len(said) else doubtful(says, mend)


def application_of(why: str, shown: str) -> Found:
    """The Redis of the application: why it is not reached, or empty."""
    return bad(why, "correct `app_redis:` in the config, or start it") if why else fine(f"{shown} answers")
