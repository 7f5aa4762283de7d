"""What is around Sidekiq: systemd, logs, helpers, and whoever else is needed or told."""

from typing import Final

from watchdog.model.points.spec import Area, PointSpec

AROUND: Final = (
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
        "commands",
        Area.HELPERS,
        "commands.toml, where there is one: that it is root's and without a mistake, names the agent's user, that each command has its unit as `sidekiq-watchdog-command install` would write it now, and that systemd would let the agent start that.",
        "Else the action `run` is refused.",
        "As root: `sidekiq-watchdog-command install`.",
        "not installed, or before commands.toml was changed: refresh-domain",
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
        "That each receiver can be used as the config says: who one is signed in as there, and whether one may write; where it can't be asked that, that its host accepts connections. Nobody is told anything.",
        "An agent that reaches nobody can only write it down.",
        "What it names; then `sidekiq-watchdog notify test RECEIVER`.",
        "ops is not reached: no connection to 127.0.0.1 port 1: Connection refused",
    ),
)
