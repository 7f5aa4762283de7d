"""The agent itself: its config, its memory, its unit, its host."""

from typing import Final

from watchdog.model.points.spec import Area, PointSpec

MACHINE: Final = (
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
        "The unit `sidekiq-watchdog.service`: that it is installed and started at boot, tells systemd that it lives (`Type=notify`, `WatchdogSec=`) and is started again (`Restart=`), that it is not kept from seeing processes (`ProtectProc=`), and what overrides it.",
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
)
