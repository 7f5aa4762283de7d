"""Why a rule says what it says: the condition with values, truths and margins, the alert, and what the guards would answer."""

import json

import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.engine.guards import ORDER
from watchdog.engine.routing.table import Match, Route, Routing
from watchdog.engine.why import why
from watchdog.model.events import Delta, Paused, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Sent
from watchdog.model.verdicts import Mode

ONE = "web1:10:abc"
J1 = job(ONE, "j1", 1_000)
TEXT = """
rules:
  - rule: stuck
    each: job
    where: 'job.queue in ["push", "pull"]'
    when: job.elapsed > 20s
    for: 10s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {keep: 0%, cooldown: 5m}
  - {rule: full, each: process, when: 'process.busy >= 4 or process.rss > 1GiB'}
  - {rule: empty, each: process, when: 'not (process.busy > 0) and process.threads != 3 and process.beat_age <= 1m'}
  - {rule: held, each: process, when: 'share(job where job.process == process.id and job.elapsed > 10s) >= 50%'}
"""


@pytest.fixture
def talk() -> Conversation:
    """A local process whose job runs for 11 s."""
    talk = Conversation(rules(TEXT))
    talk.hear(redis(process(ONE, 12_000, busy=1, rss=2**29), J1, complete=True), at=12_000)
    talk.hear(host(found(ONE)))
    return talk


def ask(talk: Conversation, rule: str, entity: str = ONE):
    """The account, which must be plain data and change nothing."""
    before = (talk.state.ledger, talk.state.world.deadlines.next(), dict(talk.state.world.again))
    account = why(talk.rules, talk.state, rule, entity, talk.at)
    assert json.loads(json.dumps(account)) == account
    assert (talk.state.ledger, talk.state.world.deadlines.next(), dict(talk.state.world.again)) == before
    return account


def test_a_condition_that_is_false_says_what_is_missing(talk):
    """Of `and` the part that is false decides, and its margin is how much is missing, in the units of its left side."""
    account = ask(talk, "stuck", J1.id)
    tree = account["condition"]

    assert (account["truth"], tree["truth"], tree["deciding"], tree["margin"], tree["distance"]) == ("false", "false", 1, "-9s", -9_000)
    assert [part["text"] for part in tree["parts"]] == ['job.queue in ["push", "pull"]', "job.elapsed > 20s"]
    assert [part["truth"] for part in tree["parts"]] == ["true", "false"]
    assert [(part["text"], part["value"]) for part in tree["parts"][1]["parts"]] == [("job.elapsed", "11s")]
    assert account["alert"] is None


def test_a_condition_that_is_true_says_how_far_it_is_from_false(talk):
    """Once it is true the margin is positive; the alert says since when, and how much of `for` is over."""
    talk.hear(redis(process(ONE, 24_000, busy=1)), at=24_000)
    talk.wait(28_000)
    account = ask(talk, "stuck", J1.id)

    assert (account["truth"], account["condition"]["parts"][1]["margin"]) == ("true", "+3s")
    assert account["alert"] == {
        "phase": "pending", "since_ms": 4_000, "since_wall": account["alert"]["since_wall"], "counting": True, "counted_ms": 4_000, "enough_ms": 10_000,
        "title": "", "telling": None, "next": "firing", "next_in_ms": 6_000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "truth", "deciding", "margin"),
    [
        ({"busy": 1, "rss": 2**29}, "false", 1, "-512 MiB"),  # an eighth is missing of the rss, three quarters of the threads
        ({"busy": 3, "rss": 2**20}, "false", 0, "-1"),
        ({"busy": 5, "rss": 2**20}, "true", 0, "+1"),
        ({"busy": 5, "rss": 3 * 2**30}, "true", 1, "+2 GiB"),  # both must flip; the other one is farther from it
        ({"busy": 1, "rss": None}, "unknown", 1, None),
        ({"busy": None, "rss": 3 * 2**30}, "true", 1, "+2 GiB"),
    ],
)
def test_of_or_one_operand_decides(talk, fields, truth, deciding, margin):
    """While it is false the operand that is nearest; while it is true the one that would be the last; where it is unknown the one that is."""
    talk.hear(redis(Delta(Kind.PROCESS, ONE, fields)))
    tree = ask(talk, "full")["condition"]

    assert (tree["truth"], tree["deciding"], tree["margin"]) == (truth, deciding, margin)


def test_not_turns_the_margin_round(talk):
    """What is missing to a statement is what its opposite has to spare; of several that are false each must flip."""
    tree = ask(talk, "empty")["condition"]

    assert [(part["text"], part["truth"], part["margin"]) for part in tree["parts"]] == [
        ("not process.busy > 0", "false", "-1"), ("process.threads != 3", "true", "+2"), ("process.beat_age <= 1m", "true", "+1m"),
    ]  # fmt: skip
    assert (tree["truth"], tree["deciding"], tree["margin"]) == ("false", 0, "-1")


