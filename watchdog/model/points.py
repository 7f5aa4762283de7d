"""
Everything that `doctor` looks at: one table. What looks is keyed to it (`doctor/`).

The counterpart of `checks.py`, whose checks the operator declares and the agent tries for ever: these are tried when somebody asks, and say how to mend what is wrong.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Area(StrEnum):
    """What a point is part of; they are shown in this order."""

    CONFIG = "config"
    STATE = "state"
    AGENT = "agent"
    HOST = "host"
    REDIS = "Redis"
    SIDEKIQ = "Sidekiq"
    SYSTEMD = "systemd"
    LOG = "log"
    HELPERS = "helpers"
    OUTSIDE = "outside"


class PointSpec(msgspec.Struct, frozen=True):
    """
    One point.

    `looks_at` says what is looked at, `why` what would be amiss without it, `mend` how it is put right; `example` is a sentence in which it is told that it is not well, as a test provokes it.
    """

    name: str
    area: Area
    looks_at: str
    why: str
    mend: str
    example: str


POINTS: Final[tuple[PointSpec, ...]] = (
    PointSpec(
        "config",
        Area.CONFIG,
        "The config, the rules and packs that it names, and its secrets, as the agent would read them; in mode `act` the packs' own tests, too.",
        "With a mistake in them the agent does not start, and a reload changes nothing.",
        "`sidekiq-watchdog check` shows each mistake at its place.",
        "1 error, the first: {folder}/rules.yml:4:11: E203 unknown field 'job.elapse'",
    ),
    PointSpec(
        "rules",
        Area.CONFIG,
        "How many rules there are, what is doubtful about them, and how far they may go.",
        "Without rules nothing is ever found.",
        "Name `pack:sidekiq`, for Mastodon `pack:mastodon` as well, under `rules:`.",
        "no rule is in force",
    ),
    PointSpec(
        "user",
        Area.CONFIG,
        "As whom the agent runs: the running agent, `User=` of its unit, the owner of the state folder, or the user `sidekiq-watchdog`, whichever is found first. All that follows is looked at as this user.",
        "As root it could do far more than it ever needs.",
        "Give it a user of its own: `User=sidekiq-watchdog` in the unit.",
        "the agent runs as root (User= of its unit), and needs far less",
    ),
    PointSpec(
        "state-folder",
        Area.STATE,
        "The state folder: that it is there, whose it is, its mode, and that the agent can write to it.",
        "What could not be written down first is not done.",
        "`install -d -m 0700 -o USER STATE`",
        "{folder}/state can be read by others (its mode is 0755)",
    ),
    PointSpec(
        "state-disk",
        Area.STATE,
        "Room on the disk of the state folder: for the database, and for the trace as much as `trace: {most: …}` lets it grow.",
        "On a full disk nothing is done.",
        "Make room, or give the trace less.",
        "10 MiB are free on the disk of {folder}/state",
    ),
    PointSpec(
        "state-database",
        Area.STATE,
        "The database: that this version reads it, and that it is whole as far as half a second of looking tells.",
        "A damaged one is set aside at the next start, and with it cooldowns, strikes and open incidents.",
        "Look at the disk; keep a copy of the folder before the agent is started again.",
        "{folder}/state/watchdog.db is damaged: file is not a database",
    ),
    PointSpec(
        "state-doubt",
        Area.STATE,
        "Whether the agent relies on its memory: it belongs to one machine and one Redis.",
        "In doubt it does nothing but in dry-run.",
        '`sidekiq-watchdog adopt --reason "…"`, once you have looked.',
        "in doubt: it was written on another machine (its machine-id differs)",
    ),
    PointSpec(
        "state-aside",
        Area.STATE,
        "Databases that were damaged and set aside.",
        "Nobody but you removes them, and each is the account of some nights.",
        "Look into them, then remove them.",
        "1 damaged database set aside, 0.1 MB",
    ),
    PointSpec(
        "agent",
        Area.AGENT,
        "Whether an agent runs with this state folder, of which version, whether its turns are complete, and what it can't read.",
        "Where none runs nobody watches.",
        "`systemctl enable --now sidekiq-watchdog`",
        "no agent runs with {folder}/state",
    ),
    PointSpec(
        "agent-unit",
        Area.AGENT,
        "The unit `sidekiq-watchdog.service`: that it is installed and started at boot, tells systemd that it lives (`Type=notify`, `WatchdogSec=`) and is started again (`Restart=`), and that nothing of that was overridden.",
        "An agent that hangs is restarted by systemd alone, and only if it was told to.",
        "`systemctl cat sidekiq-watchdog` shows the unit with what overrides it.",
        "sidekiq-watchdog.service: WatchdogSec= is not set: an agent that hangs stays so",
    ),
    PointSpec(
        "host-clock",
        Area.HOST,
        "Whether the kernel's clock is kept in time by somebody (`adjtimex`).",
        "No decision rests on it, but what the log says of a night does, and ages of jobs come from several clocks.",
        "`timedatectl set-ntp true`, or install chrony.",
        "the clock of this host is kept in time by nobody",
    ),
    PointSpec(
        "host-processes",
        Area.HOST,
        "Whether the agent's user sees the processes of others in /proc.",
        "With `hidepid` it sees no Sidekiq but its own user's, so none of its findings about processes.",
        "Mount /proc with `gid=` of a group that the agent is in, or `ProtectProc=default` in its unit.",
        "the agent's user does not see the processes of others in /proc",
    ),
    PointSpec(
        "redis",
        Area.REDIS,
        "That Redis is reached with the address of the config, and answers.",
        "Without Redis the agent is blind, and does nothing.",
        "Correct `redis: {url: …}`, or start Redis.",
        "nothing listens at 127.0.0.1:1: the connection was refused",
    ),
    PointSpec(
        "redis-version",
        Area.REDIS,
        "Its version: 6 or later.",
        "Before 6 Redis tells nobody what changes, and knows no users with rights of their own.",
        "Install a later one.",
        "Redis 5.0.14 is too old: 6.0 or later",
    ),
    PointSpec(
        "redis-role",
        Area.REDIS,
        "That it is a master.",
        "A replica refuses every write, and shows Sidekiq as it was.",
        "Name the master, or `sentinels:` and `master:`.",
        "it is a replica of another Redis",
    ),
    PointSpec(
        "redis-reading",
        Area.REDIS,
        "That its user may use each command that watching takes.",
        "What is refused is a gap in the picture.",
        "`ACL SETUSER USER +COMMAND`; packaging/redis.acl has them all.",
        "the user of Redis may not: get, pttl",
    ),
    PointSpec(
        "redis-writing",
        Area.REDIS,
        "That its user may use each command that moving jobs takes. Nothing is written for it: Redis itself is asked, by a script.",
        "Putting back and quarantine would fail in the night in which they are needed. In mode `observe` and `dry-run` nothing is written.",
        "Use the user `watchdog-act` of packaging/redis.acl.",
        "the user of Redis may not: evalsha, script|load",
    ),
    PointSpec(
        "redis-tracking",
        Area.REDIS,
        "That Redis tells the agent what changes (`CLIENT TRACKING`).",
        "Else everything is asked for again and again.",
        "`ACL SETUSER USER +client|tracking +client|caching`; nothing in between may speak an older protocol.",
        "Redis does not tell what changes: the user may not use CLIENT TRACKING",
    ),
    PointSpec(
        "redis-policy",
        Area.REDIS,
        "What Redis does when it is full: `noeviction`.",
        "With any other policy it throws jobs away without a word.",
        "`CONFIG SET maxmemory-policy noeviction`, and the same in redis.conf.",
        "maxmemory-policy is allkeys-lru: when it is full Redis throws jobs away",
    ),
    PointSpec(
        "redis-memory",
        Area.REDIS,
        "How full it is, where it has a limit.",
        "When it is full it refuses what Sidekiq writes.",
        "`CONFIG SET maxmemory …`",
        "94% of maxmemory are in use",
    ),
    PointSpec(
        "redis-saving",
        Area.REDIS,
        "That it can save its data, and that it does save them at all.",
        "A Redis that can't save refuses every write; one that does not save loses all jobs when it ends.",
        "Look at its log and its disk; then `BGSAVE`.",
        "Redis could not save its data to disk last time",
    ),
    PointSpec(
        "redis-clock",
        Area.REDIS,
        "Its clock beside that of this host.",
        "Ages of jobs are counted by the clocks of several machines.",
        "Keep both in time: NTP.",
        "the clock of Redis is 42 s ahead of this host's",
    ),
    PointSpec(
        "redis-sentinels",
        Area.REDIS,
        "Each Sentinel by itself: that it answers and knows the master.",
        "Only one of them has to answer; which of them would not is seen too late otherwise.",
        "Start it, or correct `sentinels:`, `master:`, `sentinel_user:` and `sentinel_password:`.",
        "1 of 2 Sentinels can't be asked: 127.0.0.1:1 does not answer",
    ),
    PointSpec(
        "redis-application",
        Area.REDIS,
        "`app_redis`, where the config has one: that it is reached.",
        "What the application keeps there is part of what some rules read.",
        "Correct `app_redis: {url: …}`.",
        "nothing listens at 127.0.0.1:1: the connection was refused",
    ),
    PointSpec(
        "sidekiq",
        Area.SIDEKIQ,
        "That processes of Sidekiq beat in this database, under this namespace.",
        "With another database or namespace than Sidekiq's everything looks quiet.",
        "Set the database in `redis: {url: …/N}` and `namespace:` as the application has them.",
        "no process of Sidekiq beats here",
    ),
    PointSpec(
        "sidekiq-versions",
        Area.SIDEKIQ,
        "Their versions: 6.4 to 8.1 are known.",
        "Others may keep their data in another shape.",
        "Tell us about it; what can't be read is shown by `status`.",
        "Sidekiq 9.0.0 is not known to this version",
    ),
    PointSpec(
        "sidekiq-here",
        Area.SIDEKIQ,
        "Which of them run on this host: host name, pid and title must agree.",
        "What is not found here the agent can only watch.",
        "Set `host:` in the config to the name under which they stand in Redis.",
        "2 processes of Sidekiq run here, and none of them is called by the name of this host (web1) in Redis, but: web9",
    ),
    PointSpec(
        "sidekiq-signals",
        Area.SIDEKIQ,
        "That the agent may signal those: `kill` with signal 0, or CAP_KILL.",
        "Without it nothing can be ended or told to be quiet.",
        "`AmbientCapabilities=CAP_KILL` in the agent's unit, or the same user as Sidekiq.",
        "the agent's user may not signal 4711",
    ),
    PointSpec(
        "sidekiq-clocks",
        Area.SIDEKIQ,
        "The clocks of the hosts that they run on, beside that of Redis.",
        "A job seems to run for longer, or shorter, by as much as they differ.",
        "Keep them in time: NTP.",
        "the clock of web2 is 42 s behind that of Redis",
    ),
    PointSpec(
        "sidekiq-fleet",
        Area.SIDEKIQ,
        "Agents of other hosts: which there are, and on which hosts there is none that may act.",
        "Signals are local: each host needs an agent of its own.",
        "Install the agent there, of the same version.",
        "no agent that may act is on: web2",
    ),
    PointSpec(
        "sidekiq-probe",
        Area.SIDEKIQ,
        "Whether the processes have the probe, which notes what each runs.",
        "It is not needed. With it more of what a process held is proven when it dies without a word.",
        "packaging/probe/README.md",
        "2 errors of the probe in web1:4711:a1b2",
    ),
    PointSpec(
        "systemd",
        Area.SYSTEMD,
        "That systemd answers over the system bus.",
        "Without it units are neither seen nor started.",
        "On a host without systemd there is nothing to mend; in a container, see packaging/README.md.",
        "nothing listens at the system bus {folder}/bus",
    ),
    PointSpec(
        "units",
        Area.SYSTEMD,
        "That there are units as `units:` names them, and that systemd has read their files.",
        "Of other units the agent sees and starts those alone in which a Sidekiq runs.",
        "Correct `units:`; `systemctl daemon-reload`.",
        "no unit is called mastodon-sidekiq* or sidekiq*",
    ),
    PointSpec(
        "units-stop",
        Area.SYSTEMD,
        "That each unit has at least 5 s more for its stop (`TimeoutStopSec=`) than Sidekiq waits for its jobs.",
        "Else systemd kills Sidekiq with the jobs that it was about to give back: each restart loses some.",
        "`systemctl edit UNIT`: `[Service]`, `TimeoutStopSec=30`",
        "mastodon-sidekiq.service: systemd waits 15 s, Sidekiq 25 s: each stop can lose jobs",
    ),
    PointSpec(
        "units-restart",
        Area.SYSTEMD,
        "That systemd starts them again (`Restart=`).",
        "After an end that the agent has caused it would have to start them by itself.",
        "`systemctl edit UNIT`: `[Service]`, `Restart=always`",
        "mastodon-sidekiq.service: Restart=no",
    ),
    PointSpec(
        "units-rights",
        Area.SYSTEMD,
        "That systemd would let the agent start, stop and restart them. It is asked for something that it would refuse to everybody only after it has looked at the rights, so that nothing happens.",
        "Without the polkit rule systemd refuses to start what the agent has ended.",
        "`install -m 0644 polkit.rules /etc/polkit-1/rules.d/50-sidekiq-watchdog.rules`",
        "systemd lets this user not: start, stop, restart mastodon-sidekiq.service",
    ),
    PointSpec(
        "log",
        Area.LOG,
        "That the agent's user can read where Sidekiq logs.",
        "The log tells which jobs ran in a process that has died.",
        "`usermod -aG systemd-journal USER`, or `log: {files: …}` in the config.",
        "the log of mastodon-sidekiq.service can't be read: this user may not read the journal",
    ),
    PointSpec(
        "log-level",
        Area.LOG,
        "That Sidekiq logs the start and the end of each job (level info).",
        "At `warn` nothing tells which jobs ran.",
        "`RAILS_LOG_LEVEL=info` in the environment of the unit",
        "mastodon-sidekiq.service: none of its last 200 lines is the start or the end of a job",
    ),
    PointSpec(
        "log-limit",
        Area.LOG,
        "That journald has lately dropped no lines of it.",
        "A start without its end may then be a job that was done: nothing of that log is proven.",
        "`systemctl edit UNIT`: `[Service]`, `LogRateLimitBurst=1000000`; a `LogRateLimitIntervalSec=0` there changes nothing",
        "mastodon-sidekiq.service: journald has dropped lines",
    ),
    PointSpec(
        "inspect",
        Area.HELPERS,
        "`sidekiq-watchdog-inspect`, where it is turned on: that it answers this user about a Sidekiq of this host, and kernel.yama.ptrace_scope.",
        "It is not needed. It reads out of a frozen process what is nowhere else.",
        "inspect.toml, and packaging/README.md.",
        "sidekiq-watchdog-inspect does not serve us: uid 1000 may not ask here",
    ),
    PointSpec(
        "checks",
        Area.OUTSIDE,
        "What the config declares under `checks:`, tried once each.",
        "While one fails nothing is done to any process; where none is declared, a database that is gone looks like jobs that are stuck.",
        "Mend what it names; config.yml has examples.",
        "web fails: no connection to 127.0.0.1 port 1: Connection refused",
    ),
    PointSpec(
        "receivers",
        Area.OUTSIDE,
        "That the host of each receiver accepts connections; nothing is sent.",
        "An agent that reaches nobody can only write it down.",
        "Correct `url:` of the receiver, or open the way there.",
        "ops is not reached: no connection to 127.0.0.1 port 1: Connection refused",
    ),
)

BY_NAME: Final[dict[str, PointSpec]] = {spec.name: spec for spec in POINTS}
"""Name → spec."""
