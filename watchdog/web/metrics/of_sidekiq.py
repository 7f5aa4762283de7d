"""The metrics of Sidekiq. Where there is a usual name for one it has that, with the usual label, so that a dashboard made for another exporter goes on working."""

from functools import partial
from typing import Final

from watchdog.model.kinds import Source
from watchdog.web.metrics.family import Family, Rest, Type

_gauge = partial(Family, type=Type.GAUGE)
_counter = partial(Family, type=Type.COUNTER)

WHOLE: Final = (
    _counter(
        name="sidekiq_processed_jobs_total",
        help="Jobs run since ever, the failed ones included.",
        reads=("sidekiq.processed",),
        is_usual=True,
    ),
    _counter(name="sidekiq_failed_jobs_total", help="Failed runs since ever.", reads=("sidekiq.failed",), is_usual=True),
    _counter(
        name="sidekiq_arrived_jobs_total",
        help="Jobs that arrived in queues since the agent began, retries included. Estimated: good over minutes, not over seconds.",
        reads=("sidekiq.arrived",),
    ),
    _gauge(
        name="sidekiq_processes", help="Processes that Redis has heard from within a minute.", reads=("sidekiq.processes",), is_usual=True
    ),
    _gauge(
        name="sidekiq_stale_processes",
        help="Members of the set of processes that have no hash: left by a crash, frozen, or cut off.",
        reads=("sidekiq.stale",),
    ),
    _gauge(name="sidekiq_versions", help="How many versions of Sidekiq beat.", reads=("sidekiq.versions",)),
    _gauge(
        name="sidekiq_workers", help="Threads of all processes that beat, quiet ones included.", reads=("sidekiq.threads",), is_usual=True
    ),
    _gauge(name="sidekiq_busy_workers", help="Jobs that they ran at their last beats.", reads=("sidekiq.busy",), is_usual=True),
    _gauge(name="sidekiq_utilization_ratio", help="The one over the other: 1 where every thread runs a job.", source=Source.REDIS),
    _gauge(name="sidekiq_enqueued_jobs", help="Jobs that wait in all queues together.", reads=("sidekiq.enqueued",), is_usual=True),
    _gauge(name="sidekiq_scheduled_jobs", help="Jobs that wait for their time.", reads=("sidekiq.scheduled",), is_usual=True),
    _gauge(name="sidekiq_retry_jobs", help="Jobs that wait for another try.", reads=("sidekiq.retries",), is_usual=True),
    _gauge(name="sidekiq_dead_jobs", help="Jobs that have been given up.", reads=("sidekiq.dead",), is_usual=True),
    _gauge(
        name="sidekiq_retry_overdue_seconds",
        help="How long the first of the retries should have been pushed by now; 0 where none is due.",
        reads=("sidekiq.next_retry_overdue",),
    ),
    _gauge(
        name="sidekiq_schedule_overdue_seconds", help="The same of the jobs that wait for their time.", reads=("sidekiq.schedule_overdue",)
    ),
    _gauge(name="sidekiq_unique_locks", help="Locks that sidekiq-unique-jobs holds.", reads=("sidekiq.unique_locks",)),
    _gauge(
        name="sidekiq_retry_reason_jobs",
        help="Jobs that wait for another try, by the queue that they go back to and why they failed (`retry_group.kind`); not known before the first census.",
        labels=("name", "reason"),
        source=Source.REDIS,
    ),
)