def test_aggregates_have_values_too(talk):
    """What is counted over other entities is shown with its value and margin."""
    tree = ask(talk, "held")["condition"]

    assert (tree["truth"], tree["margin"], tree["parts"][0]["value"]) == ("true", "+50 %", "100 %")


def test_every_guard_answers_without_a_look(talk):
    """All guards are asked as a request would be, whether there is one or not, and say until when; the mode is named beside them."""
    account = ask(talk, "stuck", J1.id)

    assert [verdict["guard"] for verdict in account["guards"]] == [name for name, _ in ORDER]
    assert (account["action"], account["target"], account["mode"]) == ("terminate_process", "web1/app[push]", "act")
    assert account["decision"] == "DENY"
    assert account["guards"][-1] == {"guard": "last_look", "answer": "DENY", "reason": "the condition no longer holds", "until_ms": None}

    talk.hear(redis(process(ONE, 24_000)), at=24_000)
    account = ask(talk, "stuck", J1.id)
    assert (account["decision"], {verdict["answer"] for verdict in account["guards"]}) == ("ALLOW", {"PASS"})

    talk.hear(Paused("ada", "backup", talk.booted_wall + talk.at + 60_000))
    account = ask(talk, "stuck", J1.id)
    assert account["decision"] == "DENY"
    assert account["guards"][0]["reason"]
    assert account["guards"][0]["until_ms"] == 60_000


def test_what_is_under_way_is_named(talk):
    """With an open incident it says which stage it is at."""
    talk.hear(redis(process(ONE, 24_000)), at=24_000)
    talk.wait(34_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    account = ask(talk, "stuck", J1.id)

    assert account["alert"]["phase"] == "firing"
    assert account["incident"]["action"] == "terminate_process"
    assert account["incident"]["stage"]


def test_modes_below_act(talk):
    """The mode is that of the rule under the ceiling; observe decides nothing."""
    for mode, decision in ((Mode.DRY_RUN, "DRY_RUN"), (Mode.ASK, "ASK"), (Mode.OBSERVE, None)):
        talk.rules = rules(TEXT, mode)
        talk.hear(redis(process(ONE, 24_000)), at=24_000)
        account = ask(talk, "stuck", J1.id)
        assert (account["mode"], account["decision"]) == (mode.value, decision)


def test_blindness_and_strangers(talk):
    """A lost source is named and makes all unknown; an entity that is not there is gone; a rule that is not there is a problem."""
    assert ask(talk, "stuck", "nobody")["truth"] == "gone"
    assert ask(talk, "stuck", "nobody")["condition"] is None
    assert ask(talk, "no-such-rule")["problem"] == "no rule of that name is in force"

    talk.hear(SourceLost(Source.REDIS, "refused", "x"))
    account = ask(talk, "stuck", J1.id)
    assert (account["truth"], account["blind"]) == ("unknown", ["redis"])


def test_a_rule_without_steps_asks_no_guard(talk):
    """There is nothing to deny."""
    account = ask(talk, "full")

    assert (account["action"], account["decision"], account["guards"]) == (None, None, [])


def test_what_is_for_the_dead_waits_for_their_end():
    """Of a process that lives the guards say that it does; those that protect the living are not asked."""
    talk = Conversation(
        rules("rules:\n  - {rule: crashed, each: process, on: ProcessCrashed, then: [{put_back_jobs: {process: process}}]}\n")
    )
    talk.hear(redis(process(ONE, 12_000), complete=True), at=12_000)
    talk.hear(host(found(ONE)))
    account = ask(talk, "crashed")

    assert (account["on"], account["action"], account["decision"]) == ("ProcessCrashed", "put_back_jobs", "DENY")
    assert [(one["guard"], one["answer"]) for one in account["guards"]] == [("in_flight", "PASS"), ("last_look", "DENY")]


def test_who_would_be_told(talk):
    """The receivers of the rule, or of the routes that fit it, whether it fires or not; nobody where neither names one."""
    assert ask(talk, "stuck", J1.id)["tells"] == []

    boss = Route(name="boss", match=Match(kind=(Kind.JOB,)), notify=("boss",))
    talk.rules = rules(TEXT).but(routing=Routing((boss,)))
    assert (ask(talk, "stuck", J1.id)["tells"], ask(talk, "full")["tells"]) == (["boss"], [])

    talk.rules = rules(TEXT.replace("each: job\n", "each: job\n    notify: [ops]\n")).but(routing=Routing((boss,)))
    assert ask(talk, "stuck", J1.id)["tells"] == ["ops"]
