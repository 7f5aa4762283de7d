"""Each point, well and not well: what is said is the example of the table, and what mends it is there."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.doctor.conftest import OWN, exam, facts, reading, server, unit, who
from watchdog import __version__
from watchdog.commands.units import Places, unit_text
from watchdog.config import inspect
from watchdog.doctor import (
    agent,
    commands,
    config,
    federation,
    helpers,
    host,
    log,
    outside,
    own_mastodon,
    page,
    redis,
    sidekiq,
    state,
    systemd,
)
from watchdog.doctor.exam import settings_of
from watchdog.doctor.expected import expected_of
from watchdog.doctor.found import Found, Health
from watchdog.doctor.told import Doubt, Itself, Source, Told
from watchdog.mastodon.api_failures import failure_of
from watchdog.model.log_lines import LinesLost, LogLine
from watchdog.model.named.handing_over import unit_of
from watchdog.model.named.reading import parse
from watchdog.model.points import BY_NAME, POINTS, Area
from watchdog.model.verdicts import Mode
from watchdog.picture.doors import Door
from watchdog.recovery.inspecting import Facts, NotInspected
from watchdog.rulefile.expected import ExpectedSetting
from watchdog.rulefile.mastodon import MastodonSettings, WebLog
from watchdog.rulefile.page import PageSettings
from watchdog.sidekiq.edit.agents import Present

Case = Callable[[Path], Found]
OURS = MastodonSettings(domain="social.example.org", url="https://social.example.org", token="a-token-of-some-length")
REFUSED = "no connection to 127.0.0.1 port 1: Connection refused"
START = "2026-11-26T10:00:00.000Z pid={} tid=abc class=Quick jid=4caa0123456789abcdef0123 INFO: start"


def loaded(folder: Path, **texts: str) -> Any:
    """An examination of these files."""
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text)
    found, problems = inspect(folder / "config.yml")
    return exam(folder, loaded=found, problems=problems, settings=found.settings if found else settings_of(folder / "config.yml"))


def made(folder: Path, mode: int = 0o700) -> Path:
    """The state folder."""
    path = folder / "state"
    path.mkdir()
    path.chmod(mode)
    return path


def concurrency(folder: Path, holds: str) -> Found:
    """What is said where the config expects 25 of it."""
    (folder / ".env.production").write_text(f"SIDEKIQ_CONCURRENCY={holds}\n")
    return expected_of(
        {"concurrency": ExpectedSetting("concurrency", ".env.production", "SIDEKIQ_CONCURRENCY", "25")}, folder, user="agent"
    )


def damaged(folder: Path) -> Found:
    """What is said of a database that is none."""
    (made(folder) / "watchdog.db").write_bytes(b"not a database" * 100)
    return state._database(folder / "state")


def set_aside(folder: Path) -> Found:
    """What is said of one that was set aside."""
    (made(folder) / "watchdog.db.broken-1").write_bytes(bytes(100_000))
    return state._aside(folder / "state")


def said(lines: list[Any], name: str = "mastodon-sidekiq.service", problem: str = "") -> list[log.Log]:
    """A log with these lines."""
    one = log.Log(name, "agent", problem=problem)
    for line in lines:
        one.take(line)
    return [one]


def told(**changes: Any) -> Found:
    """What is said of an agent that has just said this."""
    now = time.time_ns() // 1_000_000
    itself = Itself(pid=1, version=__version__, at=now, **changes.pop("agent", {}))
    return agent.running_one(msgspec.structs.replace(Told(agent=itself, mode="act"), **changes), now)


TOML = 'agent = "agent"\n[commands.refresh-domain]\nuser = "nobody"\ndirectory = "/"\nargv = ["/bin/true"]\ntimeout = "90s"\n'
DEFINED = parse(TOML.encode(), "c.toml")
CLOSED = "this user may not read the journal (hint: it must be in the group systemd-journal: `usermod -aG systemd-journal USER`, then restart what it runs)"
PAGE = PageSettings(address="127.0.0.1", tokens={"ada": "a" * 24, "ben": "b" * 24})
AMISS: dict[str, Case] = {
    "config": lambda folder: config._config(loaded(folder, rules="rules:\n  - rule: a\n    each: job\n    when: job.elapse > 10m\n")),
    "rules": lambda folder: config._rules(loaded(folder, rules="rules: []\n")),
    "user": lambda folder: config._user(exam(folder, who=who(uid=0))),
    "settings": lambda folder: concurrency(folder, "5"),
    "state-folder": lambda folder: state.folder_of(made(folder, 0o755), who().uid, "agent"),
    "state-disk": lambda folder: state.disk_of(folder / "state", free=10 << 20, grows=0),
    "state-database": damaged,
    "state-doubt": lambda _: state.doubt_of(
        Told(doubt=Doubt(("it was written on another machine (its machine-id differs)",))), "/etc/config.yml"
    ),
    "state-aside": set_aside,
    "agent": lambda folder: agent._agent(made(folder)),
    "agent-unit": lambda _: agent.unit_of({**OWN, "WatchdogUSec": 0}),
    "host-clock": lambda _: host.clock_of(0x40),
    "host-processes": lambda folder: host.processes_of(folder / "empty", uid=1000),
    "socket": lambda folder: page.socket_of(folder / "state/api.sock", "", Door("", None, "another process listens there"), 200),
    "page": lambda _: page.page_of(PAGE, Door("", None, "address already in use"), 200),
    "page-people": lambda _: page.people_of(PAGE, frozenset({"ada"})),
    "page-link": lambda _: page.link_of("http://watchdog.example.org", 200),
    "metrics": lambda _: page.metrics_of(PAGE, 500),
    "redis-version": lambda _: redis.version_of(server(slots={"version": "5.0.14"})),
    "redis-role": lambda _: redis.role_of(server(slots={"role": "slave"})),
    "redis-reading": lambda _: redis.reading_of(server(unread=["get", "pttl"])),
    "redis-writing": lambda _: redis.writing_of(server(unwritten=["evalsha", "script|load"])),
    "redis-tracking": lambda _: redis.tracking_of(
        server(untracked="NOPERM this user has no permissions to run the 'client|tracking' command")
    ),
    "redis-policy": lambda _: redis.policy_of(server(slots={"policy": "allkeys-lru", "maxmemory": 10_000_000})),
    "redis-memory": lambda _: redis.memory_of(server(slots={"memory": 9_400_000, "maxmemory": 10_000_000})),
    "redis-saving": lambda _: redis.saving_of(server(info={"role": "master", "rdb_last_bgsave_status": "err"}, stops=False)),
    "redis-clock": lambda _: redis.clock_of(server(ahead=42_100)),
    "redis-sentinels": lambda _: redis.sentinels_of({"a:1": "127.0.0.1:1 does not answer", "b:1": ""}),
    "redis-application": lambda _: redis.application_of(
        "nothing listens at 127.0.0.1:1: the connection was refused", "redis://127.0.0.1:1"
    ),
    "mastodon-deliveries": lambda _: federation.deliveries_of(["scan"]),
    "mastodon-web-log": lambda _: federation.web_log_of([federation.Seen("mastodon-web.service", 2_000)], WebLog(), "agent"),
    "mastodon-api": lambda _: own_mastodon.api_of(own_mastodon.Said("example.org"), OURS),
    "mastodon-token": lambda _: own_mastodon.token_of(
        own_mastodon.Said(counting=str(failure_of(401, needs="")), counting_code="unauthorized"), OURS
    ),
    "mastodon-watched": lambda _: own_mastodon.watched_of(
        {"gone.example": "its name can't be resolved"}, ("gone.example", "other.example")
    ),
    "redis": lambda _: redis.unreached("nothing listens at 127.0.0.1:1: the connection was refused", Path("config.yml")),
    "sidekiq": lambda _: sidekiq.sidekiq_of([], "", [], "redis://127.0.0.1:6379/0"),
    "sidekiq-versions": lambda _: sidekiq.versions_of([reading(version="9.0.0")], []),
    "sidekiq-here": lambda _: sidekiq.here_of([reading("web9")], {1: facts(1), 2: facts(2)}, {}, "web1"),
    "sidekiq-signals": lambda _: sidekiq.signals_of([4711], who(uid=1000), refused=[4711]),
    "sidekiq-clocks": lambda _: sidekiq.clocks_of([reading(), reading("web2", ahead=-42_400)]),
    "sidekiq-fleet": lambda _: sidekiq.fleet_of([reading("web2")], [], "web1", Mode.ACT),
    "sidekiq-probe": lambda _: sidekiq.probe_of([reading()], {"web1:4711:a1b2": 2}),
    "systemd": lambda folder: systemd.unanswered(f"nothing listens at the system bus {folder}/bus"),
    "units": lambda _: systemd.units_in([], ("mastodon-sidekiq*", "sidekiq*"), homeless=[]),
    "units-stop": lambda _: systemd.stop_of([unit(stop_timeout=15_000)]),
    "units-restart": lambda _: systemd.restart_of([unit(restart_policy="no")]),
    "units-pool": lambda _: systemd.pool_of([msgspec.structs.replace(unit(), threads=25, pool=5)]),
    "units-rights": lambda _: systemd.rights_of({"mastodon-sidekiq.service": ["start", "stop", "restart"]}, acts=True),
    "log": lambda _: log.log_of(said([], problem=CLOSED)),
    "log-level": lambda _: log.level_of(said([LogLine("a word", 1, 5)] * 200)),
    "log-limit": lambda _: log.limit_of(said([LinesLost(1, 7, "mastodon-sidekiq.service", "suppressed")])),
    "inspect": lambda _: helpers.inspect_of(NotInspected("not-allowed", "uid 1000 may not ask here", "name the user"), "a.service"),
    "commands": lambda folder: commands.commands_of(DEFINED, commands.outdated(DEFINED, folder / "c.toml", folder), (), user="agent"),
    "checks": lambda _: outside.checks_of({"web": REFUSED, "db": ""}),
    "receivers": lambda _: outside.receivers_of({"ops": outside.Reached(why=REFUSED)}),
}
WELL: dict[str, Case] = {
    "config": lambda folder: config._config(loaded(folder)),
    "rules": lambda folder: config._rules(loaded(folder)),
    "user": lambda folder: config._user(exam(folder, who=who(uid=1000))),
    "settings": lambda folder: concurrency(folder, "25"),
    "state-folder": lambda folder: state.folder_of(made(folder), who().uid, "agent"),
    "state-disk": lambda folder: state.disk_of(folder, free=5_000_000_000, grows=1_000_000_000),
    "state-database": lambda folder: state._database(written(folder)),
    "state-doubt": lambda _: state.doubt_of(Told(), "/etc/config.yml"),
    "state-aside": lambda folder: state._aside(made(folder)),
    "agent": lambda _: told(),
    "agent-unit": lambda _: agent.unit_of(OWN),
    "host-clock": lambda _: host.clock_of(0),
    "host-processes": lambda _: host.processes_of(Path("/proc"), uid=1000),
    "socket": lambda folder: page.socket_of(folder / "api.sock", "", Door("", 1), 200),
    "page": lambda _: page.page_of(PAGE, Door("", 1), 200),
    "page-people": lambda _: page.people_of(PAGE, None),
    "page-link": lambda _: page.link_of("https://watchdog.example.org", 401),
    "metrics": lambda _: page.metrics_of(PAGE, 200),
    "redis": lambda _: Found(Health.OK, "test_examination.py looks at a real one"),
    "redis-version": lambda _: redis.version_of(server()),
    "redis-role": lambda _: redis.role_of(server()),
    "redis-reading": lambda _: redis.reading_of(server()),
    "redis-writing": lambda _: redis.writing_of(server()),
    "redis-tracking": lambda _: redis.tracking_of(server()),
    "redis-policy": lambda _: redis.policy_of(server()),
    "redis-memory": lambda _: redis.memory_of(server()),
    "redis-saving": lambda _: redis.saving_of(server()),
    "redis-clock": lambda _: redis.clock_of(server()),
    "redis-sentinels": lambda _: redis.sentinels_of({"a:1": "", "b:1": ""}),
    "redis-application": lambda _: redis.application_of("", "redis://127.0.0.1:1"),
    "mastodon-deliveries": lambda _: federation.deliveries_of([]),
    "mastodon-web-log": lambda _: federation.web_log_of([federation.Seen("mastodon-web.service", 3, has_request=True)], WebLog(), "agent"),
    "mastodon-api": lambda _: own_mastodon.api_of(own_mastodon.Said(OURS.domain, "4.5.3"), OURS),
    "mastodon-token": lambda _: own_mastodon.token_of(own_mastodon.Said(OURS.domain), OURS),
    "mastodon-watched": lambda _: own_mastodon.watched_of({}, ("other.example",)),
    "sidekiq": lambda _: sidekiq.sidekiq_of([reading()], "", [], "redis://127.0.0.1:6379/0"),
    "sidekiq-versions": lambda _: sidekiq.versions_of([reading()], [facts()]),
    "sidekiq-here": lambda _: sidekiq.here_of([reading()], {4711: facts()}, {"web1:4711:a1b2": facts()}, "web1"),
    "sidekiq-signals": lambda _: sidekiq.signals_of([4711], who(uid=1000, capabilities=1 << 5), refused=[4711]),
    "sidekiq-clocks": lambda _: sidekiq.clocks_of([reading(), reading("web2", ahead=-900)]),
    "sidekiq-fleet": lambda _: sidekiq.fleet_of([reading("web2")], [Present(host="web2", version=__version__)], "web1", Mode.ACT),
    "sidekiq-probe": lambda _: sidekiq.probe_of([reading(labels=("probe:fetch",))], {"web1:4711:a1b2": 0}),
    "systemd": lambda _: Found(Health.OK, "tests/host/systemd/test_doctor.py asks a real one"),
    "units": lambda _: systemd.units_in([unit()], ("mastodon-sidekiq*",), homeless=[]),
    "units-stop": lambda _: systemd.stop_of([unit(stop_timeout=30_000)]),
    "units-restart": lambda _: systemd.restart_of([unit()]),
    "units-pool": lambda _: systemd.pool_of([msgspec.structs.replace(unit(), threads=25, pool=25), unit()]),
    "units-rights": lambda _: systemd.rights_of({"mastodon-sidekiq.service": []}, acts=True),
    "log": lambda _: log.log_of(said([])),
    "log-level": lambda _: log.level_of(said([LogLine(START.format(5), 1, 5)])),
    "log-limit": lambda _: log.limit_of(said([LinesLost(1, 7, "another.service", "suppressed"), LogLine("a word", 1, 5)])),
    "inspect": lambda _: helpers.inspect_of(
        Facts(rss=1, pss=1, uss=1, swap=0, files={}, peers={}, environment={}, overwritten=False, partial=""), "a.service"
    ),
    "commands": lambda folder: commands.commands_of(
        DEFINED, commands.outdated(DEFINED, folder / "c.toml", installed(folder)), (), user="agent"
    ),
    "checks": lambda _: outside.checks_of({"web": ""}),
    "receivers": lambda _: outside.receivers_of({"ops": outside.Reached(says="signed in as @watchdog:example.org")}),
}


def installed(folder: Path, text: str = TOML) -> Path:
    """A folder with the units of those commands."""
    for definition in parse(text.encode(), "c.toml").commands.values():
        (folder / unit_of(definition.name)).write_text(unit_text(definition, Places(Path("/opt/x/bin/command"), folder / "c.toml")))
    return folder


def written(folder: Path) -> Path:
    """A state folder with the database of an agent."""
    from watchdog.store.opening import connect

    connect(made(folder) / "watchdog.db").close()
    return folder / "state"


def test_the_watchdog_of_a_unit_that_does_not_run(tmp_path):
    """The last one counts, wherever it is written; systemd itself says nothing of it then."""
    (tmp_path / "agent.service").write_text("[Service]\nType=notify\nWatchdogSec=60s\n")
    (tmp_path / "short.conf").write_text("[Service]\nWatchdogSec = 5\n")
    (tmp_path / "off.conf").write_text("[Service]\nWatchdogSec=\n#WatchdogSec=9\n")
    unit = {"FragmentPath": f"{tmp_path}/agent.service"}
    assert agent.written_watchdog(unit) == 60
    assert agent.written_watchdog({**unit, "DropInPaths": [f"{tmp_path}/short.conf", f"{tmp_path}/gone.conf"]}) == 5
    assert agent.written_watchdog({**unit, "DropInPaths": [f"{tmp_path}/off.conf"]}) == 0
    assert agent.written_watchdog({}) == 0


def test_a_command_that_was_changed_after_it_was_installed(tmp_path):
    """Its unit is not what would be written now."""
    installed(tmp_path, TOML.replace("90s", "60s"))
    assert commands.outdated(DEFINED, tmp_path / "c.toml", tmp_path) == ["refresh-domain"]


def test_each_point_of_the_table_has_its_cases():
    """And there is none beside them."""
    assert AMISS.keys() == WELL.keys() == BY_NAME.keys()
    assert len(BY_NAME) == len(POINTS)
    assert {spec.area for spec in POINTS} == set(Area)


@pytest.mark.parametrize("name", list(AMISS))
def test_what_is_amiss_is_said_as_in_the_table(name, folder):
    """Word for word, and with what to do about it."""
    found = AMISS[name](folder)
    assert found.says == BY_NAME[name].example.format(folder=folder)
    assert found.health in (Health.WARN, Health.FAIL)
    assert found.mend
    assert "\n" not in found.says + found.mend


@pytest.mark.parametrize("name", list(WELL))
def test_what_is_well_is_well(name, folder):
    """In one line, with nothing to mend."""
    found = WELL[name](folder)
    assert (found.health, found.mend) == (Health.OK, ""), found
    assert found.says


@pytest.mark.parametrize(
    ("found", "health", "words"),
    [
        (lambda: systemd.pool_of([unit(), msgspec.structs.replace(unit(), threads=25)]), Health.SKIPPED, "names both"),
        (lambda: expected_of({}, None, user="agent"), Health.SKIPPED, "none is named"),
        (lambda: expected_of({"a": ExpectedSetting("a", ".env", "A")}, None, user="agent"), Health.SKIPPED, "does not say where"),
        (lambda: expected_of({"a": ExpectedSetting("a", "/dev/zero", "A")}, None, user="agent"), Health.FAIL, "it is no regular file"),
        (lambda: expected_of({"a": ExpectedSetting("a", "/proc/version", "A")}, None, user="agent"), Health.WARN, "expects: a"),
        (lambda: redis.policy_of(server(slots={"policy": "volatile-lru"})), Health.WARN, "no maxmemory"),
        (lambda: redis.saving_of(server(saves=False)), Health.WARN, "saves nothing"),
        (lambda: redis.saving_of(server(info={"aof_enabled": "1", "aof_last_write_status": "err"})), Health.FAIL, "append-only"),
        (lambda: redis.saving_of(server(info={"rdb_last_bgsave_status": "err"})), Health.FAIL, "refuses every write"),
        (lambda: redis.clock_of(server(ahead=-3_000)), Health.WARN, "3 s behind this host's"),
        (lambda: redis.clock_of(server(ahead=None)), Health.SKIPPED, "TIME"),
        (lambda: redis.version_of(server(slots={"version": ""})), Health.SKIPPED, "INFO"),
        (lambda: redis.version_of(server(info={"valkey_version": "9.0.1"}, slots={"version": "7.2.4"})), Health.OK, "Valkey 9.0.1"),
        (lambda: redis.writing_of(server(unwritten=None)), Health.SKIPPED, "before 7"),
        (lambda: redis.sentinels_of({"a:1": "silent", "b:1": "silent"}), Health.FAIL, "2 of 2"),
        (lambda: redis.sentinels_of({}), Health.SKIPPED, "names no Sentinels"),
        (lambda: told(agent={"failing": "the disk is full"}), Health.FAIL, "the disk is full"),
        (
            lambda: told(agent={}, sources={"redis": Source(ok=False, code="refused", message="gone")}),
            Health.FAIL,
            "can't read: redis (gone)",
        ),
        (lambda: told(sources={"redis": Source(ok=False, code="starting")}), Health.OK, "mode act"),
        (lambda: agent.running_one(Told(agent=Itself(pid=1, version="0.0.1", at=5)), 40_005), Health.FAIL, "said nothing for 40s"),
        (lambda: agent.running_one(Told(agent=Itself(pid=1, version="0.0.1", at=5)), 6), Health.WARN, "0.0.1"),
        (lambda: agent.unit_of({}), Health.SKIPPED, "systemd"),
        (lambda: agent.unit_of({"LoadState": "not-found"}), Health.WARN, "not installed"),
        (lambda: agent.unit_of({**OWN, "Type": "simple"}), Health.FAIL, "Type=simple"),
        (lambda: agent.unit_of({**OWN, "WatchdogUSec": 2**64 - 1}), Health.FAIL, "WatchdogSec"),
        (lambda: agent.unit_of({**OWN, "WatchdogUSec": 2**64 - 1, "ActiveState": "inactive"}, written=45), Health.OK, "each 45 s"),
        (lambda: agent.unit_of({**OWN, "WatchdogUSec": 2**64 - 1, "ActiveState": "active"}, written=45), Health.FAIL, "WatchdogSec"),
        (lambda: agent.unit_of({**OWN, "Restart": "no"}), Health.FAIL, "Restart=no"),
        (lambda: agent.unit_of({**OWN, "ProtectProc": "default"}), Health.OK, "each 60 s"),
        (lambda: agent.unit_of({**OWN, "ProtectProc": "invisible"}), Health.FAIL, "ProtectProc=invisible"),
        (lambda: agent.unit_of({**OWN, "NeedDaemonReload": True}), Health.WARN, "has not read it"),
        (lambda: agent.unit_of({**OWN, "UnitFileState": "disabled"}), Health.WARN, "disabled"),
        (lambda: agent.unit_of({**OWN, "DropInPaths": ["/etc/x/short.conf"]}), Health.OK, "short.conf changes it"),
        (lambda: sidekiq.sidekiq_of([], "mastodon", [""], "redis://h"), Health.FAIL, "no namespace"),
        (lambda: sidekiq.sidekiq_of([], "", ["mastodon"], "redis://h"), Health.FAIL, "namespace: mastodon"),
        (lambda: sidekiq.versions_of([reading(), reading(version="8.1.7")], []), Health.WARN, "side by side: Sidekiq 7.3.2, 8.1.7"),
        (lambda: sidekiq.versions_of([reading(version="6.3.1")], []), Health.WARN, "6.3.1"),
        (lambda: sidekiq.versions_of([reading(version="")], []), Health.SKIPPED, "none tells"),
        (lambda: sidekiq.here_of([reading("web9")], {}, {}, "web1"), Health.WARN, "but on: web9"),
        (lambda: sidekiq.here_of([], {7: facts(7)}, {}, "web1"), Health.WARN, "though some run (pid 7)"),
        (
            lambda: sidekiq.here_of([reading()], {4711: facts(), 7: facts(7)}, {"web1:4711:a1b2": facts()}, "web1"),
            Health.OK,
            "1 more are none of this Redis",
        ),
        (lambda: sidekiq.signals_of([], who(uid=1000), refused=[]), Health.SKIPPED, "sidekiq-here first"),
        (lambda: sidekiq.clocks_of([]), Health.SKIPPED, "sidekiq first"),
        (
            lambda: sidekiq.fleet_of([], [Present(host="web2", version="0.0.1")], "web1", Mode.ACT),
            Health.WARN,
            "agents of other versions: 0.0.1",
        ),
        (lambda: sidekiq.fleet_of([reading("web2")], [], "web1", Mode.DRY_RUN), Health.SKIPPED, "not seen"),
        (lambda: sidekiq.probe_of([reading()], {}), Health.SKIPPED, "not needed"),
        (lambda: systemd.units_in([unit(reload_needed=True)], (), homeless=[]), Health.WARN, "has not read it"),
        (lambda: systemd.units_in([unit(failed=True)], (), homeless=[]), Health.WARN, "has failed"),
        (lambda: systemd.units_in([unit()], (), homeless=[7]), Health.WARN, "pid 7 runs in none"),
        (lambda: systemd.stop_of([unit(sidekiq_timeout=None)]), Health.SKIPPED, "can't be told"),
        (lambda: systemd.stop_of([unit(stop_timeout=29_999), unit("b.service", stop_timeout=1)]), Health.WARN, "(and 1 more)"),
        (lambda: systemd.rights_of({"a.service": ["stop"]}, acts=False), Health.WARN, "not: stop a.service"),
        (lambda: systemd.rights_of({}, acts=True), Health.SKIPPED, "none of them is loaded"),
        (lambda: log.level_of(said([LogLine("a word", 1, 5)] * 19)), Health.SKIPPED, "too few lines"),
        (lambda: log.level_of(said([], problem="closed")), Health.SKIPPED, "too few lines"),
        (lambda: log.limit_of(said([], problem="closed")), Health.SKIPPED, "log first"),
        (lambda: helpers.inspect_of(NotInspected("not-there", "no"), ""), Health.SKIPPED, "not turned on"),
        (lambda: helpers.inspect_of(NotInspected("gone", "no"), ""), Health.SKIPPED, "just ended"),
        (lambda: commands.commands_of(DEFINED, [], (), user="root"), Health.FAIL, "the agent runs as root"),
        (lambda: commands.commands_of(DEFINED, [], {"refresh-domain"}, user="agent"), Health.WARN, "not start: refresh-domain"),
        (lambda: outside.checks_of({}), Health.WARN, "none is declared"),
        (lambda: outside.receivers_of({}), Health.WARN, "nobody is told"),
        (lambda: host.clock_of(None), Health.SKIPPED, "does not tell"),
        (lambda: state.disk_of(Path("/s"), free=500_000_000, grows=900_000_000), Health.WARN, "the trace alone may grow by 858.3 MiB"),
    ],
)
def test_the_other_ways_in_which_it_can_be(found, health, words):
    """What is a warning is none of a failure, and what can't be known is not taken for either."""
    result = found()
    assert result.health is health, result
    assert words in result.says
    assert bool(result.mend) is (health in (Health.WARN, Health.FAIL))
