"""
Every action that a rule can ask for: one table. The procedures and methods that carry them out are keyed to it.

A new action is a row in the part for its kind of target (`actions_on_….py`), and a file in `engine/procedures/` for a process or in `engine/methods/` for another thing, with
its line in the table there. Only a new kind of thing needs more: how it is found (`engine/things.py`) and what performs its effects (`daemon/performers.py`).
"""

from typing import Final

from watchdog.model.action_spec import ActionSpec
from watchdog.model.actions_on_children import CHILD_ACTIONS
from watchdog.model.actions_on_commands import COMMAND_ACTIONS
from watchdog.model.actions_on_peers import PEER_ACTIONS
from watchdog.model.actions_on_templates import template_actions
from watchdog.model.actions_on_units import UNIT_ACTIONS
from watchdog.model.kinds import Kind
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.targets import TargetKind

_PROCESS: Final = ParameterSpec(
    name="process",
    form=Form.PROCESS,
    required=True,
    doc="Which process: `process` for the entity itself, `job.process` for the one that runs the job.",
    example="job.process",
)
_PROCESS_GONE: Final = ParameterSpec(
    name="process", form=Form.PROCESS, required=True, doc="The process that has ended: `process`, the entity itself.", example="process"
)
_RESCUE: Final = ParameterSpec(
    name="rescue",
    form=Form.CHOICE,
    default="proven",
    choices=("proven", "likely", "none"),
    doc="Which jobs are put back: those that are proven to have been in flight, those that most likely were as well (some may run twice), or none.",
    example="proven",
)
_STUCK_JOBS: Final = ParameterSpec(
    name="stuck_jobs",
    form=Form.SETTINGS,
    doc="What becomes of a job that is stuck: it is tried again in five minutes, until it has been caught so often.",
    example="{strikes: 2, then: quarantine}",
    settings=(
        ParameterSpec(
            name="strikes",
            form=Form.COUNT,
            default="2",
            doc="How often it may be caught, under its job id or under its class and arguments.",
            example="2",
        ),
        ParameterSpec(
            name="then",
            form=Form.CHOICE,
            default="quarantine",
            choices=("quarantine", "retry"),
            doc="What is done then: it is taken out of the way, or tried again for ever.",
            example="quarantine",
        ),
    ),
)
_UNIQUE_LOCKS: Final = ParameterSpec(
    name="unique_locks",
    form=Form.CHOICE,
    default="report",
    choices=("report", "release"),
    doc="What becomes of a lock of sidekiq-unique-jobs whose job was in the process and stands nowhere any more: it is said, or given back as the gem itself does. "
    "While it stands, whatever is pushed like that job is dropped without a word.",
    example="report",
)

FAILURES: Final = (
    "status",
    "timeout",
    "dns",
    "tls",
    "refused",
    "unreachable",
    "circuit_open",
    "local_database",
    "local_redis",
    "lock",
    "storage",
    "search",
    "mail",
    "code",
    "other",
)
"""Why a job failed; those of `retry_group.kind`."""
MOST: Final = 100_000
"""No edit moves more jobs than that."""

_CLASS: Final = ParameterSpec(
    name="class", form=Form.TEXT, doc="Jobs of this class; for ActiveJob the wrapped class.", example="ActivityPub::DeliveryWorker"
)
_QUEUE: Final = ParameterSpec(name="queue", form=Form.TEXT, doc="Jobs of this queue.", example="push")
_DOMAIN: Final = ParameterSpec(name="domain", form=Form.TEXT, doc="Jobs that go to this domain.", example="example.social")
_KIND: Final = ParameterSpec(
    name="kind",
    form=Form.CHOICE,
    choices=FAILURES,
    doc="Jobs that failed for this reason, as `retry_group.kind` tells it.",
    example="status",
)
_STATUS: Final = ParameterSpec(name="status", form=Form.COUNT, least=100, most=599, doc="Jobs that got this HTTP status.", example="403")
_JID: Final = ParameterSpec(name="jid", form=Form.TEXT, doc="The job with this job id.", example="4caa72fe18d4b6a0d19e77c3")
_CAP: Final = ParameterSpec(
    name="cap",
    form=Form.COUNT,
    default="500",
    least=1,
    most=MOST,
    doc="At most so many, the oldest first; how many are left is said, and they are left until the alert fires anew.",
    example="500",
)
_REDIS: Final = "the right to write to Redis"

