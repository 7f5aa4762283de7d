"""Modes: what file, config and people make of a rule, and what was so already when it began to act."""

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.advance import advance
from watchdog.engine.arming import mode_in
from watchdog.engine.state import State
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.events import Delta, Event, Gone, RulesLoaded, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import InFlight
from watchdog.model.told import OperatorArmed
from watchdog.model.verdicts import Mode

ONE, TWO = "web1:10:abc", "web1:20:def"
NUMBERS = iter(range(1_000_000))


def text(*, mode: str = "act", elapsed: str = "20s", grace: str = "10s", summary: str = "s") -> str:
    """A rule on stuck jobs, and one on long queues that only tells."""
    return f"""
rules:
  - rule: stuck-job
    summary: "{summary}"
    mode: {mode}
    each: job
    when: job.elapsed > {elapsed}
    then:
      - terminate_process: {{process: job.process, grace: {grace}}}
    guards: {{cooldown: 5m, keep: 0%}}
    notify: [ops]
"""


def told(mode: Mode | None, *, rule: str = "stuck-job", by: str = "ada") -> OperatorArmed:
    """Somebody arms the rule."""
    return OperatorArmed(id=f"t{next(NUMBERS)}", by=by, reason="it was right 9 times", asked=WALL, rule=rule, mode=mode)


def conversation(mode: str = "act", *, ceiling: Mode = Mode.ACT, installed: bool = True) -> Conversation:
    """An agent, and a local process that has just begun a job at 1 s."""
    talk = Conversation(rules(text(mode=mode), ceiling), installed=installed)
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    return talk


def beat(talk: Conversation, at: int, *more: Delta) -> list[str]:
    """The process has beaten: what it runs has run till then."""
    return talk.hear(redis(process(ONE, at), *more), at=at)


def reload(talk: Conversation, written: str, mode: Mode = Mode.ACT) -> list[str]:
    """Other rules, or the same under another ceiling."""
    talk.rules = rules(written, mode)
    return talk.hear(RulesLoaded(talk.rules.digest, mode))


def decided(talk: Conversation) -> list[tuple[str, str]]:
    """Every answer, with the guard that gave it."""
    return [(row.decision, row.guard) for row in talk.audit("decision")]


def mode_now(talk: Conversation) -> Mode:
    """How far the rule goes."""
    return mode_in(talk.rules, talk.state.ledger, talk.rules.by_name["stuck-job"])


@pytest.mark.parametrize(
    ("file", "armed", "ceiling", "goes"),
    [
        ("dry-run", Mode.ACT, Mode.ACT, Mode.ACT),
        ("observe", Mode.ASK, Mode.ACT, Mode.ASK),
        ("act", Mode.OBSERVE, Mode.ACT, Mode.OBSERVE),
        ("act", Mode.DRY_RUN, Mode.ASK, Mode.DRY_RUN),
        ("observe", Mode.ASK, Mode.ASK, Mode.ASK),
    ],
)
def test_a_person_arms_in_either_direction(file, armed, ceiling, goes):
    """What was said takes the place of what the file says, and is taken back by name."""
    talk = conversation(file, ceiling=ceiling)
    before = mode_now(talk)
    lines = talk.hear(told(armed))

    assert lines == ["audit operator stuck-job armed"]
    assert mode_now(talk) is goes
    assert talk.audit("operator")[-1].detail["by"] == "ada"
    talk.hear(told(None))
    assert mode_now(talk) is before
    assert talk.audit("operator")[-1].outcome == "as its file says"


@pytest.mark.parametrize(
    ("said", "ceiling", "reason"),
    [
        (told(Mode.ACT), Mode.DRY_RUN, "the config allows dry-run at most"),
        (told(Mode.ACT, rule="stuck-jobs"), Mode.ACT, "no rule stuck-jobs is in force"),
        (told(None), Mode.ACT, "nobody has armed a rule stuck-job"),
    ],
)
def test_what_is_refused(said, ceiling, reason):
    """Nothing goes above the config, and a rule that is not there can't be armed; the ledger stays as it was but for having heard it."""
    talk = conversation("dry-run", ceiling=ceiling)
    before = talk.state.ledger.arming
    talk.hear(said)

    assert (talk.audit("operator")[-1].outcome, talk.audit("operator")[-1].reason) == ("refused", reason)
    assert talk.state.ledger.arming == before


