"""Several pauses at once, said in different ways: each is lifted in its own way, and as long as one is left nothing is done."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.status import status
from watchdog.model.events import Paused, Resumed
from watchdog.model.results import Sent, StillRunning
from watchdog.model.told import OperatorPaused, OperatorResumed

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
ONE = "web1:10:abc"
FILE = "the pause file"
MINUTE = 60_000


@pytest.fixture
def talk() -> Conversation:
    """One local process whose job has been running since 1 s, read in full."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, 2000), job(ONE, "j1", 1000), complete=True), at=2000)
    talk.hear(host(found(ONE, unit="mastodon-sidekiq.service")), at=2001)
    return talk


def beat(talk: Conversation, at: int) -> list[str]:
    """The process beats at `at`, and nothing else has changed."""
    return talk.hear(redis(process(ONE, at)), at=at)


def pause(id_: str, *, by: str = "ada", until: int = 60 * MINUTE, **scope: str) -> OperatorPaused:
    """A pause by command, until that engine time."""
    return OperatorPaused(id=id_, by=by, reason="maintenance", asked=WALL, until=WALL + until, **scope)


def resume(id_: str, **scope: str) -> OperatorResumed:
    """The end of those by command."""
    return OperatorResumed(id=id_, by="eve", reason="done", asked=WALL, **scope)


def last(talk: Conversation, kind: str = "operator") -> Any:
    """The newest row of that kind."""
    return talk.audit(kind)[-1]


def test_a_command_stops_what_was_about_to_be_done(talk):
    """Its row and the denial name who, until when and why; when it is lifted what waited is done at once."""
    talk.hear(pause("c1"))
    assert beat(talk, 22_000) == [
        "audit alert stuck-job firing",
        "notify ops alert.firing",
        "audit decision stuck-job DENY paused",
        "notify ops action.decided",
    ]
    assert last(talk, "decision").reason == "paused by ada, until 2026-09-21 15:13 UTC: maintenance"
    assert talk.hear(resume("c2"), at=23_000) == ["audit operator resumed", f"measure {ONE}"]
    assert last(talk).reason == "done; lifted: that of ada"


def test_each_is_lifted_in_its_own_way_only(talk):
    """File, command and fleet at once: whichever goes first, the others go on, and a resume says which stay."""
    talk.hear(Paused(FILE, "deploy"))
    talk.hear(pause("c1"))
    talk.hear(Paused("eve", "incident 7", WALL + 30 * MINUTE, "fleet"))
    beat(talk, 22_000)
    assert talk.state.ledger.requests
    assert last(talk, "decision").reason == (
        "paused by the pause file: deploy; paused by ada, until 2026-09-21 15:13 UTC: maintenance; "
        "paused for the whole fleet by eve, until 2026-09-21 14:43 UTC: incident 7"
    )

    assert talk.hear(resume("c2"), at=23_000) == ["audit operator resumed"]
    assert last(talk).reason == "done; lifted: that of ada; still paused: the pause file, eve, for the whole fleet"
    assert talk.hear(Resumed("fleet", "fleet"), at=24_000) == ["audit agent resumed"]
    assert talk.hear(Resumed(FILE), at=25_000) == ["audit agent resumed", f"measure {ONE}"]


def test_the_last_of_them_says_until_when(talk):
    """The guard is asked again when the last one ends; with one that has no end nobody knows when."""
    talk.hear(pause("c1", until=10 * MINUTE))
    talk.hear(pause("c2", by="eve", until=20 * MINUTE))
    beat(talk, 22_000)
    (request,) = talk.state.ledger.requests.values()
    assert request.until == 20 * MINUTE
    talk.wait(10 * MINUTE)
    assert list(talk.state.ledger.pauses) == ["command|eve"]
    talk.hear(redis(process(ONE, 20 * MINUTE - 1)), at=20 * MINUTE - 1)
    assert talk.wait(20 * MINUTE) == ["audit agent resumed", f"measure {ONE}"]
    assert last(talk, "agent").reason == "the pause of eve has run out"


def test_a_shorter_one_of_another_does_not_shorten_it(talk):
    """Two people pause: the agent is still until both are over. What the same person says again counts instead of what was said before."""
    talk.hear(pause("c1", until=20 * MINUTE))
    talk.hear(pause("c2", by="eve", until=10 * MINUTE))
    talk.hear(pause("c3", until=15 * MINUTE))
    talk.wait(14 * MINUTE)
    assert list(talk.state.ledger.pauses) == ["command|ada"]
    talk.wait(15 * MINUTE)
    assert talk.state.ledger.pauses == {}


