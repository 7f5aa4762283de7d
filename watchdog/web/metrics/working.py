"""Metrics of Sidekiq that are no reading of a single field: shares, the jobs that run, the reasons of retries, who each process is."""

from collections.abc import Iterator
from typing import Any, Final

from watchdog.engine.state import State
from watchdog.model.kinds import Kind, Source
from watchdog.model.missing import MISSING
from watchdog.web.metrics.pieces import pieces
from watchdog.web.metrics.sheet import Sheet

_TOLD: Final = ("host", "pid", "unit", "tag", "version")
"""Fields of a process that say who it is, in the order of the labels."""


def read_work(sheet: Sheet, state: State) -> Iterator[None]:
    """All of them, as far as Redis can be read, in pieces."""
    if Source.REDIS in sheet.blind:
        return
    rows = state.world.rows
    for whole in rows[Kind.SIDEKIQ].values():
        _share(sheet, "sidekiq_utilization_ratio", whole)
    for queue in rows[Kind.QUEUE].values():
        _share(sheet, "sidekiq_queue_utilization_ratio", queue, queue.id)
    _read_schedules(sheet, state)
    _read_retries(sheet, state)
    yield
    yield from _read_processes(sheet, state)
    yield from _read_jobs(sheet, state)


def _share(sheet: Sheet, name: str, row: Any, *labels: str) -> None:
    if row.busy is not MISSING and row.threads is not MISSING and row.threads:
        sheet.put(name, row.busy / row.threads, *labels)


class _Run:
    """Jobs of one class from one queue: how many, and how long the longest had been running; less than nothing where that is not known."""

    __slots__ = ("count", "longest")

    def __init__(self) -> None:
        self.count = 0
        self.longest = -1


def _read_jobs(sheet: Sheet, state: State) -> Iterator[None]:
    """Counted once for four metrics: there can be tens of thousands."""
    runs: dict[tuple[str, str], _Run] = {}
    of_process: dict[str, int] = dict.fromkeys(state.world.rows[Kind.PROCESS], 0)
    of_queue: dict[str, int] = dict.fromkeys(state.world.rows[Kind.QUEUE], 0)
    for jobs in pieces(state.world.rows[Kind.JOB]):
        for job in jobs:
            queue, job_class, home = job.queue, job.job_class, job.home
            key = ("" if queue is MISSING else queue, "" if job_class is MISSING else job_class)
            if (run := runs.get(key)) is None:
                run = runs[key] = _Run()
            run.count += 1
            if home is MISSING or job.started_at is MISSING or home.confirmed_at is MISSING:
                continue
            elapsed = home.confirmed_at - job.started_at
            run.longest = max(run.longest, elapsed)
            if elapsed > of_process.get(home.id, -1):
                of_process[home.id] = elapsed
        yield
    # Those that run for longest are what somebody looks for: where there is no room for all, there is for them.
    for key, run in sorted(runs.items(), key=lambda item: -item[1].longest):
        sheet.put("sidekiq_running_jobs", run.count, *key)
        if run.longest >= 0:
            sheet.put("sidekiq_longest_job_seconds", run.longest / 1000, *key)
            of_queue[key[0]] = max(run.longest, of_queue.get(key[0], 0))
    yield
    for process, elapsed in of_process.items():
        sheet.put("sidekiq_process_longest_job_seconds", elapsed / 1000, process)
    for queue, elapsed in of_queue.items():
        sheet.put("sidekiq_queue_max_processing_time_seconds", elapsed / 1000, queue)
    yield


def _read_processes(sheet: Sheet, state: State) -> Iterator[None]:
    for processes in pieces(state.world.rows[Kind.PROCESS]):
        for row in processes:
            told = (getattr(row, slot) for slot in _TOLD)
            queues = "" if row.queues is MISSING else ",".join(sorted(row.queues))
            sheet.put("sidekiq_process_info", 1, row.id, *("" if value is MISSING else str(value) for value in told), queues)
        yield


def _read_retries(sheet: Sheet, state: State) -> None:
    row: Any
    for row in state.world.rows[Kind.RETRY_GROUP].values():
        if row.size is not MISSING:
            queue, reason = ("" if value is MISSING else str(value) for value in (row.queue, row.failure))
            sheet.put("sidekiq_retry_reason_jobs", row.size, queue, reason)


def _read_schedules(sheet: Sheet, state: State) -> None:
    entries: list[Any] = list(state.world.rows[Kind.SCHEDULE].values())
    sheet.put("sidekiq_scheduler_jobs", len(entries))
    sheet.put("sidekiq_scheduler_enabled_jobs", sum(row.enabled is True for row in entries))
    sheet.put("sidekiq_scheduler_overdue_jobs", sum(row.overdue is True for row in entries))
