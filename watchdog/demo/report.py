"""What is told at the end of the demo: what happened, and a small account of all jobs."""

import msgspec


class Report(msgspec.Struct, frozen=True):
    """
    `units`, `old_pids` and `new_pids` are of the first recovery and of the second.

    Of the jobs that were `pushed`, `ran` have run to their end, `anew` of them after they had been interrupted. The one in quarantine is of `job_class`, and is there for `why`. `peak` is the
    longest that queue push was.
    """

    units: tuple[str, str]
    old_pids: tuple[int, int]
    new_pids: tuple[int, int]
    pushed: int
    ran: int
    anew: int
    job_class: str
    why: str
    peak: int
    rows: int
    seconds: float

    @property
    def lost(self) -> int:
        """Jobs that neither ran nor are in quarantine."""
        return self.pushed - self.ran - 1

    def lines(self) -> list[str]:
        """In sentences."""
        (one, other), (pid, second_pid), (after, second_after) = self.units, self.old_pids, self.new_pids
        return [
            f"A poison job held a thread of worker {one} (pid {pid}). In dry-run the agent said what it would do, and sent nothing.",
            f"In act it had {one} fetch no more, let what could end do so, killed it, and put back what was left; pid {after} took over.",
            f"Tried again, the job held {other} (pid {second_pid}, then {second_after}): its second strike, so it went into quarantine ({self.why}).",
            f"Queue push had grown to {self.peak} jobs, and is empty.",
            f"Jobs: {self.pushed:,} pushed, {self.ran:,} ran to their end ({self.anew} of them began anew), {self.lost} lost, 1 in quarantine: {self.job_class}.",
            "To look at it on a server of your own: sidekiq-watchdog quarantine list; to put it back: sidekiq-watchdog quarantine release 1 --reason …",
            f"The audit trail of all this has {self.rows} rows, and its chain of hashes is whole. It took {self.seconds:.0f} s.",
        ]
