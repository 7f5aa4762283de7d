"""Every action that a rule can ask for: one table. The procedures that carry them out are keyed to it."""

from typing import Final

import msgspec

from watchdog.model.kinds import Kind
from watchdog.model.parameters import Form, ParameterSpec


class ActionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One action.

    `target` names the parameter that says on what it acts, empty where it is no single thing. Of the parameters `which` at least one must be said, or told by the
    entity itself (`TELLS`); with a `target` exactly one of them. `needs` is what must be there for it to be
    possible; `guards` the settings of guards that differ from those of the guard table.
    """

    name: str
    doc: str
    parameters: tuple[ParameterSpec, ...]
    target: str
    needs: tuple[str, ...]
    can_be_undone: bool
    guards: dict[str, str] = {}
    which: tuple[str, ...] = ()


_PROCESS: Final = ParameterSpec(
    name="process",
    form=Form.PROCESS,
    required=True,
    doc="Which process: `process` for the entity itself, `job.process` for the one that runs the job.",
    example="job.process",
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

ACTIONS: Final[tuple[ActionSpec, ...]] = (
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
            ParameterSpec(
                name="rescue",
                form=Form.CHOICE,
                default="proven",
                choices=("proven", "likely", "none"),
                doc="Which jobs are put back: those that are proven to have been in flight, those that most likely were as well (some may run twice), or none.",
                example="proven",
            ),
            ParameterSpec(
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
            ),
        ),
        target="process",
        needs=("the process runs on this host", "the right to signal it (CAP_KILL)", "the right to write to Redis"),
        can_be_undone=False,
    ),
    ActionSpec(
        name="terminate_process",
        doc="Ends a process: SIGTERM, and SIGKILL if it still lives after `grace`. Whoever starts it again is not the agent's business. "
        "Give `grace` at least Sidekiq's own timeout and five seconds (30s by default), or jobs in flight are lost.",
        parameters=(
            _PROCESS,
            ParameterSpec(name="grace", form=Form.DURATION, default="30s", doc="How long it has to end after SIGTERM.", example="30s"),
        ),
        target="process",
        needs=("the process runs on this host", "the right to signal it (CAP_KILL)"),
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
        which=("class", "queue", "domain", "kind", "status", "rule", "jid"),
    ),
)

BY_NAME: Final[dict[str, ActionSpec]] = {spec.name: spec for spec in ACTIONS}
"""Name → spec."""

TELLS: Final[dict[Kind, dict[str, str]]] = {
    Kind.DOMAIN: {"domain": "name"},
    Kind.RETRY_GROUP: {"queue": "queue", "class": "job_class", "kind": "failure", "status": "status"},
    Kind.QUEUE: {"queue": "name"},
    Kind.JOB_CLASS: {"class": "name"},
}
"""Kind of entity → parameter of an action on jobs that such an entity tells by itself → the slot of its row that holds it."""
