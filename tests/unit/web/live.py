"""A conversation that there is something to be seen of."""

from tests.scenario.conversation import Conversation, job, process, redis, rules
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind

ONE, TWO, THREE = "web1:10:a", "web1:20:b", "web2:30:c"
TEXT = """
rules:
  - {rule: waiting, each: queue, when: queue.size > 100, for: 1m, keep_firing_for: 2m, severity: critical, notify: [ops]}
  - {rule: silent, each: process, when: 'process.beat_age > 30s and not process.quiet'}
  - {rule: left, each: process, on: ProcessVanished, keep_firing_for: 5m}
  - rule: stuck
    each: job
    when: job.elapsed > 10m
    then: [{terminate_process: {process: job.process}}]
"""


def queue(name, size, latency=0):
    """That so many jobs wait in it."""
    return Delta(Kind.QUEUE, name, {"name": name, "size": size, "latency": latency})


def three_processes():
    """Three processes, four queues, three jobs; it is engine time 1,000,000."""
    one = Conversation(rules(TEXT))
    one.at = 1_000_000
    one.hear(
        redis(
            process(ONE, 999_000, threads=5, busy=2, rss=300), process(TWO, 980_000, threads=5, busy=1, rss=500), process(THREE, 1_000_000, quiet=True),
            job(ONE, "j1", 900_000), job(ONE, "j2", 700_000, thread="t2", queue="pull"), job(TWO, "j3", 950_000, job_class="Other"),
            queue("a", 10), queue("b", 90, 5_000), queue("c", 50, 9_000), queue("d", None), Delta(Kind.SIDEKIQ, "sidekiq", {"threads": 15, "busy": 3, "enqueued": 150}),
            complete=True,
        )
    )  # fmt: skip
    return one
