"""What a line of Sidekiq's log can say that anybody here wants to know. Times are UTC milliseconds, 0 where neither line nor log tells."""

import msgspec


class JobStarted(msgspec.Struct, frozen=True):
    """A thread began a job ("start" of job_logger.rb); the job was popped from its queue just before."""

    at: int
    pid: int
    tid: str
    jid: str
    job_class: str


class JobEnded(msgspec.Struct, frozen=True):
    """
    A job is through ("done", or "fail" with `failed`), after `elapsed` milliseconds.

    A failed one stands in the retry set by then if it is to be tried again (job_retry.rb runs inside); a job that was pushed back at the
    end of its process fails too.
    """

    at: int
    pid: int
    tid: str
    jid: str
    job_class: str
    elapsed: int
    failed: bool


class JobSaid(msgspec.Struct, frozen=True):
    """A job said something through Sidekiq's logger while it ran; what it said is not kept."""

    at: int
    pid: int
    tid: str
    jid: str
    job_class: str


class JobTimed(msgspec.Struct, frozen=True):
    """Words that are not Sidekiq's and name the time that a job has taken: by somebody else's logger it may be through."""

    at: int
    pid: int
    tid: str
    jid: str


class DumpBegan(msgspec.Struct, frozen=True):
    """The line of a thread in a dump after SIGTTIN; its `tid` is that of the work hash. The lines that follow are its backtrace."""

    at: int
    pid: int
    tid: str
    name: str


class Frames(msgspec.Struct, frozen=True):
    """
    Lines of a backtrace, the innermost first: places in the code, never arguments.

    `first` says that the logger wrote them as the beginning of a message, so that a line of a dump may stand before it.
    """

    frames: tuple[str, ...]
    first: bool


class Booted(msgspec.Struct, frozen=True):
    """The process began: nothing of it lies before ("Running in ruby …", cli.rb, embedded.rb)."""

    at: int
    pid: int


class Quieted(msgspec.Struct, frozen=True):
    """It takes no new work ("Received TSTP …")."""

    at: int
    pid: int


class ShuttingDown(msgspec.Struct, frozen=True):
    """It was told to end ("Shutting down")."""

    at: int
    pid: int


class PushedBack(msgspec.Struct, frozen=True):
    """So many unfinished jobs lie in their queues again ("Pushed N jobs back to Redis", fetch.rb)."""

    at: int
    pid: int
    jobs: int


class RequeueFailed(msgspec.Struct, frozen=True):
    """So many unfinished jobs could not be pushed back: they are lost unless somebody else has them ("Failed to requeue N jobs", fetch.rb)."""

    at: int
    pid: int
    jobs: int


class Ended(msgspec.Struct, frozen=True):
    """The last word of a process that ended in good order ("Bye!"); a process can live on after it."""

    at: int
    pid: int


class Unreadable(msgspec.Struct, frozen=True):
    """It begins as a line of Sidekiq's job logger does and is none that we know: a job of it may have begun or ended."""

    at: int
    pid: int


LogEvent = (
    JobStarted
    | JobEnded
    | JobSaid
    | JobTimed
    | DumpBegan
    | Frames
    | Booted
    | Quieted
    | ShuttingDown
    | PushedBack
    | RequeueFailed
    | Ended
    | Unreadable
)
