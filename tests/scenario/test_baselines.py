"""What was so already when its rule began to act only asks: by whatever it began, and until it was really false."""

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_arming import ONE, TWO, beat, conversation, decided, reload, text, told
from watchdog.engine.state import State
from watchdog.model.events import Delta, Gone, RulesLoaded, SourceBack, SourceLost, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode


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
    assert decided(talk) == [("ASK", "approval")]
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
