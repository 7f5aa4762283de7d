"""What a receiver is told."""

from enum import StrEnum

import msgspec


class NoticeKind(StrEnum):
    """Which turn of the story a notice tells."""

    FIRING = "alert.firing"
    RESOLVED = "alert.resolved"
    DECIDED = "action.decided"
    STAGE = "action.stage"
    ENDED = "action.ended"
    SOURCE = "source.changed"
    AGENT = "agent.warning"
    DIGEST = "agent.digest"


class Severity(StrEnum):
    """How much it hurts."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Notice(msgspec.Struct, frozen=True):
    """
    One message to people, the same for every receiver.

    `id` is unique and stays the same over retries. Notices with the same `thread` (an incident, or an
    alert without one) are delivered in order. `at` is UTC milliseconds. Holds hosts, classes, names and
    counts; never job arguments. `approval` is the id of what a person is asked, where one is.
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
