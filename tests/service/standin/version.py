"""
What differs from version to version of Sidekiq, as far as it shows in Redis.

Each entry names the file of Sidekiq's source that it comes from. Only versions whose differences were looked up one by one can be stood for.
"""

from typing import Final

import msgspec

KNOWN: Final = ("6.4.1", "6.5.12", "7.2.2", "7.3.2", "8.0.10", "8.1.7")
"""6.4.1, 7.3.2 and 8.1.7 are there to be held against the real ones; the others can't be had from Debian."""


class Version(msgspec.Struct, frozen=True):
    """One version of Sidekiq."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "Version":
        """A known version; ValueError for any other."""
        if text not in KNOWN:
            msg = f"the stand-in does not know Sidekiq {text}; it knows {', '.join(KNOWN)}"
            raise ValueError(msg)
        return cls(text)

    @property
    def release(self) -> tuple[int, ...]:
        """The version, to compare."""
        return tuple(int(part) for part in self.text.split("."))

    @property
    def beat(self) -> float:
        """Seconds from the end of one beat to the next (launcher.rb, BEAT_PAUSE)."""
        return 10 if self.release >= (7,) else 5

    @property
    def work(self) -> str:
        """The suffix of the work hash (launcher.rb)."""
        return "work" if self.release >= (6, 4, 2) else "workers"

    @property
    def beats_in_one(self) -> bool:
        """Counters and work hash are written in one transaction (launcher.rb up to 6.4.1)."""
        return self.release < (6, 4, 2)

    @property
    def counts_nothing(self) -> bool:
        """Counters are written at each beat, even where they grow by nothing (launcher.rb of 6)."""
        return self.release < (7,)

    @property
    def tears(self) -> bool:
        """The work hash is emptied and filled in steps, without a transaction (launcher.rb, 6.4.2 to 7.2.2)."""
        return (6, 4, 2) <= self.release <= (7, 2, 2)

    @property
    def concurrency_in_hash(self) -> bool:
        """`concurrency` is a field of the hash and no longer of `info` (launcher.rb from 8.1.2)."""
        return self.release >= (8, 1, 2)

    @property
    def in_milliseconds(self) -> bool:
        """Times inside jobs are whole milliseconds (job_util.rb, client.rb, job_retry.rb of 8)."""
        return self.release >= (8,)

    @property
    def measures(self) -> bool:
        """Execution metrics are kept (metrics/tracking.rb of 7)."""
        return self.release >= (7,)

    @property
    def counts_before_leaving(self) -> bool:
        """At a clean stop counters are written before the sign-off (launcher.rb from 6.4.2); earlier they came at exit."""
        return self.release >= (6, 4, 2)

    @property
    def cleans_at_boot(self) -> bool:
        """Stale members are removed once, by a poller that has waited out its first pause (scheduled.rb from 6.5.7)."""
        return self.release >= (6, 5, 7)

    @property
    def least_redis(self) -> tuple[int, ...]:
        """What it refuses to work with less than (cli.rb)."""
        return (4,) if self.release < (7,) else (6, 2) if self.release < (8,) else (7,)

    @property
    def jitters_finely(self) -> bool:
        """The random part of a retry's delay is any second of its range (job_retry.rb of 8), not only multiples of the count."""
        return self.release >= (8,)
