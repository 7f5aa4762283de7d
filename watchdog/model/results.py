"""What comes back from an effect, one type for each thing that can have happened."""

from enum import StrEnum

import msgspec

from watchdog.model.evidence import Piece, Suspect
from watchdog.model.findings import Finding
from watchdog.model.flight import Held, Placed


class Look(msgspec.Struct, frozen=True, tag="look"):
    """
    The target as it was found at that moment by the kernel.

    `same` is False if the process with that pid is not the one that was meant, `mismatch` says why.
    `state` is the letter of /proc/PID/stat; `catches` the names of the signals it handles;
    `tracer` the pid of a debugger or 0; `frozen` says that its cgroup is frozen. `untouchable` says why nobody may ever signal it (it is init, a
    kernel thread, the agent itself), empty where that is not so.
    """

    alive: bool
    same: bool
    mismatch: str = ""
    state: str = ""
    tracer: int = 0
    frozen: bool = False
    catches: tuple[str, ...] = ()
    untouchable: str = ""


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """The signal was delivered to the very process that was meant."""


class Exited(msgspec.Struct, frozen=True, tag="exited"):
    """The process is dead: the kernel says so, or its pid now belongs to another one."""


class StillRunning(msgspec.Struct, frozen=True, tag="still_running"):
    """The time to wait is over, and the process lives."""


class ChildLook(msgspec.Struct, frozen=True, kw_only=True, tag="child_look"):
    """
    A child of a process as it was found at that moment by the kernel.

    `alive` is False if the one that was meant is dead, or no child of that process any more. `still` is for how many milliseconds nothing of it has run, with all that it has started
    (`processes` with it), as far as this agent has looked itself. `against` says what stands against ending it, or why it is not there.
    """

    alive: bool
    still: int = 0
    processes: int = 0
    against: str = ""


class ChildEnded(msgspec.Struct, frozen=True, kw_only=True, tag="child_ended"):
    """
    The child was killed with all that it had started, so many `processes`, after it had stood still for `still` milliseconds; `left` of them have not ended yet.

    `was_gone` says that it had ended before, or was no child of that process any more: then nothing was done, and `detail` says more.
    """

    still: int = 0
    processes: int = 0
    left: int = 0
    was_gone: bool = False
    detail: str = ""


class UnitOutcome(StrEnum):
    """What became of a job of systemd; the words up to `SKIPPED` are its own (`JobRemoved` in org.freedesktop.systemd1(5))."""

    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"  # somebody asked for something else meanwhile
    TIMEOUT = "timeout"
    DEPENDENCY = "dependency"  # another unit that it needs failed
    SKIPPED = "skipped"  # a condition of the unit did not hold
    OTHER = "other"  # something else, which is in the detail
    ALREADY = "already"  # the unit has been started anew since it was asked for: nothing was done
    WAITING = "waiting"  # the time to wait is over, and the job goes on
    UNKNOWN = "unknown"  # systemd no longer answers: it may have been done


class UnitCalled(msgspec.Struct, frozen=True, tag="unit_called"):
    """systemd was asked; `detail` says more where there is more to say, `invocation` is that of the unit now, empty where it is not known."""

    outcome: UnitOutcome
    detail: str = ""
    invocation: str = ""