def test_what_was_armed_outlives_crash_and_reboot():
    """And is shown by `status` and `why`, with who said it."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    talk.crash()
    talk.reboot("boot-2", down=60_000)

    assert mode_now(talk) is Mode.ACT
    assert status(talk.state, talk.at)["armed"] == [
        {
            "rule": "stuck-job",
            "mode": "act",
            "goes": "act",
            "file": "dry-run",
            "by": "ada",
            "reason": "it was right 9 times",
            "since": WALL + 2_000,
        }
    ]
    account = why(talk.rules, talk.state, "stuck-job", "x", talk.at)
    assert (account["mode"], account["armed"]["by"], account["armed"]["file"]) == ("act", "ada", "dry-run")


def test_an_arming_ends_with_what_the_rule_said():
    """A rule that looks at something else is in the mode of its file again, and that is written down; another summary makes no other rule."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    reload(talk, text(mode="dry-run", summary="in other words"))
    assert mode_now(talk) is Mode.ACT

    lines = reload(talk, text(mode="dry-run", elapsed="2s"))

    assert "audit agent stuck-job arming void" in lines
    assert mode_now(talk) is Mode.DRY_RUN
    assert talk.audit("agent")[-1].reason == "ada had armed it for act, and it says something else since: it is in dry-run again"
    reload(talk, text(mode="dry-run"))
    assert mode_now(talk) is Mode.DRY_RUN


def test_what_a_person_has_disarmed_stays_so():
    """A pack that was changed must not act again because of that."""
    talk = conversation("act")
    talk.hear(told(Mode.OBSERVE))
    lines = reload(talk, text(mode="act", elapsed="2s"))

    assert "audit agent stuck-job arming void" not in lines
    assert mode_now(talk) is Mode.OBSERVE


def test_what_was_said_of_a_rule_that_is_gone_can_be_taken_back():
    """It is kept for as long as the rule may come back, and says nothing of modes when it goes."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    reload(talk, "rules: []")
    assert status(talk.state, talk.at)["armed"][0]["rule"] == "stuck-job"
    talk.hear(told(None))

    assert (talk.audit("operator")[-1].outcome, talk.audit("operator")[-1].reason) == ("as its file says", "it was right 9 times")
    assert talk.state.ledger.arming.armed == {}


def test_the_config_stays_the_ceiling():
    """A config that allows less makes less of what was armed, and it is armed still when it allows more."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    reload(talk, text(mode="dry-run"), Mode.ASK)
    assert mode_now(talk) is Mode.ASK
    reload(talk, text(mode="dry-run"), Mode.ACT)
    assert mode_now(talk) is Mode.ACT


def test_what_comes_after_it_was_armed_is_the_rules():
    """A job that is not overdue yet when the rule is armed is acted upon once it is."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    assert beat(talk, 22_000)[-1] == f"measure {ONE}"
    talk.answer(HEALTHY)

    assert decided(talk) == [("ALLOW", "")]


def test_what_was_so_when_it_was_armed_only_asks():
    """Also once the agent has been started anew with the same rules."""
    talk = conversation("dry-run")
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    assert decided(talk) == [("DRY_RUN", "")]
    talk.hear(told(Mode.ACT), at=23_000)
    talk.answer(HEALTHY)
    assert decided(talk)[1:] == [("ASK", "baseline")]

    talk.crash()
    talk.hear(redis(process(ONE, 30_000), job(ONE, "j1", 1_000), complete=True), at=30_000)
    talk.hear(host(found(ONE)))
    talk.answer(HEALTHY)

    assert decided(talk)[-1] == ("ASK", "baseline")
    assert not talk.audit("intent")


def test_a_new_finding_on_the_same_target_is_no_baseline():
    """One job was overdue when the rule was armed, another becomes so: the process is ended for that."""
    talk = conversation("dry-run")
    beat(talk, 22_000, job(ONE, "j2", 21_000, thread="t2"))
    talk.answer(HEALTHY)
    talk.hear(told(Mode.ACT), at=23_000)
    talk.answer(HEALTHY)
    beat(talk, 42_000)
    talk.answer(HEALTHY)

    assert decided(talk)[-1] == ("ALLOW", "")


def test_at_the_first_start_ever_what_is_so_only_asks():
    """What the first complete reading shows has been so while nobody acted; what comes after it has not."""
    talk = Conversation(rules(text()), installed=False)
    talk.hear(redis(process(ONE, 40_000), job(ONE, "j1", 1_000), job(ONE, "j2", 39_000, thread="t2"), complete=True), at=40_000)
    talk.hear(host(found(ONE)))
    talk.answer(HEALTHY)
    assert decided(talk)[-1] == ("ASK", "baseline")

    beat(talk, 60_000)
    talk.answer(HEALTHY)
    assert decided(talk)[-1] == ("ALLOW", "")


def test_what_was_read_before_everything_was_is_no_news_either():
    """A process that is read before the reading is complete was there before; so was one that the reading ends with."""
    talk = Conversation(rules(text()), installed=False)
    talk.hear(redis(process(ONE, 40_000), job(ONE, "j1", 1_000)), at=40_000)
    talk.hear(redis(process(TWO, 40_000), job(TWO, "j2", 1_000), complete=True))

    assert [alert.baseline for alert in talk.state.ledger.alerts.values()] == [True, True]
    assert talk.state.ledger.arming.looking == ()


def test_a_restart_with_the_same_rules_begins_nothing():
    """What went wrong while the agent was down is the rule's: it was armed before."""
    talk = conversation("act")
    talk.crash()
    talk.hear(redis(process(ONE, 60_000), job(ONE, "j1", 1_000), complete=True), at=60_000)
    talk.hear(host(found(ONE)))
    talk.answer(HEALTHY)

    assert decided(talk)[-1] == ("ALLOW", "")


