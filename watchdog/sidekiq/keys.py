"""
The names of Sidekiq's keys.

A namespace stands in front of *keys* only, never of the members of `processes` and `queues` (redis-namespace,
Sidekiq 6 only). Shapes of the keys: see `decode`.
"""

from typing import Final

import msgspec

WORK_SUFFIXES: Final = (b":work", b":workers")
"""What follows an identity in the name of its work hash: from 6.4.2 on, and up to 6.4.1 (launcher.rb of those versions)."""


class Keys(msgspec.Struct, frozen=True):
    """
    All key names under one namespace (empty: none).

    `scheduler_prefix` is the `key_prefix` that sidekiq-scheduler was given (redis_manager.rb): it stands behind the namespace and before its keys alone.
    """

    namespace: str = ""
    scheduler_prefix: str = ""

    @property
    def prefix(self) -> bytes:
        """What stands in front of every key."""
        return f"{self.namespace}:".encode() if self.namespace else b""

    @property
    def processes(self) -> bytes:
        """Set of the identities of all processes, the stale ones included."""
        return self.prefix + b"processes"

    @property
    def queues(self) -> bytes:
        """Set of the names of all queues that were ever pushed to."""
        return self.prefix + b"queues"

    @property
    def totals(self) -> tuple[bytes, bytes]:
        """Counters of jobs run and failed since ever."""
        return self.prefix + b"stat:processed", self.prefix + b"stat:failed"

    @property
    def sets(self) -> tuple[bytes, bytes, bytes]:
        """Sorted sets of jobs that wait for another try, for their time, and of dead ones."""
        return self.prefix + b"retry", self.prefix + b"schedule", self.prefix + b"dead"

    def identity(self, identity: str) -> bytes:
        """Hash that a process writes at each beat, last of all; lives 60 s."""
        return self.prefix + identity.encode()

    def work(self, identity: str) -> tuple[bytes, bytes]:
        """Hashes of what the process' threads run, new name and old name; absent when no thread is busy."""
        key = self.identity(identity)
        return key + WORK_SUFFIXES[0], key + WORK_SUFFIXES[1]

    @property
    def pause(self) -> bytes:
        """String by which people pause all agents of the fleet (`fleet_pause`); its time to live is the end of the pause."""
        return self.prefix + b"sidekiq-watchdog:pause"

    @property
    def probes(self) -> bytes:
        """Set of the identities of all processes whose probe has not left in good order: those that live, and those that left something behind."""
        return self.prefix + b"sidekiq-watchdog:probes"

    def probe(self, identity: str) -> bytes:
        """Hash of the jobs that the probe of a process has noted (packaging/probe); lives a day after its last sign of life."""
        return self.prefix + b"sidekiq-watchdog:probe:" + identity.encode()

    def moved(self, identity: str, queue: str) -> bytes:
        """List of the jobs that the probe of a process has moved out of that queue and not acknowledged."""
        return self.prefix + f"sidekiq-watchdog:fetch:{identity}:{queue}".encode()

    def queue(self, name: str) -> bytes:
        """List of the jobs in a queue; the right end is next."""
        return self.prefix + b"queue:" + name.encode()

    @property
    def paused(self) -> bytes:
        """Set of the names of the queues that are paused; only Sidekiq Pro has one (api.rb)."""
        return self.prefix + b"paused"

    def metrics(self, bucket: str) -> bytes:
        """Hash of what the jobs of each class did in a bucket of time; see `metrics`."""
        return self.prefix + b"j|" + bucket.encode()

    @property
    def schedules(self) -> bytes:
        """Hash of the entries of sidekiq-scheduler, by name."""
        return self._of_scheduler + b"schedules"

    @property
    def schedule_times(self) -> tuple[bytes, bytes, bytes]:
        """Hashes by the name of the entry: when it is due next, when it last was, and what somebody switched."""
        stem = self._of_scheduler + b"sidekiq-scheduler:"
        return stem + b"next_times", stem + b"last_times", stem + b"states"

    def pushed(self, entry: str) -> bytes:
        """Sorted set of the seconds in which that entry was pushed, of the last 24 hours."""
        return self._of_scheduler + b"sidekiq-scheduler:pushed:" + entry.encode()

    @property
    def unique(self) -> tuple[bytes, bytes]:
        """Of sidekiq-unique-jobs: sorted set of all locks, and the last sign of life of whoever clears the orphaned ones away."""
        return self.prefix + b"uniquejobs:digests", self.prefix + b"uniquejobs:reaper"

    @property
    def expiring_locks(self) -> bytes:
        """Of sidekiq-unique-jobs: sorted set of the locks that are meant to outlive their jobs (`until_expired`)."""
        return self.prefix + b"uniquejobs:expiring_digests"

    @property
    def _of_scheduler(self) -> bytes:
        given = self.scheduler_prefix
        return self.prefix + (given if not given or given[-1] in ".:" else f"{given}:").encode()

    def member(self, key: bytes) -> bytes | None:
        """The key without the namespace; None if it is of another namespace."""
        return key[len(self.prefix) :] if key.startswith(self.prefix) else None
