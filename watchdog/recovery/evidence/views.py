"""
What is kept of each thing of the evidence: the form in which it stands in the store, and is read again.

Times are UTC milliseconds, spans milliseconds, sizes bytes, shares parts of a core.
"""

import msgspec

from watchdog.model.results import DumpedThread


class Dumped(msgspec.Struct, frozen=True):
    """One thread dump; `at` is when it was asked for, `whole` that every thread of Sidekiq's is in it."""

    at: int
    whole: bool
    threads: tuple[DumpedThread, ...]


class ThreadDumps(msgspec.Struct, frozen=True):
    """The oldest first."""

    dumps: tuple[Dumped, ...]


class Begun(msgspec.Struct, frozen=True):
    """A job that by the log had begun and not ended; `at` 0 where its start is not known."""

    jid: str
    job_class: str
    tid: str
    at: int
    certainty: str


class LogTail(msgspec.Struct, frozen=True):
    """
    The end of a log, the oldest line first; a line can hold anything.

    `whole` says that by these lines no other job had begun than those of `begun`, for certain; `missing` what keeps that from being so. `last` is the jid of the job whose start is the
    last line, empty where that is something else.
    """

    lines: tuple[str, ...]
    begun: tuple[Begun, ...]
    whole: bool
    missing: tuple[str, ...]
    last: str


class ThreadUse(msgspec.Struct, frozen=True):
    """A thread as the kernel knows it; `born` is milliseconds since the boot of the host, `used` None where it was there only once, `runs` that it was running at one of two looks."""

    id: int
    kind: str
    name: str
    state: str
    born: int
    used: float | None
    runs: bool


class ChildUse(msgspec.Struct, frozen=True):
    """A child; `ran` says whether anything of it has run during the look."""

    pid: int
    name: str
    ran: bool


class Proc(msgspec.Struct, frozen=True, kw_only=True):
    """A process as the kernel knows it, over `span`; None is what could not be read."""

    state: str
    span: int
    used: float
    memory: int | None
    swap: int | None
    peak: int | None
    group_memory: int | None
    group_limit: int | None
    files: int | None
    limits: dict[str, str]
    threads: tuple[ThreadUse, ...] | None
    children: tuple[ChildUse, ...] | None


class Job(msgspec.Struct, frozen=True):
    """A job as the work hash names it; `ran` is for how long."""

    jid: str
    job_class: str
    queue: str
    tid: str
    retries: int
    ran: int


class Redis(msgspec.Struct, frozen=True, kw_only=True):
    """
    A process as Redis holds it.

    `beat_at` is None where its last beat is no longer there: then `jobs` are those of the last work hash that was read.
    """

    listed: bool
    beat_at: int | None
    quiet: bool | None
    busy: int | None
    threads: int | None
    memory: int | None
    version: str
    tag: str
    queues: tuple[str, ...]
    jobs: tuple[Job, ...]


View = ThreadDumps | LogTail | Proc | Redis
