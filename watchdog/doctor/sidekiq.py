"""The processes of Sidekiq: those that Redis knows, and those of this host."""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from watchdog import __version__
from watchdog.doctor.exam import Exam
from watchdog.doctor.found import Found, bad, counted, doubtful, fine, listed, passed_over
from watchdog.doctor.who import Who
from watchdog.host.match import title_mismatch
from watchdog.host.proc import ProcessFacts, read_process
from watchdog.model.verdicts import Mode
from watchdog.sidekiq.edit.agents import Present
from watchdog.sidekiq.fleet import release
from watchdog.sidekiq.probe import strength
from watchdog.sidekiq.reading import Reading

KNOWN: Final = ((6, 4), (8, 1))
"""The oldest and the newest that this program was tried with."""
APART: Final = 5_000
"""Milliseconds by which a host's clock may differ from that of Redis; a beat is up to a second late."""
_LIVES: Final = 60_000
"""Milliseconds that an identity lives after each beat (launcher.rb)."""
_ACTING: Final = (Mode.ASK, Mode.ACT)


async def look(exam: Exam) -> Mapping[str, Found]:
    """The points of this area; fills in which processes run here."""
    if exam.settings is None or not exam.is_reached:
        return {}
    if exam.readings is None:
        return {"sidekiq": passed_over("redis-reading first")}
    titled = sidekiqs(exam.places.proc)
    exam.here = matched(exam.readings, titled, exam.host)
    pids = {facts.pid for facts in exam.here.values()}
    return {
        "sidekiq": sidekiq_of(exam.readings, exam.settings.redis.namespace, exam.elsewhere, exam.settings.redis.shown),
        "sidekiq-versions": versions_of(exam.readings, exam.here.values()),
        "sidekiq-here": here_of(exam.readings, titled, exam.here, exam.host),
        "sidekiq-signals": signals_of(pids, exam.who, refused=refused_of(pids)),
        "sidekiq-clocks": clocks_of(exam.readings),
        "sidekiq-fleet": fleet_of(exam.readings, exam.agents, exam.host, exam.mode),
        "sidekiq-probe": probe_of(exam.readings, exam.probes),
    }


def sidekiqs(proc: Path) -> dict[int, ProcessFacts]:
    """The processes of this host with a title as Sidekiq writes it, by pid."""
    found = {}
    for entry in os.listdir(proc):  # noqa: PTH208  (names, and there can be thousands)
        facts = read_process(int(entry), proc) if entry.isdigit() else None
        if facts is not None and not title_mismatch(facts.cmdline, version="", tag=None):
            found[facts.pid] = facts
    return found


def matched(readings: Iterable[Reading], titled: Mapping[int, ProcessFacts], host: str) -> dict[str, ProcessFacts]:
    """The identities that are processes of this host, as far as host name, pid and title tell."""
    found = {}
    for reading in readings:
        info = reading.info
        facts = titled.get(info.pid) if info is not None and info.host == host else None
        if info is not None and facts is not None and not title_mismatch(facts.cmdline, version=info.version, tag=info.tag):
            found[reading.identity] = facts
    return found


def sidekiq_of(readings: list[Reading], namespace: str, elsewhere: list[str], shown: str) -> Found:
    """Whether anything beats."""
    if readings:
        queues = {queue for reading in readings if reading.info is not None for queue in reading.info.queues}
        return fine(f"{counted(len(readings), 'process')}, {counted(len(queues), 'queue')}")
    if elsewhere:
        named = listed([f"namespace: {name}" if name else "no namespace" for name in elsewhere])
        return bad(
            f"no process of Sidekiq beats under the namespace {namespace!r}, but some do elsewhere: {named}", f"{named} in the config"
        )
    return bad("no process of Sidekiq beats here", f"start Sidekiq; or is {shown} another Redis, database or namespace than its own?")


def versions_of(readings: Iterable[Reading], here: Iterable[ProcessFacts]) -> Found:
    """The versions that are told in Redis (from 7.0.2 on) and in the titles of those that run here."""
    told = {reading.info.version for reading in readings if reading.info is not None}
    versions = sorted((told | {facts.cmdline.split()[1] for facts in here}) - {""}, key=release)
    if not versions:
        return passed_over("none tells its version")
    strange = [version for version in versions if not KNOWN[0] <= release(version)[:2] <= KNOWN[1]]
    if strange:
        return doubtful(f"Sidekiq {', '.join(strange)} is not known to this version", "sidekiq-watchdog status shows what can't be read")
    if len(versions) > 1:
        return doubtful(f"several side by side: Sidekiq {', '.join(versions)}", "is somebody deploying? restart the older ones")
    return fine(f"Sidekiq {versions[0]}")


