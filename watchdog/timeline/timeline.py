"""
What is told of an incident, as plain data: for the page, for programs, for the report.

Times are UTC milliseconds. Texts are one line of plain text, and may hold what strangers have chosen (names of classes, queues and hosts, errors): whoever shows them quotes them for the form in which he does
(`lang/harmless.py` takes out what has an effect everywhere).
"""

from enum import StrEnum

import msgspec

from watchdog.model.notices import Severity


class MomentKind(StrEnum):
    """Which part of the story a moment tells."""

    READING = "reading"  # what was read when it began
    RULE = "rule"  # an alert fired, was said again, or is over
    GUARD = "guard"  # a guard stood in the way, or wanted a person
    DECISION = "decision"  # what was decided, and what dry-run would have done
    STEP = "step"  # a stage was carried out, or what came of it
    VERIFICATION = "verification"  # whether it helped
    DELIVERY = "delivery"  # who was told, and when it arrived
    PERSON = "person"  # somebody was asked, or has said something
    EVIDENCE = "evidence"  # what was kept before it was touched
    JOBS = "jobs"  # what became of the jobs
    ACCOUNT = "account"  # the incident was opened, held, or has come to its end
    AGENT = "agent"  # what happened to the agent or to what it reads meanwhile


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """
    One entry. `row` is the number of the audit row that says it, None where it is told by something else.

    `detail` is what the row says beside it, by name: `guard`, `mode`, `stage`, `action`, `outcome`, `receiver`, `by`, and what stands in its own detail.
    """

    wall: int
    kind: MomentKind
    text: str
    detail: dict[str, str | int | bool] = {}
    row: int | None = None


class Jobs(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of the jobs that were in it, as numbers; `said` are the sentences that they come from, as the agent wrote them.

    `in_flight` is how many there were, None where that was not said. `finished` did so by themselves, `given_back` by Sidekiq itself, `put_back` by the agent (into queue, retry set or schedule), `quarantined`, `left` where they were found;
    `lost` are those of which it is not known, and `unnamed` how many more there can be at most.
    """

    in_flight: int | None = None
    finished: int = 0
    given_back: int = 0
    put_back: int = 0
    quarantined: int = 0
    left: int = 0
    lost: int = 0
    unnamed: int = 0
    said: tuple[str, ...] = ()


class KeptEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that is there to be looked at, by name: `evidence INCIDENT` shows it, up to `until`."""

    process: str
    taken: int
    until: int
    pieces: tuple[str, ...]
    suspects: tuple[str, ...] = ()


class Waited(msgspec.Struct, frozen=True, kw_only=True):
    """How much waited in a queue while it went on: at most so many jobs, and the one that was next for so many milliseconds at most, `at` that time."""

    queue: str
    size: int
    latency: int
    at: int


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """
    An incident on one line of a list.

    `id` is that of the incident, or `alert:` and the number of the audit row with which an alert began that led to none. `outcome` is one of `records.INCIDENT_OUTCOMES`, or of an alert `firing` or `resolved`; `ended` is None while it
    goes on. `last` is the last sentence of its account.
    """

    id: str
    rule: str
    entity: str
    target: str
    action: str
    began: int
    ended: int | None
    outcome: str
    last: str = ""


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """
    The whole story, its moments in the order of their times.

    `incident` is as `Brief.id`. `began` is when its alert fired, where that is known, else when the incident was opened (`opened`; None of an alert that led to none); `ended` when it was closed, None while it goes on, and `resolved` when the alert was over. `outcome` is as in
    `Brief`; `condition` is the rule's and `seen` the readings that it was judged by, where somebody was told of them. `plan` is what was to be done, or would be. `next` is what comes next, as a sentence, empty where nothing does. `missing` says in sentences
    what is not known, and why: rows that were pruned, messages of an earlier version. `cut` is how many moments in the middle were left out.
    """

    incident: str
    rule: str
    entity: str
    target: str
    action: str
    summary: str
    outcome: str
    severity: Severity | None
    began: int
    opened: int | None
    ended: int | None
    resolved: int | None
    entries: tuple[Moment, ...]
    condition: str = ""
    seen: tuple[str, ...] = ()
    plan: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    jobs: Jobs | None = None
    queues: tuple[Waited, ...] = ()
    """Only where the trace was looked through for it."""
    evidence: tuple[KeptEvidence, ...] = ()
    told: tuple[str, ...] = ()
    """Receivers that have heard of it."""
    next: str = ""
    runbook: str = ""
    """What a person does about it, as its rule says it: an address, a file, or a text of several lines."""
    missing: tuple[str, ...] = ()
    cut: int = 0