def test_an_agent_that_is_there_for_an_order_begins_nothing():
    """It observes until the order is carried out, and the next agent goes on as before; what was armed stays so."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    before = talk.state.ledger.arming
    talk.rules = rules(text(mode="dry-run"), Mode.OBSERVE)
    talk.hear(RulesLoaded(talk.rules.digest, Mode.OBSERVE, passing=True))
    beat(talk, 22_000)
    assert not talk.open
    talk.rules = rules(text(mode="dry-run"), Mode.ACT)
    talk.crash()
    talk.hear(redis(process(ONE, 30_000), job(ONE, "j1", 1_000), complete=True), at=30_000)
    talk.hear(host(found(ONE)))
    talk.answer(HEALTHY)

    assert talk.state.ledger.arming == before
    assert decided(talk)[-1] == ("ALLOW", "")


def test_a_mode_that_is_raised_begins_it():
    """By the config or the file, running or over a restart."""
    talk = conversation("act", ceiling=Mode.ASK)
    beat(talk, 22_000)
    talk.answer(HEALTHY)
    assert decided(talk) == [("ASK", "")]
    reload(talk, text())
    talk.answer(HEALTHY)
    assert decided(talk)[-1] == ("ASK", "baseline")


def test_what_is_taken_back_can_begin_it_too():
    """A rule that somebody had disarmed acts again by its file: what has become of things meanwhile only asks."""
    talk = conversation("act")
    talk.hear(told(Mode.OBSERVE))
    beat(talk, 22_000)
    talk.hear(told(None))
    talk.answer(HEALTHY)

    assert decided(talk) == [("ASK", "baseline")]


def test_a_lower_threshold_makes_findings_that_only_ask():
    """And what the rule had found before by its old one stays its own."""
    talk = conversation("act")
    beat(talk, 15_000, job(ONE, "j2", 500, thread="t2"))
    reload(talk, text(elapsed="2s"))
    assert [alert.baseline for alert in talk.state.ledger.alerts.values()] == [True, True]

    talk = conversation("act")
    beat(talk, 22_000)
    reload(talk, text(elapsed="2s"))
    assert [alert.baseline for alert in talk.state.ledger.alerts.values()] == [False]


QUEUE = """
rules:
  - rule: slow
    each: queue
    when: queue.latency > 5m
    for: 10s
    keep_firing_for: 1m
    notify: [ops]
"""


def queue(latency: int | None, name: str = "push") -> Delta:
    """A queue whose oldest job is that old; None: not read yet."""
    return Delta(Kind.QUEUE, name, {"name": name} if latency is None else {"name": name, "latency": latency})


def flags(talk: Conversation) -> list[tuple[str, bool]]:
    """Every alert, and whether it was so when its rule began to act."""
    return [(alert.entity, alert.baseline) for alert in talk.state.ledger.alerts.values()]


def test_it_is_over_once_it_was_really_false():
    """Even for a moment in which the alert goes on firing; not while it can't be known."""
    talk = Conversation(rules(QUEUE), installed=False)
    talk.hear(redis(queue(600_000), complete=True), at=1_000)
    talk.wait(20_000)
    talk.hear(SourceLost(Source.REDIS, "down", "refused"))
    assert flags(talk) == [("push", True)]
    talk.hear(redis(queue(600_000), complete=True), at=25_000)
    talk.hear(SourceBack(Source.REDIS))
    assert flags(talk) == [("push", True)]

    talk.hear(redis(queue(0)), at=30_000)
    assert flags(talk) == [("push", False)]
    talk.hear(redis(queue(600_000)), at=40_000)
    assert flags(talk) == [("push", False)]


def test_what_could_not_be_known_is_told_by_what_is_known_first():
    """Of a queue whose latency is read later than everything else; its going is the end of it as well."""
    talk = Conversation(rules(QUEUE), installed=False)
    talk.hear(redis(queue(None), queue(None, "pull"), queue(None, "mailers"), complete=True), at=1_000)
    assert talk.state.ledger.arming.unknown == {"slow": ("push", "pull", "mailers")}
    talk.hear(redis(queue(600_000), queue(0, "pull"), Gone(Kind.QUEUE, "mailers", "empty")), at=2_000)
    assert talk.state.ledger.arming.unknown == {}
    talk.hear(redis(queue(600_000, "pull"), queue(600_000, "mailers")), at=3_000)

    assert flags(talk) == [("push", True), ("pull", False), ("mailers", False)]