def here_of(readings: Iterable[Reading], titled: Mapping[int, ProcessFacts], here: Mapping[str, ProcessFacts], host: str) -> Found:
    """Whether what runs here is what Redis knows of this host."""
    hosts = {reading.info.host for reading in readings if reading.info is not None}
    unmatched = sorted(set(titled) - {facts.pid for facts in here.values()})
    if here:
        # Other applications have a Sidekiq of their own.
        strangers = f"; {len(unmatched)} more are none of this Redis and namespace" if unmatched else ""
        return fine(f"{counted(len(here), 'process')} on this host ({host}){strangers}")
    if not titled:
        where = f", but on: {listed(sorted(hosts))}" if hosts else ""
        return doubtful(f"no Sidekiq runs on this host ({host}){where}", "the agent belongs on the hosts of Sidekiq")
    if hosts and host not in hosts:
        names = listed(sorted(hosts))
        return bad(
            f"{counted(len(titled), 'process')} of Sidekiq run here, and none of them is called by the name of this host ({host}) in Redis, but: {names}",
            f"host: {min(hosts)} in the config",
        )
    return doubtful(
        f"no Sidekiq of this host beats in this Redis and namespace, though some run (pid {listed(list(map(str, unmatched)))})",
        "do they use another Redis, database or namespace? Have they just begun?",
    )


def refused_of(pids: Iterable[int]) -> list[int]:
    """Those of them that this user may not signal; asked of the kernel, which takes signal 0 for a question."""
    refused = []
    for pid in sorted(pids):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        except PermissionError:
            refused.append(pid)
    return refused


def signals_of(pids: Collection[int], who: Who, *, refused: list[int]) -> Found:
    """Whether those may be signalled."""
    if not pids:
        return passed_over("sidekiq-here first")
    if refused and not who.may_signal:
        return bad(
            f"the agent's user may not signal {', '.join(map(str, refused))}",
            "systemctl edit sidekiq-watchdog.service: [Service], AmbientCapabilities=CAP_KILL; or run it as Sidekiq's user",
        )
    return fine(f"{counted(len(pids), 'process')} may be signalled" + (" (CAP_KILL)" if refused else ""))


def clocks_of(readings: Iterable[Reading]) -> Found:
    """The clock of each host by what it wrote at its last beat; when that came Redis tells, by what is left of a minute."""
    apart: dict[str, int] = {}
    for reading in readings:
        if reading.info is not None and reading.beat is not None and 0 < reading.ttl <= _LIVES:
            ahead = reading.beat.at - (reading.at - (_LIVES - reading.ttl))
            apart[reading.info.host] = min(apart.get(reading.info.host, ahead), ahead, key=abs)
    if not apart:
        return passed_over("sidekiq first")
    wrong = [
        f"the clock of {host} is {abs(ahead) // 1000} s {'ahead of' if ahead > 0 else 'behind'} that of Redis"
        for host, ahead in sorted(apart.items())
        if abs(ahead) > APART
    ]
    if wrong:
        return doubtful(listed(wrong, 2), "timedatectl set-ntp true, there")
    return fine(f"{counted(len(apart), 'host')} and Redis agree")


def fleet_of(readings: Iterable[Reading], agents: Iterable[Present], host: str, mode: Mode) -> Found:
    """Whether each host has an agent that may act; one that only watches is seen by nobody."""
    known = {agent.host: agent for agent in agents}
    hosts = {reading.info.host for reading in readings if reading.info is not None}
    lacking = sorted(hosts - set(known) - {host})
    others = sorted(set(known) - {host})
    if lacking and mode not in _ACTING:
        return passed_over(f"Sidekiq runs on {listed(lacking)} too; agents that only watch are not seen")
    if lacking:
        return doubtful(
            f"no agent that may act is on: {listed(lacking)}", "install one there; what runs there can only be watched from here"
        )
    strange = sorted({known[name].version for name in others} - {__version__})
    if strange:
        return doubtful(f"agents of other versions: {listed(strange)}; this is {__version__}", "bring all to the same version")
    if not others:
        return fine("Sidekiq runs on this host alone" if hosts else "there are no others")
    return fine(f"agents on: {listed(others)}")


def probe_of(readings: Iterable[Reading], errors: Mapping[str, int]) -> Found:
    """Whether the processes have the probe, and what failed in it."""
    failed = {identity: count for identity, count in errors.items() if count}
    if failed:
        identity, count = next(iter(sorted(failed.items())))
        return doubtful(
            f"{counted(count, 'error')} of the probe in {identity}", "look at the log of that process; packaging/probe/README.md"
        )
    strengths = {found for reading in readings if reading.info is not None and (found := strength(reading.info.labels))}
    if not strengths and not errors:
        return passed_over("none of them has it; it is not needed")
    return fine(f"installed ({', '.join(sorted(strengths)) or 'announced'})")