QUEUES: Final = (
    _gauge(name="sidekiq_queue_enqueued_jobs", help="Jobs that wait in the queue.", labels=("name",), reads=("queue.size",), is_usual=True),
    _gauge(
        name="sidekiq_queue_latency_seconds",
        help="How long the job that is next has been waiting; 0 where none waits.",
        labels=("name",),
        reads=("queue.latency",),
        rest=Rest.MOST,
        is_usual=True,
    ),
    _gauge(
        name="sidekiq_queue_max_processing_time_seconds",
        help="How long the longest job from the queue had been running at the last beat of its process; 0 where none runs.",
        labels=("name",),
        source=Source.REDIS,
        rest=Rest.MOST,
        is_usual=True,
    ),
    _gauge(
        name="sidekiq_queue_workers",
        help="Threads that fetch from it: those of processes that beat and are not quiet.",
        labels=("name",),
        reads=("queue.threads",),
        rest=Rest.NOTHING,
        is_usual=True,
    ),
    _gauge(
        name="sidekiq_queue_processes",
        help="Processes that fetch from it: those that beat and are not quiet.",
        labels=("name",),
        reads=("queue.listeners",),
        rest=Rest.NOTHING,
        is_usual=True,
    ),
    _gauge(name="sidekiq_queue_busy_workers", help="Jobs from it that run.", labels=("name",), reads=("queue.busy",), is_usual=True),
    _gauge(
        name="sidekiq_queue_utilization_ratio",
        help="Of the threads that fetch from it, how many run a job from it; only where any does.",
        labels=("name",),
        source=Source.REDIS,
        rest=Rest.NOTHING,
    ),
    _gauge(
        name="sidekiq_queue_paused",
        help="1 where somebody paused it, which only Sidekiq Pro obeys.",
        labels=("name",),
        reads=("queue.paused",),
    ),
    _counter(
        name="sidekiq_queue_processed_jobs_total",
        help="Jobs of it that were run since the agent began. Estimated, and known from Sidekiq 7 on.",
        labels=("name",),
        reads=("queue.processed",),
    ),
    _counter(
        name="sidekiq_queue_arrived_jobs_total",
        help="Jobs that arrived in it since the agent began. Estimated likewise.",
        labels=("name",),
        reads=("queue.arrived",),
    ),
)

JOBS: Final = (
    _gauge(name="sidekiq_running_jobs", help="Jobs that run, by queue and class.", labels=("queue", "class"), source=Source.REDIS),
    _gauge(
        name="sidekiq_longest_job_seconds",
        help="How long the longest of them had been running at the last beat of its process.",
        labels=("queue", "class"),
        source=Source.REDIS,
        rest=Rest.MOST,
    ),
    _counter(
        name="sidekiq_class_processed_jobs_total",
        help="Runs of the class since the agent began, the failed ones included (Sidekiq 7 and later; of more than 500 classes those that ran most).",
        labels=("class",),
        reads=("job_class.processed",),
    ),
    _counter(
        name="sidekiq_class_failed_jobs_total",
        help="Failed runs of the class since the agent began.",
        labels=("class",),
        reads=("job_class.failed",),
    ),
    _counter(
        name="sidekiq_class_running_seconds_total",
        help="How long the runs of the class that did not fail took together, since the agent began.",
        labels=("class",),
        reads=("job_class.took",),
    ),
)

PROCESSES: Final = (
    Family(
        name="sidekiq_process_info",
        type=Type.INFO,
        help="Who the process is, to be joined by `process`: `* on (process) group_left (host, unit) sidekiq_process_info`.",
        labels=("process", "host", "pid", "unit", "tag", "version", "queues"),
        source=Source.REDIS,
        rest=Rest.NOTHING,
    ),
    _gauge(name="sidekiq_process_workers", help="How many jobs it can run at a time.", labels=("process",), reads=("process.threads",)),
    _gauge(name="sidekiq_process_busy_workers", help="How many it ran at its last beat.", labels=("process",), reads=("process.busy",)),
    _gauge(
        name="sidekiq_process_quiet", help="1 where it has been told to fetch no more jobs.", labels=("process",), reads=("process.quiet",)
    ),
    _gauge(
        name="sidekiq_process_beat_age_seconds",
        help="How long ago Redis last heard from it.",
        labels=("process",),
        reads=("process.beat_age",),
        rest=Rest.MOST,
    ),
    _gauge(
        name="sidekiq_process_uptime_seconds",
        help="How long ago it wrote its first beat.",
        labels=("process",),
        reads=("process.uptime",),
        rest=Rest.NOTHING,
    ),
    _gauge(
        name="sidekiq_process_resident_memory_bytes",
        help="Its resident memory, as the kernel counts it on the agent's own host, else as it reports it.",
        labels=("process",),
        reads=("process.memory", "process.rss"),
    ),
    _gauge(
        name="sidekiq_process_swap_bytes",
        help="Memory of it that is swapped out; of the agent's own host.",
        labels=("process",),
        reads=("process.swap",),
    ),
    _gauge(
        name="sidekiq_process_cpu_ratio",
        help="Processor time that it used since the last look; 1 is one core. Of the agent's own host.",
        labels=("process",),
        reads=("process.cpu",),
    ),
    _gauge(
        name="sidekiq_process_hottest_thread_cpu_ratio",
        help="The same of the thread that used most.",
        labels=("process",),
        reads=("process.hottest_cpu",),
        rest=Rest.MOST,
    ),
    _gauge(
        name="sidekiq_process_children",
        help="Processes that it has started and that have not ended; of the agent's own host.",
        labels=("process",),
        reads=("process.children",),
    ),
    _gauge(
        name="sidekiq_process_stopped",
        help="1 where a signal has stopped it, or its control group is frozen.",
        labels=("process",),
        reads=("process.stopped",),
    ),
    _gauge(
        name="sidekiq_process_code_changed",
        help="1 where its application has been changed on the disk since it was started.",
        labels=("process",),
        reads=("process.code_changed",),
    ),
    _gauge(
        name="sidekiq_process_longest_job_seconds",
        help="How long the longest of its jobs had been running at its last beat; 0 where none runs.",
        labels=("process",),
        source=Source.REDIS,
        rest=Rest.MOST,
    ),
)

