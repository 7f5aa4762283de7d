"""Units in the picture: rules reach them from processes, a systemd that can't be asked is blindness, one that is not there is none."""

from tests.scenario.conversation import Conversation, found, host, process, redis, rules
from watchdog.model.events import Delta, Observed, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Mode

ONE, UNIT = "web1:10:abc", "mastodon-sidekiq.service"
CLIMBING = "rules: [{rule: climbing, each: process, when: unit(process.unit).restarts >= 3, notify: [ops]}]"
FAILED = "rules: [{rule: failed, each: unit, when: unit.failed, notify: [ops]}]"
ON_FAILED = "rules: [{rule: failed, each: unit, on: UnitFailed, notify: [ops]}]"


def systemd(*changes: Delta, complete: bool = False) -> Observed:
    """A reading of systemd."""
    return Observed(Source.SYSTEMD, changes, complete)


def unit(**fields: object) -> Delta:
    """What is told of the unit."""
    return Delta(Kind.UNIT, UNIT, fields)


def begun(text: str) -> Conversation:
    """One process in that unit."""
    talk = Conversation(rules(text, Mode.OBSERVE))
    talk.hear(redis(process(ONE, 0), complete=True))
    talk.hear(host(found(ONE, unit=UNIT)))
    return talk


def told(talk: Conversation) -> list[str]:
    """What was said of alerts."""
    return [row.outcome for row in talk.audit("alert")]


def test_a_process_is_judged_by_its_unit():
    """Whatever is told of the unit, its processes are judged anew."""
    talk = begun(CLIMBING)
    talk.hear(systemd(unit(restarts=2), complete=True))
    assert told(talk) == []
    talk.hear(systemd(unit(restarts=3)))
    assert told(talk) == ["firing"]
    talk.hear(systemd(unit(restarts=0)))
    assert told(talk) == ["firing", "resolved"]


def test_a_unit_that_comes_into_sight_with_its_past():
    """What systemd counted before the unit was followed is no increase; what it counts from then on is."""
    talk = begun("rules: [{rule: climbing, each: unit, when: 'increase(unit.restarts, 10m) >= 3', notify: [ops]}]")
    talk.hear(systemd(complete=True))
    talk.wait(1_200_000)
    talk.hear(systemd(unit(restarts=7)))
    talk.wait(1_500_000)
    assert told(talk) == []
    talk.hear(systemd(unit(restarts=10)))
    talk.wait(1_600_000)
    assert told(talk) == ["firing"]


def test_without_systemd_nothing_is_lost():
    """Rules on units are unknown, nobody is told of a lost source, and `status` shows none."""
    talk = begun(CLIMBING)
    talk.wait(600_000)
    assert told(talk) == []
    assert talk.audit("source") == []
    assert talk.state.ledger.lost == {}


def test_a_systemd_that_can_not_be_asked():
    """An alert stays as it is while nobody knows; what has become of the unit counts when it can be asked again."""
    talk = begun(FAILED)
    talk.hear(systemd(unit(failed=True), complete=True))
    talk.hear(SourceLost(Source.SYSTEMD, "reset", "the system bus closed the connection"))
    assert [(row.entity, row.outcome) for row in talk.audit("source")] == [("systemd", "lost")]
    talk.wait(600_000)
    assert told(talk) == ["firing"]
    talk.hear(systemd(unit(failed=False), complete=True))
    talk.hear(SourceBack(Source.SYSTEMD))
    assert told(talk) == ["firing", "resolved"]


def test_a_restart_of_the_agent_ends_no_alert_of_a_unit():
    """Redis is read before systemd: that a unit is not there yet says nothing; only systemd says that it is gone."""
    talk = begun(FAILED)
    talk.hear(systemd(unit(failed=True), complete=True))
    talk.crash()
    talk.hear(redis(process(ONE, 0), complete=True))
    assert told(talk) == ["firing"]
    talk.hear(systemd(complete=True))
    assert told(talk) == ["firing", "resolved"]


def test_a_unit_that_had_failed_before_is_no_news():
    """What systemd tells at first was so before, whether Redis has been read by then or can't be read at all."""
    for first in (redis(process(ONE, 0), complete=True), SourceLost(Source.REDIS, "refused", "nothing listens")):
        talk = Conversation(rules(ON_FAILED, Mode.OBSERVE))
        talk.hear(first)
        talk.hear(systemd(unit(failed=False), Delta(Kind.UNIT, "other.service", {"failed": True}), complete=True))
        assert told(talk) == []
        talk.hear(systemd(unit(failed=True)))
        assert told(talk) == ["firing", "resolved"]
