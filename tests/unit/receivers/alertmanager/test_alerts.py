"""From a dispatch to alerts with labels, beginning and end."""

from typing import Any

import msgspec
import pytest

from tests.unit.receivers.dispatches import BEGAN, dispatch, entry, over, turn
from watchdog.model.cards import Entry, Standing
from watchdog.model.notices import NoticeKind, Severity
from watchdog.receivers.alertmanager.alerts import MOST, PREFIX, Report, report_of
from watchdog.receivers.alertmanager.labels import AGENT, BLIND, MORE, OURS, labels_of

EVERY = 60_000
NOW = BEGAN + 100_000


def told(*entries: Entry, posted: dict[str, str] | None = None, now: int = NOW, **more) -> Report:
    """What is told of these at that moment."""
    return report_of(dispatch(*entries, posted=posted, **more), now=now, every=EVERY)


def remembered(said: Report, before: dict[str, str] | None = None) -> dict[str, str]:
    """What is remembered after it has arrived."""
    return {name: line for name, line in {**(before or {}), **said.lines}.items() if line}


def test_an_alert_that_fires():
    """It began when the alert did, holds for four tellings, and says what it is by labels and what it means by annotations."""
    (alert,) = told(entry(labels={"team": "ops"}, target="web1/mastodon-sidekiq.service", runbook="https://example.org/stuck")).alerts
    assert alert.as_posted() == {
        "labels": {
            "alertname": "stuck-job", "severity": "critical", "instance": "web1", "entity": "web1:4321:abc", "target": "web1/mastodon-sidekiq.service", "team": "ops",
        },
        "annotations": {
            "summary": "web1/sidekiq-2 holds 3 jobs",
            "description": alert.known.annotations["description"],
            "runbook_url": "https://example.org/stuck",
        },
        "startsAt": "2023-11-14T22:13:20.000Z",
        "endsAt": "2023-11-14T22:19:00.000Z",
    }  # fmt: skip
    assert "web1:4321:abc" in alert.known.annotations["description"]


def test_an_alert_that_is_over():
    """It ends when it was resolved, and is told of once."""
    lines = remembered(told(entry()))
    said = told(over(), notices=(turn(kind=NoticeKind.RESOLVED),), posted=lines)
    (alert,) = said.alerts
    assert (alert.is_over, alert.as_posted()["endsAt"]) == (True, "2023-11-14T22:14:20.000Z")
    assert remembered(said, lines) == {}
    assert told(over(), notices=(), posted={}).alerts == ()


def test_its_labels_stay_as_they_were():
    """Whatever becomes of severity, target and labels of the rule: it is the same alert to the end."""
    lines = remembered(told(entry(labels={"team": "ops"})))
    changed: dict[str, Any] = {"severity": Severity.INFO, "target": "web1/x.service", "labels": {"team": "dev"}, "since": BEGAN + 5_000}
    for one in (entry(**changed), over(**changed)):
        (alert,) = told(one, posted=lines).alerts
        assert alert.known.labels == msgspec.json.decode(lines[f"{PREFIX}7"])["labels"]
        assert alert.as_posted()["startsAt"] == "2023-11-14T22:13:20.000Z"


def test_it_is_told_again_while_it_fires():
    """Without any turn of the story: for as long again, and nothing has to be written down anew."""
    lines = remembered(told(entry()))
    said = told(entry(), notices=(), posted=lines, now=NOW + EVERY)
    assert [alert.until for alert in said.alerts] == [NOW + EVERY + 4 * EVERY]
    assert said.lines == {}


def test_it_fired_and_was_over_while_nobody_could_be_told():
    """It is told of as over, so that it stands in no list; its end is never after now."""
    (alert,) = told(over(at=NOW + 5_000), notices=(turn(), turn(kind=NoticeKind.RESOLVED))).alerts
    assert (alert.is_over, alert.until) == (True, NOW)


def test_it_never_ends_before_it_has_begun():
    """Clocks are set back: an alert of which that would be said is refused, and all that are sent with it."""
    posted = told(entry(since=NOW + 10_000), over("8", at=NOW + 3_000, since=NOW + 9_000, entity="other")).alerts[1].as_posted()
    assert posted["startsAt"] == posted["endsAt"]


def test_what_the_agent_says_of_itself_is_said_once():
    """Nobody would tell when it is over."""
    said = told(entry("agent", rule="", title="started in dry-run"), notices=(turn("agent", NoticeKind.AGENT, rule=""),))
    assert [alert.known.labels["alertname"] for alert in said.alerts] == [AGENT]
    assert said.lines == {}
    assert told(entry("agent", rule=""), notices=()).alerts == ()


def test_what_has_no_room_on_the_card_goes_on():
    """As long as there are such, what was told of is told of again; one alert stands for all that are not known one by one."""
    lines = remembered(told(entry("1", entity="a"), entry("2", entity="b")))
    said = told(entry("2", entity="b"), notices=(), posted=lines, more=41)
    assert sorted((alert.known.labels["alertname"], alert.is_over) for alert in said.alerts) == [
        (MORE, False),
        ("stuck-job", False),
        ("stuck-job", False),
    ]
    assert "40 more" in next(alert for alert in said.alerts if alert.known.labels["alertname"] == MORE).known.annotations["summary"]
    lines = remembered(said, lines)
    said = told(over("2", entity="b"), notices=(turn("2", NoticeKind.RESOLVED),), posted=lines)
    assert len(said.alerts) == 3
    assert all(alert.is_over for alert in said.alerts)
    assert remembered(said, lines) == {}


