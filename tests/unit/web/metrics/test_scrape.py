"""A scrape: what it says of a state, in both formats, to whom, and what it leaves out."""

import shutil
import subprocess

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from tests.unit.web.metrics.scraped import BOX, FIGURES, OPENMETRICS, Agent, everything
from watchdog.model.events import Delta, Observed, Paused, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.store.trace.recorder import Recording

ONE = "web1:10:abc"
TWO = "web2:11:def"
RULES = """
rules:
  - rule: stuck-job
    each: job
    severity: critical
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {keep: 0%}
  - rule: unit-failed
    each: unit
    mode: observe
    when: unit.failed
    for: 1m
"""


@pytest.fixture
def talk() -> Conversation:
    """Two processes with three jobs, the oldest of which fires; one of them is of another host."""
    talk = Conversation(rules(RULES))
    queue = Delta(Kind.QUEUE, "push", {"size": 3, "latency": 2_500, "threads": 10, "listeners": 2, "busy": 3})
    whole = Delta(Kind.SIDEKIQ, "sidekiq", {"processed": 100, "failed": 4, "threads": 10, "busy": 3, "processes": 2, "enqueued": 3})
    jobs = (job(ONE, "j1", 1_000), job(ONE, "j2", 11_000, thread="t2"), job(TWO, "j3", 16_000, job_class="Other", queue="pull"))
    talk.hear(redis(process(ONE, 21_500, rss=5_000), process(TWO, 20_000, rss=7_000), *jobs, queue, whole, complete=True), at=22_000)
    talk.hear(host(found(ONE), Delta(Kind.PROCESS, ONE, {"memory": 6_000, "cpu": 0.25})))
    return talk


async def test_sidekiq_as_it_is(talk):
    """Queues, processes and jobs, in seconds and bytes; ages count up to now, jobs up to the last beat of their process."""
    scraped = await Agent(talk).scrape()

    assert scraped["sidekiq_processed_jobs_total"] == 100
    assert scraped["sidekiq_utilization_ratio"] == 0.3
    assert scraped.of("sidekiq_queue_latency_seconds", name="push") == 2.5
    assert scraped.of("sidekiq_queue_utilization_ratio", name="push") == 0.3
    assert scraped.all("sidekiq_queue_max_processing_time_seconds") == {("push",): 20.5, ("pull",): 4}
    assert scraped.all("sidekiq_running_jobs") == {("SleepForever", "push"): 2, ("Other", "pull"): 1}
    assert scraped.all("sidekiq_longest_job_seconds") == {("SleepForever", "push"): 20.5, ("Other", "pull"): 4}
    assert scraped.all("sidekiq_process_longest_job_seconds") == {(ONE,): 20.5, (TWO,): 4}
    assert scraped.all("sidekiq_process_beat_age_seconds") == {(ONE,): 0.5, (TWO,): 2}
    assert scraped.all("sidekiq_process_cpu_ratio") == {(ONE,): 0.25}
    info = {"process": ONE, "host": "web1", "pid": "10", "unit": "", "tag": "app", "version": "", "queues": "push"}
    assert scraped.of("sidekiq_process_info", **info) == 1


async def test_the_kernel_knows_better_than_the_process_itself(talk):
    """Memory is what the kernel counts where it can be asked, else what the process said at its last beat."""
    assert (await Agent(talk).scrape()).all("sidekiq_process_resident_memory_bytes") == {(ONE,): 6_000, (TWO,): 7_000}


async def test_what_is_judged(talk):
    """Rules with their alerts and how far they go, alerts by severity, what is wanted; a rule without an alert says 0."""
    talk.hear(Paused("ada", "x"))
    talk.answer(HEALTHY)
    scraped = await Agent(talk).scrape()

    assert scraped.all("watchdog_rule_alerts") == {
        ("stuck-job", "firing"): 1, ("stuck-job", "pending"): 0, ("unit-failed", "firing"): 0, ("unit-failed", "pending"): 0,
    }  # fmt: skip
    assert scraped.of("watchdog_alerts", severity="critical", state="firing") == 1
    assert scraped.of("watchdog_alerts", severity="warning", state="firing") == 0
    assert scraped.all("watchdog_rule_mode") == {("act", "stuck-job"): 1, ("observe", "unit-failed"): 1}
    assert scraped.all("watchdog_mode") == {("observe",): 0, ("dry-run",): 0, ("ask",): 0, ("act",): 1}
    assert scraped.all("watchdog_requests") == {("DENY", "paused"): 1}
    assert (scraped["watchdog_paused"], scraped["watchdog_pauses"]) == (1, 1)