AROUND: Final = (
    _gauge(name="sidekiq_unit_active", help="1 where the service is active, as systemd says.", labels=("unit",), reads=("unit.running",)),
    _gauge(
        name="sidekiq_unit_failed",
        help="1 where it has failed, and systemd does not start it again by itself.",
        labels=("unit",),
        reads=("unit.failed",),
    ),
    _counter(
        name="sidekiq_unit_restarts_total",
        help="How often systemd has started it again by itself since somebody last did.",
        labels=("unit",),
        reads=("unit.restarts",),
    ),
    _gauge(name="sidekiq_scheduler_jobs", help="Entries of sidekiq-scheduler.", source=Source.REDIS, is_usual=True),
    _gauge(name="sidekiq_scheduler_enabled_jobs", help="Those of them that are switched on.", source=Source.REDIS, is_usual=True),
    _gauge(
        name="sidekiq_scheduler_overdue_jobs",
        help="Those of them that should have been pushed and were not (`schedule.overdue`).",
        source=Source.REDIS,
    ),
    _gauge(
        name="sidekiq_scheduler_pushed_age_seconds",
        help="How long ago the entry was last pushed; pushes are kept for a day.",
        labels=("name",),
        reads=("schedule.pushed_age",),
        rest=Rest.MOST,
    ),
    _gauge(
        name="sidekiq_redis_memory_bytes",
        help="Memory that the server uses for data and buffers.",
        labels=("server",),
        reads=("redis.memory",),
    ),
    _gauge(
        name="sidekiq_redis_max_memory_bytes", help="Its configured limit; 0 means none.", labels=("server",), reads=("redis.maxmemory",)
    ),
    _gauge(name="sidekiq_redis_clients", help="Connected clients.", labels=("server",), reads=("redis.clients",)),
    _gauge(
        name="sidekiq_redis_latency_seconds",
        help="The longest that it took to answer the agent's samples since the last reading.",
        labels=("server",),
        reads=("redis.latency",),
        rest=Rest.MOST,
    ),
    _gauge(name="sidekiq_redis_replicas", help="Replicas that are connected.", labels=("server",), reads=("redis.replicas",)),
    _counter(
        name="sidekiq_redis_evicted_keys_total",
        help="Keys removed for want of memory, since the server started.",
        labels=("server",),
        reads=("redis.evicted",),
    ),
    _gauge(
        name="watchdog_check_up",
        help="1 where what the config declares under `checks` succeeds.",
        labels=("check",),
        reads=("check.ok",),
        rest=Rest.NOTHING,
    ),
    _gauge(
        name="watchdog_check_latency_seconds",
        help="How long its last success took.",
        labels=("check",),
        reads=("check.latency",),
        rest=Rest.MOST,
    ),
)

FAMILIES: Final = (*WHOLE, *QUEUES, *JOBS, *PROCESSES, *AROUND)