class UnitLook(msgspec.Struct, frozen=True, kw_only=True, tag="unit_look"):
    """
    A unit as systemd tells it at that moment, in its own words (`model.fields.unit`).

    `job` is what is queued for it, empty for nothing, `queues` those that its command names with `-q`, None where it names none or is not understood. What systemd does not tell, because it no longer holds the unit, is empty, and `restarts` None.
    """

    load_state: str
    state: str
    sub_state: str = ""
    result: str = ""
    restarts: int | None = None
    job: str = ""
    file_state: str = ""
    restart_policy: str = ""
    invocation: str = ""
    pid: int = 0
    queues: tuple[str, ...] | None = None


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The effect was not carried out, and nothing was changed; `reason` says why."""

    reason: str


class InFlight(msgspec.Struct, frozen=True, tag="in_flight"):
    """
    What the process held at that moment, and that the payloads are kept.

    `stopped` says that it has stopped in good order and gave back what it had not finished: then `jobs` is empty. `hasty` says that it did, and so soon after it was
    quiet that one of its own threads may have taken one of these jobs again. `unnamed` is how many more jobs it can have
    taken that no source names.
    """

    jobs: tuple[Held, ...]
    stopped: bool = False
    unnamed: int = 0
    hasty: bool = False


class PutBackDone(msgspec.Struct, frozen=True, tag="put_back"):
    """What came of each placement."""

    placed: tuple[Placed, ...]


class LocksLookedAt(msgspec.Struct, frozen=True, tag="locks"):
    """
    The jids that hold a lock and stand nowhere, and those whose lock was given back.

    `unsure` says why nothing could be said of some, empty where all is known.
    """

    orphaned: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    unsure: str = ""


class EvidenceCollected(msgspec.Struct, frozen=True, tag="evidence"):
    """
    What came of each thing that was to be collected, and who is suspected, the surest first.

    `alone` is the jid of the one job that can have stopped a process in which nothing moves, empty where there are several or none is known; `note` a sentence on what speaks against
    every job, or keeps any from being named.
    """

    pieces: tuple[Piece, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    alone: str = ""
    note: str = ""


class DumpedThread(msgspec.Struct, frozen=True):
    """One thread of a thread dump: `tid` as in the work hash; `frames` say where it is, the innermost place first, and hold no arguments."""

    tid: str
    name: str
    frames: tuple[str, ...]


class LogRead(msgspec.Struct, frozen=True, kw_only=True, tag="log_read"):
    """
    What the log says of the end of a process, or of the moment.

    `findings` are its running jobs, the latest first, without payloads, and `started` when each began (by jid, UTC milliseconds, 0 unknown). `clean` is True if
    Sidekiq says that it has pushed back whatever was unfinished, False if it says that this failed, None if the log does not say, or says that it did so while one of its
    idle threads could take it again (`hasty`: with a timeout below 3 s, tried with 7.3.2; then those jobs are among the findings); `pushed_back` and `not_pushed_back` are the jobs that it counted. `starts` and `ends` of jobs were among the `lines` that were read. `missing` says, in sentences, what keeps the answer from
    being whole or proven. `threads` is the latest thread dump among these lines, written at `dumped_at` (UTC milliseconds, 0 unknown).
    """

    findings: tuple[Finding, ...]
    started: dict[str, int]
    clean: bool | None
    pushed_back: int
    not_pushed_back: int
    starts: int
    ends: int
    lines: int
    missing: tuple[str, ...]
    threads: tuple[DumpedThread, ...]
    dumped_at: int
    hasty: bool = False


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """So many jobs fit, and `unreadable` entries could not be read."""

    fit: int
    unreadable: int = 0


class JobsTaken(msgspec.Struct, frozen=True, tag="jobs_taken"):
    """
    So many jobs are in quarantine by this order; `left` more fit.

    `gone` were not there any more when they were to be taken, and `too_deep` stand in the middle of a queue that is too long to be searched.
    """

    taken: int
    gone: int = 0
    too_deep: int = 0
    left: int = 0


class JobsReleased(msgspec.Struct, frozen=True, tag="jobs_released"):
    """So many jobs are back by this order; `kept` could not be put back, because Sidekiq has them or another holds their lock; `left` more fit."""

    released: int
    kept: int = 0
    left: int = 0


class CommandLook(msgspec.Struct, frozen=True, tag="command_look"):
    """Whether a command can be run: `refused` says why not, '' if it can; it holds no value as it was given."""

    refused: str = ""


class CommandRan(msgspec.Struct, frozen=True, tag="command_ran"):
    """
    What came of a run of a command.

    `status` is its exit status, or minus the signal that ended it; None where it did not run because its unit `refused`, or where nobody knows (`unknown` says why). `cut` says that it was
    ended by force, as at its timeout; `size` is how many bytes it said.
    """

    status: int | None
    refused: str = ""
    unknown: str = ""
    cut: bool = False
    size: int = 0


class BlockLook(msgspec.Struct, frozen=True, tag="block_look"):
    """
    The rule that Mastodon has about a server: of the server itself, or of a `domain` that it lies in; both empty where there is none. `reject_media` says that its media are not fetched.

    `refused` says why no rule about it may be made, '' if one may.
    """

    severity: str = ""
    domain: str = ""
    refused: str = ""
    reject_media: bool = False


class BlockSet(msgspec.Struct, frozen=True, tag="block_set"):
    """There is such a rule now, about `domain`. `made` says that it was not there before; `before` is the severity of that which was, '' where there was none."""

    domain: str
    made: bool
    before: str = ""


class FleetLockTaken(msgspec.Struct, frozen=True, tag="fleet_lock_taken"):
    """It is held, and every process has been read since. `fence` tells this holding of it from every other there was or will be; `number` is what it counts by."""

    fence: str
    number: int


class FleetLockHeld(msgspec.Struct, frozen=True, tag="fleet_lock_held"):
    """Another agent holds it, for that action; `since` is UTC milliseconds by the clock of Redis, 0 where it is not told."""

    host: str
    action: str
    target: str
    since: int = 0


class FleetBudgetSpent(msgspec.Struct, frozen=True, tag="fleet_budget_spent"):
    """It is free, but all agents together have acted as often as they may; `until_in` milliseconds from now they may again."""

    until_in: int


class FleetLockRefused(msgspec.Struct, frozen=True, tag="fleet_lock_refused"):
    """It can't be taken: Redis can't be read or written, or the user has no right to."""

    reason: str


Sight = Look | Counted | UnitLook | CommandLook | ChildLook | BlockLook
"""What a target is found to be when it is looked at at once."""
FleetLockAnswer = FleetLockTaken | FleetLockHeld | FleetBudgetSpent | FleetLockRefused
"""What can come of the wish to take it."""

Result = (
    Look
    | Sent
    | Exited
    | StillRunning
    | ChildLook
    | ChildEnded
    | EvidenceCollected
    | InFlight
    | PutBackDone
    | LocksLookedAt
    | UnitCalled
    | UnitLook
    | LogRead
    | Counted
    | JobsTaken
    | JobsReleased
    | CommandLook
    | CommandRan
    | BlockLook
    | BlockSet
    | FleetLockTaken
    | FleetLockHeld
    | FleetBudgetSpent
    | FleetLockRefused
    | Refused
)
