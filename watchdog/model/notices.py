"""What a receiver is told."""

from enum import StrEnum
from typing import Final

import msgspec


class NoticeKind(StrEnum):
    """Which turn of the story a notice tells."""

    FIRING = "alert.firing"
    RESOLVED = "alert.resolved"
    REMINDER = "alert.reminder"
    ESCALATED = "alert.escalated"
    ACKNOWLEDGED = "alert.acknowledged"
    DECIDED = "action.decided"
    STAGE = "action.stage"
    ENDED = "action.ended"
    SOURCE = "source.changed"
    AGENT = "agent.warning"
    DIGEST = "agent.digest"
    TEST = "agent.test"


ALONE: Final = frozenset({NoticeKind.AGENT, NoticeKind.DIGEST, NoticeKind.TEST})
"""Those that stand for themselves: each is a group of its own, and begins nothing that could end."""


class Severity(StrEnum):
    """How much it hurts."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Notice(msgspec.Struct, frozen=True):
    """
    One turn of a story that people are told, the same for every receiver.

    `id` is unique and stays the same over retries. Notices with the same `thread` (an incident, or an
    alert without one) are delivered in order; those with the same `group` are shown together, in one message where the receiver can
    change what it was sent (empty: the thread is a group of its own). `at` is UTC milliseconds, and so is `since`, when what it is about began (0: not known). Holds hosts, classes, names and
    counts; never job arguments. `approval` is the id of what a person is asked, where one is.

    `condition` is the text of the rule's condition and `seen` the readings that it was judged by (`job.elapsed = 12m`); `plan` is what is done or would be done, a line a stage; `next` what comes next, as a sentence;
    `jobs` the account of the jobs that were in it, as a sentence; `by` the person who has done it; `host` that of the agent; `runbook` and `labels` are those of the rule; `page` is the address at which all of it can be read.
    """

    id: str
    thread: str
    kind: NoticeKind
    severity: Severity
    at: int
    title: str
    rule: str = ""
    entity: str = ""
    target: str = ""
    decision: str = ""
    guard: str = ""
    reason: str = ""
    action: str = ""
    stage: str = ""
    outcome: str = ""
    approval: str = ""
    group: str = ""
    since: int = 0
    host: str = ""
    condition: str = ""
    seen: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    next: str = ""
    jobs: str = ""
    by: str = ""
    runbook: str = ""
    labels: dict[str, str] = {}
    page: str = ""