def test_what_retries_wait_for_is_known_once_they_are_counted():
    """A domain that the first census finds was in that state before, however long the census takes; one that comes to it later was not."""
    domains = QUEUE.replace("each: queue", "each: domain").replace("queue.latency > 5m", "domain.retries > 100")
    talk = Conversation(rules(domains), installed=False)
    talk.hear(redis(Delta(Kind.SIDEKIQ, "sidekiq", {}), complete=True), at=1_000)
    talk.hear(redis(Delta(Kind.DOMAIN, "slow.example", {"retries": 500})), at=9_000)
    talk.hear(
        redis(Delta(Kind.SIDEKIQ, "sidekiq", {"retry_census_at": 9_500}), Delta(Kind.DOMAIN, "dead.example", {"retries": 500})), at=9_500
    )
    talk.hear(redis(Delta(Kind.DOMAIN, "new.example", {"retries": 500})), at=20_000)

    assert flags(talk) == [("slow.example", True), ("dead.example", True), ("new.example", False)]


def test_what_is_gone_when_the_agent_comes_back_is_not_waited_for():
    """The names of entities that are not there any more are forgotten with the first complete reading."""
    talk = Conversation(rules(QUEUE), installed=False)
    talk.hear(redis(queue(None), queue(None, "pull"), complete=True), at=1_000)
    talk.crash()
    talk.hear(redis(queue(None), complete=True), at=9_000)

    assert talk.state.ledger.arming.unknown == {"slow": ("push",)}


def test_a_reading_that_could_not_be_written_down_counts_all_the_same():
    """The store failed just then: what was read was read, what it showed was so before, and what comes later is news."""
    talk = Conversation(rules(QUEUE), installed=False)
    before = talk.state.ledger
    talk.hear(redis(queue(600_000), complete=True), at=1_000)
    talk.state = State(before, talk.state.world)
    talk.state.world.must_judge_all = True
    talk.hear(TimeReached(), at=2_000)
    talk.hear(redis(queue(600_000, "pull")), at=3_000)

    assert flags(talk) == [("push", True), ("pull", False)]


def test_a_look_that_is_answered_too_late_leads_to_nothing():
    """Whoever disarms a rule between the look and its answer means now."""
    talk = conversation("act")
    beat(talk, 22_000)
    talk.hear(told(Mode.OBSERVE))

    assert talk.answer(HEALTHY) == []
    assert talk.state.ledger.requests == {}


def test_a_run_that_can_be_taken_back_ends_with_its_rule_disarmed():
    """Before the first signal that counts it is abandoned, and says why."""
    talk = conversation("act")
    talk.holds_nothing = False
    beat(talk, 22_000)
    assert talk.answer(HEALTHY)[-1] == f"gather before {ONE}"
    talk.hear(told(Mode.DRY_RUN))
    talk.answer(InFlight(()))
    lines = talk.answer(HEALTHY)

    assert not [line for line in lines if line.startswith("signal")]
    last = talk.audit("incident")[-1]
    assert (last.outcome, last.reason.partition(";")[0]) == ("abandoned", "its rule has been put into dry-run")


def test_raised_from_observe_an_alert_that_fires_is_wanted():
    """It asks, since it was so already; in dry-run it says what would be done."""
    talk = conversation("observe")
    beat(talk, 22_000)
    assert talk.state.ledger.requests == {}
    assert talk.hear(told(Mode.DRY_RUN))[-1] == f"measure {ONE}"
    talk.answer(HEALTHY)

    assert decided(talk) == [("DRY_RUN", "")]


def test_heard_twice_it_is_heeded_once():
    """The agent died before it could put the file away: what was armed is not armed again, after somebody else took it back."""
    talk = conversation("dry-run")
    first = told(Mode.ACT)
    talk.hear(first)
    talk.hear(told(None))
    event = Event(talk.seq + 1, talk.at, WALL + talk.at, first)
    state, effects = advance(talk.rules, talk.state, event)

    assert (state.ledger.arming.armed, effects) == ({}, ())


@pytest.mark.parametrize(("mode", "outcome"), [(Mode.ACT, "refused"), (Mode.ASK, "refused"), (Mode.OBSERVE, "armed")])
def test_what_lay_there_for_long_arms_nothing(mode, outcome):
    """It was said while no agent ran, of what was there then; to hold a rule back it counts all the same."""
    talk = conversation("dry-run")
    talk.wait(3_600_001)
    talk.hear(told(mode))
    assert talk.audit("operator")[-1].outcome == outcome
