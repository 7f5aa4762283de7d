"""
Every guard with the settings that a rule can give it: one table.

The order in which guards are asked is the literal of `engine/guards/__init__.py`; a test proves that
it holds just these.
"""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec

VETO: Final = (
    "DomainBlockWorker",
    "Admin::DomainPurgeWorker",
    "DomainClearMediaWorker",
    "AccountDeletionWorker",
    "Admin::AccountDeletionWorker",
    "Admin::SuspensionWorker",
    "Admin::UnsuspensionWorker",
    "AccountMergingWorker",
    "MoveWorker",
    "BackupWorker",
    "BulkImportWorker",
    "Scheduler::SuspendedUserCleanupScheduler",
    "Scheduler::UserCleanupScheduler",
    "Scheduler::SelfDestructScheduler",
)
"""
Jobs of Mastodon that leave half a thing behind where they are cut off, and that nobody finishes.

Why here, and not in the rules for Mastodon: a rule that an administrator writes for that server must be as careful without naming them. They
are whole names, so that another application is only bound where it has a job of that very name.
"""


class GuardSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One guard. `denies` completes "denies when …".

    `binds_after_no_return` says that it still guards the stages after the one that can't be taken back, `binds_for_the_dead` that it guards also what is done for a process
    that has ended: to find out and keep what that held harms nobody, and to put it back is guarded like a stage that can't be taken back. `alarms` that what it stops does not go on by itself
    for long, so that people hear of it as critical. `binds_people` says that not even
    a person who orders an action by hand can overrule it.
    """

    name: str
    denies: str
    settings: tuple[ParameterSpec, ...] = ()
    binds_after_no_return: bool = False
    binds_for_the_dead: bool = False
    alarms: bool = False
    binds_people: bool = False


GUARDS: Final[tuple[GuardSpec, ...]] = (
    GuardSpec(
        name="paused",
        denies="somebody has said that nothing may be done, by command (for everything, a rule or a target), by the file `pause`, or by the key in Redis for the whole fleet; it names who, why, and until when",
        binds_after_no_return=True,
    ),
    GuardSpec(name="blind", denies="a source that the condition rests on can't be read", binds_after_no_return=True, binds_people=True),
    GuardSpec(
        name="settling",
        denies="the target has beaten less than `settle` times since the agent's start, a reload, a loss or fail-over of Redis, a time in which the agent saw nothing, or the end of a common cause; or jobs are to be moved for what every agent sees, and it is not known yet which one leads; 10 s count as a beat where none comes",
        settings=(
            ParameterSpec(
                name="settle",
                form=Form.COUNT,
                default="3",
                doc="How many beats the target must have shown since the picture was shaken; 0 waits for a complete reading only.",
                example="settle: 6",
            ),
        ),
    ),
    GuardSpec(
        name="baseline",
        denies="all that is found was so already when the rule began to act (first load, `arm`, `adopt`, a mode raised in file or config), and has not been false since (asks a person); a restart with the same rules is no beginning",
        settings=(
            ParameterSpec(
                name="baseline",
                form=Form.CHOICE,
                default="ask",
                choices=("ask", "allow"),
                doc="What holds for that. In tests of rules every rule has been in force for long.",
                example="baseline: allow",
            ),
        ),
    ),
    GuardSpec(
        name="common_cause",
        denies="the trouble has another cause than the target: Redis refuses writes, a check that the config declares fails, the disk of the state folder is full, or more than `max_unhealthy` of the processes are sick; what keeps another server away also while `federation.self_broken` or `federation.egress_broken`. What is not declared is not checked. After the stage that can't be taken back only the first two count",
        settings=(
            ParameterSpec(
                name="max_unhealthy",
                form=Form.RATIO,
                default="50%",
                doc="The share of all processes that may be sick, which is: have an alert, or a job with one, above `info`; a single sick process is always allowed.",
                example="max_unhealthy: 50%",
            ),
        ),
        binds_after_no_return=True,
    ),
    GuardSpec(
        name="deploy",
        denies="somebody deploys: a command changes the application or its database; the code or the file of a unit was changed after a process was started; processes come with another version or tag; several have been told to be quiet, and not by this agent: each of these for `deploy` after it was last new; and while systemd has a job for a unit or wants a daemon-reload. What can't be looked at is said",
        settings=(
            ParameterSpec(
                name="deploy",
                form=Form.DURATION,
                default="30m",
                doc="For how long a sign of a deployment counts after it was last new: code that nobody has restarted into by then was forgotten. A command counts as long as it runs, too, up to a day, and a job of systemd no longer than this. `0s` for never.",
                example="deploy: 1h",
            ),
        ),
    ),
    GuardSpec(
        name="veto",
        denies="a job that must not be interrupted runs in the target, unless the target is proven to be frozen; asked again before each signal that ends it. For a child of a process, such a job may be waiting for it; where that may be one with `retry: 0` or `false`, it asks a person",
        settings=(
            ParameterSpec(
                name="veto",
                form=Form.NAMES,
                default=", ".join(VETO),
                doc="Classes of jobs that must not be interrupted, as names or with `*`. What is written stands in place of the default; `[]` for none.",
                example='veto: [DomainBlockWorker, "Admin::*"]',
            ),
        ),
        binds_after_no_return=True,
    ),
    GuardSpec(
        name="protected",
        denies="the target is on the list of what is never touched, or is pid 1, a kernel thread or the agent itself",
        settings=(
            ParameterSpec(
                name="protected",
                form=Form.NAMES,
                default="",
                doc="Targets that the rule never touches, by unit, `HOST/UNIT`, tag or identity, as names or with `*`; beside those of the config's own list.",
                example='protected: ["mastodon-sidekiq@scheduler*"]',
            ),
        ),
        binds_people=True,
    ),
    GuardSpec(
        name="coverage",
        denies="a queue of the target would keep less than `keep` of its working threads elsewhere; held threads don't work, and none of a process that is frozen. It does not apply to jobs, nor to what is started",
        settings=(
            ParameterSpec(
                name="keep",
                form=Form.RATIO,
                default="50%",
                doc="The share of each queue's working threads that must be left elsewhere.",
                example="keep: 50%",
            ),
            ParameterSpec(
                name="alone",
                form=Form.CHOICE,
                default="when_half_held",
                choices=("ask", "allow", "when_half_held"),
                doc="What holds for the only process of a queue.",
                example="alone: ask",
            ),
        ),
    ),
    GuardSpec(
        name="surge",
        denies="the rule looks at nothing but load (sizes and latency of queues, busy threads), and most threads of the target are at work on jobs that have just begun",
        settings=(
            ParameterSpec(
                name="surge",
                form=Form.CHOICE,
                default="deny",
                choices=("deny", "allow"),
                doc="Whether load alone keeps the rule from acting: a restart makes it worse.",
                example="surge: allow",
            ),
        ),
    ),
    GuardSpec(
        name="headroom",
        denies="one more process is to be started, and the host, Redis or the database has no room for it: less than `idle` of a processor has nothing to do, memory for less than twice the largest "
        "of its siblings is available, memory pressure is 10 % or more, Redis has used 90 % of its `maxmemory` or would of its clients, or takes more than 100 ms to answer, or a check of type `postgres` finds fewer free "
        "connections than it has threads. Each that is lacking is named, and what is not known is lacking; without such a check connections are not looked at, and it says so. It speaks of `scale_out` alone",
        settings=(
            ParameterSpec(
                name="idle",
                form=Form.RATIO,
                default="50%",
                doc="How much of one processor must have nothing to do before one more process is started.",
                example="idle: 80%",
            ),
        ),
    ),
    GuardSpec(
        name="in_flight",
        denies="an action on this target or host is under way, or on another host of this Redis, or it can't be known that none is; to move jobs for what every agent sees, while the agent of another host leads; for a process that has ended, one on that very process; a named command that runs denies other commands alone",
        binds_for_the_dead=True,
        binds_people=True,
    ),
    GuardSpec(
        name="cooldown",
        denies="the last action on this target, by whichever rule, ended less than `cooldown` ago, or so long ago somebody had systemd start, stop or restart its unit. It doubles with each further action within 24 h, and falls back as they come to lie further back",
        settings=(
            ParameterSpec(
                name="cooldown", form=Form.DURATION, default="15m", doc="Counted from the end of the last action.", example="cooldown: 15m"
            ),
            ParameterSpec(
                name="cooldown_max",
                form=Form.DURATION,
                default="4h",
                doc="The longest that it grows to; `0s` keeps it as `cooldown` says.",
                example="cooldown_max: 2h",
            ),
        ),
    ),
    GuardSpec(
        name="budget",
        denies="the rule has acted on the target as often as `budget` allows, all rules together as often as `target_budget`, on the host as often as `host_budget`, the agents of all hosts as often as `fleet_budget` of the config, or any rule within 24 h on one that serves the queue `scheduler` (asks a person: what was to help did not); or the rule has acted on as many other servers (which waits); to move jobs counts into none of them, to run a command not into that of the host",
        settings=(
            ParameterSpec(
                name="budget",
                form=Form.ALLOWANCE,
                default="3/1h",
                doc="How often the rule may act on one target within a time that slides, like `3/1h`; an incident of several steps counts once. Of what is done to other servers all of them are one target.",
                example="budget: 3/1h",
            ),
            ParameterSpec(
                name="target_budget",
                form=Form.ALLOWANCE,
                default="6/1d",
                doc="How often all rules together may have acted on the target before this one asks. What people have ordered by hand does not count.",
                example="target_budget: 4/6h",
            ),
            ParameterSpec(
                name="host_budget",
                form=Form.ALLOWANCE,
                default="6/1h",
                doc="The same for all that is ended or started on the target's host; it does not apply to jobs, nor to commands.",
                example="host_budget: 10/1h",
            ),
        ),
        alarms=True,
    ),
    GuardSpec(
        name="flapping",
        denies="the alert has begun to fire more often than `flaps` allows: it comes and goes by itself",
        settings=(
            ParameterSpec(
                name="flaps",
                form=Form.ALLOWANCE,
                default="6/1h",
                doc="How often an alert may begin to fire within a time that slides, of at most a day; alerts on jobs are not counted.",
                example="flaps: 6/1h",
                longest=86_400_000,
            ),
        ),
    ),
    GuardSpec(
        name="hours",
        denies="it is none of the rule's `hours`, by the clocks of its `zone`",
        settings=(
            ParameterSpec(
                name="hours",
                form=Form.HOURS,
                default="00:00-24:00",
                doc="When the rule may act, over midnight where the second time is the earlier one. What has begun by then is brought to its end.",
                example='hours: "22:00-06:00"',
            ),
            ParameterSpec(
                name="zone",
                form=Form.TEXT,
                default="local",
                doc="By which clocks: a name like `Europe/Berlin`, `UTC`, or `local` for those of this machine. In tests of rules it is UTC.",
                example="zone: Europe/Berlin",
            ),
        ),
    ),
    GuardSpec(
        name="culprits",
        denies="`culprits` different jobs of one class were caught by the rule within 24 h (asks a person: it is no single job, and the next one will do the same); putting one of them back out of the quarantine by hand vouches for it",
        settings=(
            ParameterSpec(
                name="culprits",
                form=Form.COUNT,
                default="3",
                doc="How many different jobs of one class the rule may catch within 24 h before it asks; 0 for any number.",
                example="culprits: 5",
            ),
        ),
        alarms=True,
    ),
    GuardSpec(
        name="trust",
        denies="less than `min_success` of the rule's last `trials` incidents have helped: were verified, or ended well where the rule has no `verify`. It has then demoted itself to ask, and acts again only when a person says so",
        settings=(
            ParameterSpec(
                name="min_success",
                form=Form.RATIO,
                default="50%",
                doc="The share of its incidents that must help.",
                example="min_success: 75%",
            ),
            ParameterSpec(
                name="trials",
                form=Form.COUNT,
                default="4",
                most=100,
                doc="How many of the last incidents count; with fewer nothing is said. 0: the rule is trusted whatever comes of it.",
                example="trials: 10",
            ),
        ),
        alarms=True,
    ),
    GuardSpec(
        name="approval",
        denies="a person was asked about this very step on this very process, and has denied it, or nobody has answered in time; while the question is open it asks. "
        "What is approved is put before all guards again: a denial of any of them still stands",
        settings=(
            ParameterSpec(
                name="answer_within",
                form=Form.DURATION,
                default="1h",
                doc="For how long a person is waited for; whoever does not answer has not said yes. Otherwise that of the config (`ask`).",
                example="answer_within: 30m",
                least=60_000,
            ),
            ParameterSpec(
                name="approvals",
                form=Form.COUNT,
                default="1",
                doc="How many different people must say yes; never fewer than the config wants (`ask`).",
                example="approvals: 2",
                least=1,
                most=9,
            ),
        ),
    ),
    GuardSpec(
        name="last_look",
        denies="the condition no longer holds, or the target is not, or not quite, the process that was meant: looked at again at once before each stage; of one that has ended, that the kernel has not said so; of jobs: none is left, or the one that is meant runs; of a unit: it runs, or was stopped, or did not fail by itself",
        binds_after_no_return=True,
        binds_for_the_dead=True,
        binds_people=True,
    ),
)

BY_NAME: Final[dict[str, GuardSpec]] = {spec.name: spec for spec in GUARDS}
"""Name → spec."""