async def test_what_is_done(talk):
    """An incident on its way is open, and not held."""
    talk.answer(HEALTHY)
    assert (await Agent(talk).scrape()).all("watchdog_incidents_open") == {("0",): 1, ("1",): 0}


async def test_before_anything_was_read_nothing_is_said_of_sidekiq():
    """No number is better than one that nobody has read."""
    scraped = await Agent(Conversation(rules(RULES))).scrape()

    assert not [name for name in scraped.names if name.startswith("sidekiq_")]
    assert scraped.of("watchdog_source_up", source="redis") == 0
    assert scraped.of("watchdog_rule_blind", rule="stuck-job") == 1


async def test_a_source_that_is_lost_takes_its_numbers_along(talk):
    """What Redis told is not told any more once it can't be read; what the kernel tells is, and so is the agent itself."""
    talk.hear(SourceLost(Source.REDIS, "refused", "nobody answers"), at=22_500)
    scraped = await Agent(talk).scrape()

    assert {name for name in scraped.names if name.startswith("sidekiq_")} == {
        "sidekiq_process_resident_memory_bytes",
        "sidekiq_process_cpu_ratio",
    }
    assert scraped.all("sidekiq_process_resident_memory_bytes") == {(ONE,): 6_000}
    assert scraped.of("watchdog_source_up", source="redis") == 0
    assert scraped.of("watchdog_rule_blind", rule="stuck-job") == 1
    assert scraped.of("watchdog_rule_blind", rule="unit-failed") == 0
    assert scraped.of("watchdog_alerts", severity="critical", state="firing") == 1


async def test_of_two_servers_one_can_be_lost(talk):
    """The application's own Redis is read by itself."""
    talk.hear(redis(Delta(Kind.REDIS, "redis", everything(Kind.REDIS))))
    talk.hear(Observed(Source.APP_REDIS, (Delta(Kind.REDIS, "app", everything(Kind.REDIS)),), complete=True))
    assert (await Agent(talk).scrape()).all("sidekiq_redis_clients") == {("redis",): 3, ("app",): 3}

    talk.hear(SourceLost(Source.APP_REDIS, "refused", "nobody answers"))
    assert (await Agent(talk).scrape()).all("sidekiq_redis_clients") == {("redis",): 3}


async def test_what_the_agent_counts_of_itself(talk):
    """Its cost, its trace, its messages."""
    scraped = await Agent(talk, **FIGURES).scrape()

    assert scraped["watchdog_redis_commands_total"] == 10
    assert scraped["watchdog_redis_core_ratio"] == 0.001
    assert scraped["watchdog_host_looks_seconds_total"] == 0.25
    assert scraped["watchdog_trace_missed_events_total"] == 5
    assert scraped.of("watchdog_outbox_waiting", receiver="ops") == 2
    assert scraped.of("watchdog_outbox_oldest_age_seconds", receiver="ops") == 22
    assert scraped["watchdog_quarantined_jobs"] == 3


async def test_what_can_not_be_asked_is_not_there(talk):
    """With a disk that can't be read nobody knows what waits, and a 0 would be a lie; everything else is told."""
    scraped = await Agent(talk, **FIGURES | {"outbox": None, "quarantined": None, "trace": Recording(on=False), "failing": True}).scrape()

    assert not {"watchdog_outbox_waiting", "watchdog_quarantined_jobs"} & scraped.names
    assert scraped["watchdog_store_failing"] == 1
    assert scraped["watchdog_trace_recording"] == 0


async def test_a_message_from_the_future_is_not_older_than_now(talk):
    """A clock that was set back makes no age below nothing."""
    outbox = {"ops": type(BOX)(waiting=1, delivered=0, given_up=0, oldest=WALL + 10**9, last_error="")}
    assert (await Agent(talk, outbox=outbox).scrape()).of("watchdog_outbox_oldest_age_seconds", receiver="ops") == 0