_SPECS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec(
        name="recover_process",
        doc="Ends a process without losing a job: it is told to fetch no more (SIGTSTP), jobs that end by themselves do so, what is left is written down, and "
        "after its end each job is put where it belongs; one that wedges it again and again goes into quarantine. Whoever starts the process again is "
        "not the agent's business. A process in which nothing moves, and one that was stopped, are told apart and treated as they need.",
        parameters=(
            _PROCESS,
            ParameterSpec(
                name="drain",
                form=Form.DURATION,
                default="150s",
                doc="How long jobs that are not stuck have to end by themselves.",
                example="150s",
            ),
            ParameterSpec(
                name="extend",
                form=Form.DURATION,
                default="30m",
                doc="For how long a job that must not be interrupted (see the guard `veto`) extends `drain`. People are told at once, and as critical when this time is over; "
                "the process is then held as it is, quiet, until that job has ended or somebody ends it by hand.",
                example="30m",
            ),
            ParameterSpec(
                name="grace",
                form=Form.DURATION,
                default="30s",
                doc="How long it has to end after SIGTERM, which is sent only if no stuck job is left: at least Sidekiq's own timeout and five seconds.",
                example="30s",
            ),
            ParameterSpec(
                name="stuck_after",
                form=Form.DURATION,
                default="10m",
                doc="A job that has been running for longer than that is stuck, besides those on which an alert fires; `0s` for those alone.",
                example="10m",
            ),
            _RESCUE,
            _STUCK_JOBS,
            _UNIQUE_LOCKS,
        ),
        target="process",
        needs=("the process runs on this host", "the right to signal it (CAP_KILL)", "the right to write to Redis"),
        can_be_undone=False,
    ),
    ActionSpec(
        name="terminate_process",
        doc="Ends a process: SIGTERM, and SIGKILL if it still lives after `grace`. What it holds is written down before; what it does not give back itself, as Sidekiq does within its own "
        "timeout, is put back after its end. Give `grace` at least that timeout and five seconds (30s by default): of what SIGKILL cuts off only those jobs come back that are known. Whoever "
        "starts the process again is not the agent's business.",
        parameters=(
            _PROCESS,
            ParameterSpec(name="grace", form=Form.DURATION, default="30s", doc="How long it has to end after SIGTERM.", example="30s"),
            _RESCUE,
            _STUCK_JOBS,
            _UNIQUE_LOCKS,
        ),
        target="process",
        needs=(
            "the process runs on this host",
            "the right to signal it (CAP_KILL)",
            "the right to write to Redis, for what is to be put back",
        ),
        can_be_undone=False,
    ),
    ActionSpec(
        name="put_back_jobs",
        doc="Brings the jobs of a process that is dead into their places: killed by somebody else, by the kernel for want of memory, or crashed. What it held is found out and kept at once, "
        "and put back as soon as nobody has paused the agent and Redis can be written. One that stopped in good order has given its jobs back itself, and nothing is done. Where it ended for "
        "want of memory, or crashed in native code, any of its jobs may have done it: they come back through the retries, one by one, and whichever is caught so often is taken out of the way.",
        parameters=(_PROCESS_GONE, _RESCUE, _STUCK_JOBS, _UNIQUE_LOCKS),
        target="process",
        needs=("a rule with `on: ProcessCrashed` or `on: ProcessVanished`", "the process ran on this host", "the right to write to Redis"),
        can_be_undone=False,
        of_the_dead=True,
    ),
)

_RECOVERY: Final = next(spec for spec in _SPECS if spec.name == "recover_process")

