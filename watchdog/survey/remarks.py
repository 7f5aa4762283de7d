"""
What `init` has to say beside the config: what it could not read, and what will lose jobs or keep the agent from helping.

The table is the source of the reference. A remark stops nothing; whoever reads it decides. A new one is a row here, and is made with `remark` where it is found out: in
`judging.py`, or by whoever could not read something.
"""

from typing import Final

import msgspec


class RemarkSpec(msgspec.Struct, frozen=True):
    """`name` is for programs and stays; `text` and `mend` are sentences with places in braces; `doc` says why it matters."""

    name: str
    text: str
    mend: str
    doc: str


class Remark(msgspec.Struct, frozen=True):
    """One of them, about something."""

    name: str
    text: str
    mend: str


REMARKS: Final = (
    RemarkSpec(
        "stop-timeout",
        "{units}: systemd kills it {stop} after a stop is asked for; Sidekiq gives its jobs back only after {timeout}",
        "sudo systemctl edit {files}: [Service] TimeoutStopSec={wanted}",
        "Every stop and restart with a job that runs longer loses that job. The unit that Mastodon ships has 15 s. The agent's own restarts don't lose it.",
    ),
    RemarkSpec(
        "no-restart",
        "{units}: systemd does not always start it again by itself (Restart={restart})",
        "sudo systemctl edit {files}: [Service] Restart=always",
        "A process that the agent has ended comes back at once where systemd does that; else the agent itself has to have it started.",
    ),
    RemarkSpec(
        "no-scheduler",
        "no process serves the queue scheduler, so nothing periodic happens and no queue grows",
        "add -q scheduler to one of the services, and to no more than one",
        "Mastodon's periodic jobs are put into the queue by the process that serves it.",
    ),
    RemarkSpec(
        "two-schedulers",
        "{count} services serve the queue scheduler: {units}",
        "leave -q scheduler with one of them",
        "Some periodic jobs are then pushed once by each.",
    ),
    RemarkSpec(
        "no-listener",
        "nobody serves the queue {queue}, which Mastodon fills",
        "add -q {queue} to a service",
        "New versions of Mastodon bring new queues (ingress with 4.0, fasp with 4.4); services that name their queues must name them, too.",
    ),
    RemarkSpec(
        "log-level",
        "RAILS_LOG_LEVEL is {level} ({source}), so Sidekiq's log names no jobs",
        "RAILS_LOG_LEVEL=info",
        "The log is what tells which jobs ran in a process that froze.",
    ),
    RemarkSpec(
        "log-rate",
        "{units}: the journal drops what it writes beyond {burst} lines in half a minute",
        "sudo systemctl edit {files}: [Service] LogRateLimitBurst=1000000",
        "After a hole in the log nobody can prove which jobs ran at the end, and a busy server reaches the default. `LogRateLimitIntervalSec=0` of a unit changes nothing: systemd takes it for not set.",
    ),
    RemarkSpec(
        "small-pool",
        "{unit}: {threads} threads share {pool} connections to the database (DB_POOL, {source})",
        "DB_POOL={threads}",
        "Threads then wait for each other and jobs fail with ConnectionTimeoutError.",
    ),
    RemarkSpec(
        "redis-unreachable",
        "{where}: {why}",
        "correct the address in {config}; then: sidekiq-watchdog doctor",
        "Without Redis the agent sees nothing.",
    ),
    RemarkSpec(
        "redis-replica",
        "{where} is a replica: what is written there is refused or lost",
        "name the master in {config}",
        "Sidekiq itself can only work with a master.",
    ),
    RemarkSpec(
        "redis-empty",
        "{where} answers and holds nothing of Sidekiq: no process beats there, and no queue was ever used",
        "compare it with what the application uses: {names}",
        "Another database number or server is the usual reason.",
    ),
    RemarkSpec(
        "redis-strange",
        "the address of Redis in {source} {why}",
        "{hint}",
        "What the application's own library accepts is more than what can be looked at here.",
    ),
    RemarkSpec(
        "other-redis",
        "{units}: another Redis than that of the rest, {where}",
        "run a second agent with a config of its own for it",
        "One agent watches one Redis.",
    ),
    RemarkSpec(
        "namespace-unused",
        "REDIS_NAMESPACE is {namespace}, and Sidekiq's keys have none in front",
        "nothing to do: the config goes by what is in Redis",
        "Mastodon 4.4 and later pays no heed to it.",
    ),
    RemarkSpec(
        "not-beating",
        "{where} shows no beat of {count} of the Sidekiq processes here: pid {pids}",
        "look whether they still boot, or use another Redis",
        "What does not beat is not watched.",
    ),
    RemarkSpec(
        "by-hand",
        "no service of systemd has {count} of the Sidekiq processes here: pid {pids}",
        "make each a service, so that it is started again once it has been ended",
        "Nobody would start such a process again.",
    ),
    RemarkSpec(
        "contained",
        "{count} of the Sidekiq processes run in containers: nothing can be started there through systemd, and their logs are not in the journal under a unit",
        "let the container be started again by itself (restart: always), and give it stop_grace_period: 60s",
        "The agent sees them in Redis. To signal one it must see its pid: the pid namespace of the host, and the name of the container as `host`.",
    ),
    RemarkSpec(
        "in-container",
        "this is a container: there is no systemd to ask or to have anything started by, and no journal",
        "give Sidekiq's container and the agent's one pid namespace and the same hostname, as packaging/compose.yml shows",
        "Without the shared pid namespace the agent watches and alerts, and can end nothing.",
    ),
    RemarkSpec(
        "compose",
        "{file} has compose run Sidekiq: the names of its services are addresses only within its network",
        "name an address of Redis that this machine can reach, or run the agent as a service of compose; stop_grace_period: 60s for Sidekiq",
        "Compose gives a container 10 s to stop, less than Sidekiq needs to give its jobs back.",
    ),
    RemarkSpec(
        "no-systemd",
        "{why}: how services are is not known, and which there are only by their files",
        "without systemd nothing can be started for you; the agent works without",
        "Only systemd knows that a service failed, or that somebody stopped it.",
    ),
    RemarkSpec(
        "unread-file",
        "{file} {why}",
        "run init as root, or look at the file yourself",
        "What stands there is not in the config.",
    ),
    RemarkSpec(
        "strange-line",
        "{file}: {why}",
        "look whether the application reads it as you mean it",
        "A variable that is read otherwise by the application leads to another Redis.",
    ),
    RemarkSpec(
        "no-group",
        "there is no group {group} yet, so only root can read {folder}",
        "once the package is installed: sudo chgrp -R {group} {folder}",
        "The agent runs as a user of its own, which reads its config through that group.",
    ),
    RemarkSpec(
        "hidden-process",
        "the environment of {count} of the Sidekiq processes is not shown to this user: pid {pids}",
        "run init as root",
        "What a process without a service uses stands only there.",
    ),
)
"""In no order; each is said where it is found."""
_BY_NAME: Final = {spec.name: spec for spec in REMARKS}


def remark(spec: str, /, **values: object) -> Remark:
    """That one with these values in its places."""
    found = _BY_NAME[spec]
    return Remark(found.name, found.text.format(**values), found.mend.format(**values))
