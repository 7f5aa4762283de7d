"""What `status` shows: plain data, whatever state the engine is in."""

import json

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.state import begin
from watchdog.engine.status import LISTED, status
from watchdog.model.events import Delta, Observed, Paused, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Sent

ONE = "web1:10:abc"
RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {keep: 0%}
"""


@pytest.fixture
def talk() -> Conversation:
    """An open incident on the process of a stuck job."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    return talk


def plain(talk: Conversation):
    """The status as it is sent over a socket."""
    shown = status(talk.state, talk.at)
    assert json.loads(json.dumps(shown)) == msgspec.json.decode(msgspec.json.encode(shown))
    return shown


def test_a_state_that_has_seen_nothing():
    """Before anything was read there is a status, and it does not claim that Redis is well."""
    shown = status(begin(), 5)

    assert (shown["sources"]["redis"]["ok"], shown["sources"]["redis"]["code"]) == (False, "starting")
    assert (shown["processes"], shown["alerts"], shown["requests"], shown["incidents"], shown["firing"]) == ([], [], [], [], 0)


def test_a_firing_alert_and_its_request(talk):
    """Alert and request name the rule, the target and how long; the process its jobs and its longest."""
    talk.hear(Paused("ada", "x"), at=22_500)
    talk.answer(HEALTHY, at=23_000)
    shown = plain(talk)

    assert shown["firing"] == 1
    assert shown["paused"] == {"by": "ada", "reason": "x"}
    assert [(alert["rule"], alert["phase"], alert["for_ms"]) for alert in shown["alerts"]] == [("stuck-job", "firing", 1_000)]
    assert [(one["target"], one["decision"], one["guard"], one["reason"]) for one in shown["requests"]] == [
        ("web1/app[push]", "DENY", "paused", "paused by ada: x")
    ]
    assert [(one["target"], one["jobs"], one["longest"], one["beat_age"]) for one in shown["processes"]] == [
        ("web1/app[push]", 1, 21_000, 1_000)
    ]


def test_an_open_incident(talk):
    """An action under way says its stage and what has been done."""
    talk.answer(HEALTHY)
    talk.answer(Sent(), at=22_100)

    assert [(one["stage"], one["pid"], one["account"]) for one in plain(talk)["incidents"]] == [
        ("grace", 10, ["+0.0 s: in flight: nothing", "+0.1 s: SIGTERM sent"])
    ]


def test_a_lost_source_says_since_when(talk):
    """The loss is shown with its code, its sentence and its age."""
    talk.hear(SourceLost(Source.REDIS, "refused", "nobody answers"), at=25_000)
    talk.at = 26_500

    assert plain(talk)["sources"]["redis"] == {"ok": False, "code": "refused", "message": "nobody answers", "since_ms": 1_500}


def test_what_is_missing_is_null(talk):
    """A reading that was lost is shown as nothing, not as a number."""
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"confirmed_at": None, "threads": None, "queues": None})))
    shown = plain(talk)["processes"][0]

    assert (shown["beat_age"], shown["threads"], shown["queues"], shown["longest"]) == (None, None, None, None)


def test_long_lists_are_cut_and_counted(talk):
    """At most so many of each are listed; the counts are of all."""
    talk.hear(redis(*(Delta(Kind.QUEUE, f"q{number:04}", {"name": f"q{number:04}", "size": 1}) for number in range(LISTED + 50))))
    shown = plain(talk)

    assert (len(shown["queues"]), shown["entities"]["queue"]) == (LISTED, LISTED + 50)


def test_no_arguments_of_a_job_can_reach_it(talk):
    """What a source would deliver beyond the declared fields is not kept, and so never shown."""
    talk.hear(
        redis(Delta(Kind.JOB, f"{ONE}/t2/j2/1", {"jid": "j2", "process": ONE, "args": ["a private post"], "payload": "a private post"}))
    )

    assert "private" not in json.dumps(plain(talk))
    assert "private" not in msgspec.json.encode(talk.state.ledger).decode()


def test_declared_checks():
    """Each with its state and for how long it has failed; they are no source among the sources, and none is an empty list."""
    talk = Conversation(rules(RULE))
    assert plain(talk)["checks"] == []
    names = {"type": "tcp", "ok": None, "failing_at": None}
    declared = (Delta(Kind.CHECK, name, {"name": name, **names}) for name in ("web", "search"))
    talk.hear(Observed(Source.CHECKS, tuple(declared), complete=True), at=1_000)
    talk.hear(Observed(Source.CHECKS, (Delta(Kind.CHECK, "web", {"ok": False, "failing_at": 1_000, "problem": "refused"}),)), at=3_000)

    assert plain(talk)["checks"] == [
        {"name": "search", "type": "tcp", "failed_ms": None},
        {"name": "web", "type": "tcp", "ok": False, "problem": "refused", "failed_ms": 2_000},
    ]
    assert "checks" not in plain(talk)["sources"]