ACTIONS: Final[tuple[ActionSpec, ...]] = (
    *_SPECS,
    ActionSpec(
        name="restart_unit",
        doc="Restarts the service of systemd that a process runs in, without losing a job: the process is ended as `recover_process` does it, its jobs are put where they "
        "belong, systemd is asked to start the unit unless it has done so by itself, and the new process must beat and work: it runs jobs, or none has been waiting for it for 10 s.",
        parameters=(
            *_RECOVERY.parameters,
            ParameterSpec(
                name="start_within",
                form=Form.DURATION,
                default="2m",
                doc="How long systemd and the application have until the new process beats.",
                example="2m",
            ),
        ),
        target="process",
        needs=(
            *_RECOVERY.needs,
            "the right to ask systemd for its unit (`packaging/polkit.rules`), where systemd does not start it again by itself",
        ),
        can_be_undone=False,
    ),
    ActionSpec(
        name="quarantine_job",
        doc="Takes one job that waits out of its queue, the retries or the schedule, and keeps it in quarantine, whole: it runs no more until somebody puts it back. A job "
        "that runs can't be taken; `recover_process` ends its process and does so. Its locks of sidekiq-unique-jobs are given back.",
        parameters=(
            ParameterSpec(
                name="job",
                form=Form.JOB,
                doc="`job`, the one that the rule looks at: it is found where it waits after it has run, for instance as a step after `recover_process`.",
                example="job",
            ),
            _JID,
        ),
        target="job",
        needs=(_REDIS,),
        can_be_undone=True,
        acts_on=TargetKind.JOBS,
        which=("job", "jid"),
    ),
    ActionSpec(
        name="delete_retries",
        doc="Takes retries that are not wanted out of Redis: those for which all that is said here holds. A rule for each `domain`, `retry_group`, `queue` or `job_class` means those of its own entity. "
        "Each is kept in quarantine for as long as the config says, and can be put back from there exactly as it was. Locks of sidekiq-unique-jobs are given back. "
        "Dry-run counts them and changes nothing.",
        parameters=(
            _CLASS,
            _QUEUE,
            _DOMAIN,
            _KIND,
            _STATUS,
            ParameterSpec(
                name="failing_for", form=Form.DURATION, least=1_000, doc="Jobs that failed first so long ago, or longer.", example="2d"
            ),
            _JID,
            _CAP,
        ),
        target="",
        needs=(_REDIS,),
        can_be_undone=True,
        acts_on=TargetKind.JOBS,
        which=("class", "queue", "domain", "kind", "status", "failing_for", "jid"),
    ),
    ActionSpec(
        name="release_job",
        doc="Puts jobs back that a rule has taken into quarantine, when what was in their way is gone: a domain can be reached again. The parameters and the entity say which, as in `delete_retries`. Never "
        "one that was caught in a wedge, or that a person has taken: those are for people to put back.",
        parameters=(
            _CLASS,
            _QUEUE,
            _DOMAIN,
            _KIND,
            _STATUS,
            ParameterSpec(name="rule", form=Form.TEXT, doc="Jobs that this rule has taken.", example="refused-deliveries"),
            _JID,
            _CAP,
            ParameterSpec(
                name="spread",
                form=Form.DURATION,
                default="10m",
                doc="More than 10 that would run before it is over are spread over this time; fewer go back exactly to where they were.",
                example="10m",
            ),
        ),
        target="",
        needs=(_REDIS,),
        can_be_undone=True,
        acts_on=TargetKind.JOBS,
        which=("class", "queue", "domain", "kind", "status", "rule", "jid"),
    ),
    *UNIT_ACTIONS,
    *COMMAND_ACTIONS,
    *CHILD_ACTIONS,
    *template_actions(_RECOVERY),
    *PEER_ACTIONS,
)

BY_NAME: Final[dict[str, ActionSpec]] = {spec.name: spec for spec in ACTIONS}
"""Name → spec."""
OF_THE_DEAD: Final = frozenset(spec.name for spec in ACTIONS if spec.of_the_dead)
"""Names of the actions for a process that has ended."""


def acts_on(action: str) -> TargetKind:
    """What it is done to; of one that there is no more, as a ledger can name it, a process."""
    spec = BY_NAME.get(action)
    return TargetKind.PROCESS if spec is None else spec.acts_on


TELLS: Final[dict[Kind, dict[str, str]]] = {
    Kind.DOMAIN: {"domain": "name"},
    Kind.RETRY_GROUP: {"queue": "queue", "class": "job_class", "kind": "failure", "status": "status"},
    Kind.QUEUE: {"queue": "name"},
    Kind.JOB_CLASS: {"class": "name"},
}
"""Kind of entity → parameter of an action on jobs that such an entity tells by itself → the slot of its row that holds it."""
