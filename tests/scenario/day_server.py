"""What the day's server is made of: its seats, the jobs in them, and the rules and the config that its administrator has written."""

from pathlib import Path
from typing import Final, NamedTuple

from tests.scenario.conversation import process
from watchdog.config.loading import load
from watchdog.engine.rules import RuleSet
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
MIDNIGHT: Final = 1_789_948_800_000
"""21 September 2026, 00:00 UTC."""
BEAT: Final = 10 * SECOND
REVIVED: Final = 6 * SECOND
"""So long after its end systemd has started a process anew."""
PATIENCE: Final = 25 * SECOND
"""Sidekiq's own timeout: what has not ended by then after TERM is pushed back."""
RULES: Final = """
rules:
  - rule: died
    each: process
    on: ProcessCrashed
    then: [{put_back_jobs: {process: process}}]
  - rule: fat-process
    each: process
    where: process.local
    when: process.memory > 3GiB
    then: [{recover_process: {process: process, drain: 2m}}]
  - rule: slow-push
    each: process
    where: process.local and "push" in process.queues
    when: max(queue.latency where queue.name == "push") > 5m
    for: 1m
    then: [{terminate_process: {process: process, grace: 30s}}]
"""
"""What this server's administrator has written beside the packs. The last one is a mistake that many have made."""
CONFIG: Final = """
redis: {url: redis://127.0.0.1:6379/0}
mode: act
rules: [pack:sidekiq, pack:mastodon, rules.yml]
adjust: {stuck-delivery: {mode: act}}
state: state
"""


class Work(NamedTuple):
    """One job, wherever it is: it will not end by itself the next `stuck` times that it runs."""

    jid: str
    job_class: str
    queue: str
    stuck: int = 0


class Running:
    """One run of a job; `ends` is None where it does not end."""

    def __init__(self, work: Work, thread: str, began: int, ends: int | None) -> None:
        self.work, self.thread, self.began, self.ends = work, thread, began, ends


class Seat:
    """A unit of systemd, in which one process sits after the other."""

    def __init__(self, name: str, host_name: str, queues: tuple[str, ...], threads: int) -> None:
        self.name, self.host, self.queues, self.threads = name, host_name, queues, threads
        self.unit = f"mastodon-sidekiq@{name}.service"
        self.life, self.restarts, self.version = 0, 0, "7.3.2"
        self.lives, self.quiet = False, False
        self.runs: dict[str, Running] = {}
        self.memory = 600 << 20
        self.booted_at = 0

    @property
    def identity(self) -> str:
        return f"{self.host}:{1000 + self.life * 10 + ord(self.name[0]) % 10}:{self.name}{self.life}"

    @property
    def local(self) -> bool:
        return self.host == "web1"

    def beat(self, at: int) -> Delta:
        """The process as Redis shows it when it has just beaten."""
        return process(
            self.identity, at, queues=self.queues, threads=self.threads, quiet=self.quiet, version=self.version, tag="mastodon", booted_at=self.booted_at,
        )  # fmt: skip

    def job(self, run: Running) -> Delta:
        """The same of one of its jobs."""
        work = run.work
        fields = {
            "jid": work.jid, "job_class": work.job_class, "queue": work.queue, "process": self.identity, "host": self.host, "thread": run.thread,
            "retries": 0, "started_at": run.began,
        }  # fmt: skip
        return Delta(Kind.JOB, f"{self.identity}/{run.thread}/{work.jid}/{run.began}", fields)


def ruleset(folder: Path) -> RuleSet:
    """The packs and the administrator's own rules, as the agent reads them from a config."""
    (folder / "rules.yml").write_text(RULES)
    (folder / "config.yml").write_text(CONFIG)
    return load(folder / "config.yml").rules