def test_alerts_beside_the_card_are_told_of_one_by_one():
    """The card has room for fifty; whoever fires or ends beside it is known by its own notices."""
    beside: dict[str, Any] = {"rule": "stuck-job", "entity": "b", "severity": Severity.CRITICAL}
    said = told(entry("1", entity="a"), notices=(turn("2", **beside), turn("3", **{**beside, "entity": "c"})), more=2)
    assert sorted(alert.known.labels["entity"] for alert in said.alerts) == ["a", "b", "c"]
    lines = remembered(said)
    ended = turn("2", NoticeKind.RESOLVED, **{**beside, "severity": Severity.INFO, "at": BEGAN + 50_000, "target": "web1/x.service"})
    said = told(entry("1", entity="a"), notices=(ended,), posted=lines, more=1, more_over=1)
    assert {alert.known.labels["entity"]: (alert.is_over, alert.known.labels["severity"]) for alert in said.alerts} == {
        "a": (False, "critical"), "b": (True, "critical"), "c": (False, "critical"),
    }  # fmt: skip
    assert sorted(remembered(said, lines)) == ["alert:1", "alert:3"]


def test_a_source_that_can_not_be_read_is_an_alert():
    """With a beginning and an end; each source by itself."""
    lost = [entry(f"source:{name}", rule="", entity="", title=f"can't read {name}") for name in ("redis", "host")]
    said = told(*lost)
    assert [(alert.known.labels["alertname"], alert.known.labels["source"], alert.is_over) for alert in said.alerts] == [
        (BLIND, "redis", False), (BLIND, "host", False),
    ]  # fmt: skip
    lines = remembered(said)
    back = over("source:redis", rule="", entity="", title="redis can be read again")
    said = told(back, lost[1], notices=(turn("source:redis", NoticeKind.SOURCE, rule=""),), posted=lines)
    assert [(alert.known.labels["source"], alert.is_over) for alert in said.alerts] == [("redis", True), ("host", False)]


def test_what_a_person_has_ordered_is_no_alert_that_goes_on():
    """It has nobody who would resolve it."""
    ordered = entry("order:7", rule="order:7", title="ada has ordered restart_unit")
    assert [alert.known.labels["alertname"] for alert in told(ordered).alerts] == [AGENT]
    assert told(ordered, notices=()).alerts == ()


def test_two_of_the_same_labels_are_one():
    """What goes on counts: an alert that came again must not be ended by the one before."""
    said = told(over("1"), entry("2", since=BEGAN + 70_000))
    assert [(alert.is_over, alert.known.since) for alert in said.alerts] == [(False, BEGAN + 70_000)]
    ends = told(over("1", at=BEGAN + 1), over("2", at=BEGAN + 2)).alerts
    assert [alert.until for alert in ends] == [BEGAN + 2]


def test_memory_is_bounded():
    """Of a storm only so many are remembered; all that the card has are told of."""
    said = told(*(entry(str(number), entity=str(number)) for number in range(MOST + 5)))
    assert len(said.alerts) == MOST + 5
    assert len(remembered(said)) == MOST


@pytest.mark.parametrize("standing", [Standing.FIRING, Standing.ASKING, Standing.ACTING, Standing.HELD, Standing.VERIFIED, Standing.FAILED])
def test_whatever_is_done_about_it_it_fires_until_it_is_over(standing):
    """Alertmanager knows two states."""
    (alert,) = told(entry(standing=standing)).alerts
    assert not alert.is_over


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("team", "team"),
        ("severity", "rule_severity"),
        ("instance", "rule_instance"),
        ("a-b.c", "a_b_c"),
        ("1st", "rule_1st"),
        ("__name__", "rule___name__"),
        ("ü", "rule__"),
    ],
)
def test_a_label_of_the_rule_has_a_valid_name(name, shown):
    """And never takes the place of one of ours."""
    labels = labels_of(entry(labels={name: "x"}))
    assert labels[shown] == "x"
    assert set(labels) - set(OURS) == {shown}


def test_no_label_is_empty_or_hostile():
    """Alertmanager drops empty ones, so that an alert would be another; what strangers named is harmless and short."""
    labels = labels_of(entry(target="", entity="evil\x1b[31m\u202e\nname" + "x" * 10_000))
    assert "target" not in labels
    assert labels["entity"].isprintable()
    assert len(labels["entity"]) <= 300


def test_what_to_do_is_an_annotation():
    """A text under `runbook`, once; an address under `runbook_url`."""
    (alert,) = told(entry(runbook="1. Look.\n2. Wait.")).alerts
    assert alert.known.annotations["runbook"] == "1. Look.\n2. Wait."
    assert "runbook_url" not in alert.known.annotations
    assert "Look" not in alert.known.annotations["description"]