async def test_time_that_turns_took():
    """As a histogram: each bucket holds all that were not longer."""
    agent = Agent(Conversation(rules(RULES)))
    for seconds in (0.000_05, 0.003, 9.0):
        agent.counts["counted"].turns.add(seconds)
    scraped = await agent.scrape()

    buckets = {le: count for (le,), count in scraped.all("watchdog_turn_seconds_bucket").items()}
    assert (buckets["0.0001"], buckets["0.0025"], buckets["0.005"], buckets["1.0"], buckets["+Inf"]) == (1, 1, 2, 2, 3)
    assert scraped["watchdog_turn_seconds_count"] == 3
    assert scraped["watchdog_turn_seconds_sum"] == pytest.approx(9.003_05)


HOSTILE = 'pu"sh\n\x00\u202e\\{}<script>\ud800' + "x" * 1_000
"""The name of a queue that somebody has thought about."""


@pytest.mark.parametrize("read", [Agent.scrape, Agent.scrape_openmetrics], ids=["text", "openmetrics"])
async def test_hostile_names_break_no_format(talk, read):
    """Whatever a queue or a class is called, what comes is read by a parser, and nothing of the name but itself is in it."""
    row = Delta(Kind.QUEUE, "hostile", {"size": 1})
    talk.hear(redis(row, job(ONE, "j9", 16_000, thread="t9", job_class='"} 1\nfaked_total 1')))
    talk.state.world.rows[Kind.QUEUE][HOSTILE] = talk.state.world.copy_of(Kind.QUEUE, HOSTILE, {"size": 77})
    scraped = await read(Agent(talk))

    told = [labels for labels, value in scraped.all("sidekiq_queue_enqueued_jobs").items() if value == 77]
    assert len(told) == 1
    assert told[0][0].startswith('pu"sh\ufffd\ufffd\ufffd\\{}<script>\ufffdx')
    assert len(told[0][0]) == 128
    assert "faked_total" not in scraped.names


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (OPENMETRICS, True),
        (f"{OPENMETRICS},text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("", False),
        ("*/*", False),
        ("text/html", False),
        ("application/openmetrics-text; version=x.y.z", True),
        ("application/openmetrics-text" + "," * 5_000, True),
        ("application/openmetrics-textual", False),
    ],
)
async def test_the_format_that_is_asked_for(talk, accept, openmetrics):
    """Who asks for nothing that is known gets Prometheus' own; nonsense is no error."""
    text, content_type = await Agent(talk).metrics.exposition(accept)

    assert content_type.startswith("application/openmetrics-text" if openmetrics else "text/plain; version=0.0.4")
    assert text.endswith(b"# EOF\n") == openmetrics


async def test_who_asks_again_at_once_is_given_the_same(talk):
    """Within a second nothing is gathered anew, in whichever format; after it, it is."""
    agent = Agent(talk)
    first, _ = await agent.metrics.exposition("")
    talk.wait(talk.at + 999)
    assert (await agent.metrics.exposition(""))[0] is first
    await agent.scrape_openmetrics()
    assert agent.asked == 1

    talk.wait(talk.at + 1)
    await agent.scrape()
    assert agent.asked == 2


async def test_more_than_there_is_room_for(talk):
    """Of a thousand queues two hundred are told, the rest together; and it is said that there are more."""
    talk.hear(redis(*(Delta(Kind.QUEUE, f"q{number}", {"size": 1, "latency": number}) for number in range(1_000))))
    scraped = await Agent(talk).scrape()

    sizes = scraped.all("sidekiq_queue_enqueued_jobs")
    assert (len(sizes), sizes["other",]) == (201, 801)
    assert sum(sizes.values()) == 1_003
    assert scraped.of("sidekiq_queue_latency_seconds", name="other") == 0.999
    assert scraped.of("watchdog_metrics_left_out", metric="sidekiq_queue_enqueued_jobs") == 801


@pytest.mark.needs("prometheus")
async def test_promtool_finds_nothing_to_say(talk):
    """The linter of Prometheus itself reads it: names, units, types, help."""
    talk.hear(redis(*(Delta(kind, "one", everything(kind)) for kind in (Kind.JOB_CLASS, Kind.RETRY_GROUP, Kind.SCHEDULE))))
    text, _ = await Agent(talk, **FIGURES).metrics.exposition("")
    promtool = shutil.which("promtool")
    assert promtool is not None, "Debian's prometheus brings it"

    said = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")