@pytest.mark.parametrize(
    ("scope", "stops"),
    [
        ({"rule": "stuck-job"}, True),
        ({"rule": "other"}, False),
        ({"target": "mastodon-sidekiq"}, True),
        ({"target": "web1/mastodon-*"}, True),
        ({"target": ONE}, True),
        ({"target": "web2/*"}, False),
        ({"rule": "stuck-*", "target": "app"}, True),
    ],
)
def test_a_pause_of_a_rule_or_a_target(talk, scope, stops):
    """It stops what it is for and nothing else: by unit with or without host and ending, identity or tag."""
    talk.hear(pause("c1", **scope))
    lines = beat(talk, 22_000)
    assert (f"measure {ONE}" in lines) is not stops
    assert ("audit decision stuck-job DENY paused" in lines) is stops


def test_a_pause_of_a_rule_is_lifted_by_its_name_or_with_all(talk):
    """A resume for another rule is refused, and says what is paused."""
    talk.hear(pause("c1", rule="stuck-job"))
    talk.hear(resume("c2", rule="other"))
    assert (last(talk).outcome, last(talk).reason) == ("refused", "no such pause was given by command; still paused: ada of rule stuck-job")
    talk.hear(resume("c3", rule="stuck-job"))
    assert talk.state.ledger.pauses == {}
    talk.hear(pause("c4", rule="stuck-job"))
    talk.hear(resume("c5"))
    assert talk.state.ledger.pauses == {}


def test_the_end_of_a_pause_outlives_a_reboot_and_a_clock_that_was_set(talk):
    """It is engine time that counts, however far somebody has turned the wall clock meanwhile; the time for which the machine was off counts for nothing."""
    talk.hear(pause("c1", until=10 * MINUTE))
    talk.booted_wall += 86_400_000
    assert talk.wait(10 * MINUTE - 1) == []
    assert talk.state.ledger.pauses
    talk.booted_wall -= 2 * 86_400_000
    talk.wait(10 * MINUTE)
    assert talk.state.ledger.pauses == {}

    talk.hear(pause("c2", until=talk.booted_wall - WALL + 20 * MINUTE))
    talk.reboot("boot-2", down=4 * MINUTE)
    assert talk.wait(10 * MINUTE - 1) == []
    assert talk.state.ledger.pauses
    talk.wait(10 * MINUTE)
    assert talk.state.ledger.pauses == {}


def test_a_fleet_pause_without_an_end_is_complained_of(talk):
    """It holds, and everybody hears that somebody must end it; said again with an end it is no complaint."""
    lines = talk.hear(Paused("eve", "incident 7", None, "fleet"))
    assert lines == ["audit agent paused", "audit agent warning", "notify ops agent.warning"]
    assert "has no end" in last(talk, "agent").reason
    assert talk.hear(Paused("eve", "incident 7", WALL + MINUTE, "fleet")) == ["audit agent paused"]


def test_the_same_pause_is_written_down_once(talk):
    """An agent that starts again, or a clock that is read anew, says the same pause with an end that differs by a second."""
    assert talk.hear(Paused("eve", "x", WALL + MINUTE, "fleet")) == ["audit agent paused"]
    assert talk.hear(Paused("eve", "x", WALL + MINUTE + 900, "fleet")) == []
    assert talk.state.ledger.pauses["fleet"].until_at == MINUTE + 900
    assert talk.hear(Paused("eve", "x", WALL + 2 * MINUTE, "fleet")) == ["audit agent paused"]
    assert talk.hear(Resumed("nobody")) == []


def test_what_is_under_way_is_held_and_goes_on(talk):
    """A pause by command between TERM and KILL holds the incident, for as long as it lasts and no longer."""
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(pause("c1", until=35_000))
    talk.answer(StillRunning(), at=32_100)
    assert "audit incident stuck-job paused KILL held" in talk.answer(HEALTHY, at=32_101)
    assert talk.wait(37_000) == ["audit agent resumed"]
    assert talk.wait(37_101) == [f"measure {ONE}"]
    assert talk.answer(HEALTHY)[-1] == f"signal KILL {ONE}"


def test_status_shows_all_of_them(talk):
    """With who, why, for what and for how much longer; the first that is for everything also where an older command looks."""
    talk.hear(pause("c1", rule="stuck-job", until=10 * MINUTE))
    talk.hear(Paused(FILE, "deploy"))
    shown = status(talk.state, MINUTE)
    assert shown["paused"] == {"by": FILE, "reason": "deploy"}
    assert shown["pauses"] == [
        {"by": "ada", "reason": "maintenance", "source": "command", "rule": "stuck-job", "target": "", "until_ms": 9 * MINUTE},
        {"by": FILE, "reason": "deploy", "source": "", "rule": "", "target": "", "until_ms": None},
    ]
