"""What tests show of rules: that they fire, that they are over, that they keep still in what only looks like them."""

from tests.unit.rulefile.test_rehearsal import play, rules
from watchdog.rulefile.reached import Reached
from watchdog.rulefile.rehearsal import rehearse
from watchdog.rulefile.shown import Show, Shown, Unshown, unshown
from watchdog.rulefile.tests import read_tests, strangers_in

FULL = "rules:\n  - {rule: full, each: queue, when: queue.size > 100}\n"
QUEUE = "    entities: [{queue: push, size: 5x3 200x3 5}]\n"


def shown(text: str) -> list[Shown]:
    """What the only test of a text shows of the rule `full`."""
    file, problems = read_tests("t.yml", "tests:\n  - test: one\n" + text)
    assert problems == ()
    return list(rehearse(file.tests[0], rules(FULL), Reached()).shows)


def test_an_alert_that_is_expected_fires() -> None:
    """It counts where somebody looks at it, and only there."""
    assert shown(QUEUE + "    expect: [{at: 40s, alerts: [{rule: full, entity: push}]}]\n") == [Shown("full", Show.FIRES)]
    assert shown(QUEUE + "    expect: [{at: 10s, alerts: []}, {at: 40s, decisions: []}]\n") == []


def test_an_alert_that_is_over_resolves() -> None:
    """Where it has fired in the same test before, on the same entity."""
    over = QUEUE + "    expect: [{at: 40s, alerts: [{rule: full, entity: push}]}, {at: 1m, alerts: []}]\n"
    assert Shown("full", Show.RESOLVES) in shown(over)
    assert shown(QUEUE + "    expect: [{at: 10s, alerts: []}]\n") == []


def test_a_look_alike_keeps_still() -> None:
    """It counts for the rule that it names."""
    alike = "    look_alike: [full]\n    entities: [{queue: push, size: 100}]\n    expect: [{at: 1m, alerts: []}]\n"
    assert shown(alike) == [Shown("full", Show.LOOK_ALIKE)]


def test_a_look_alike_in_which_the_rule_fires_fails() -> None:
    """At any time, also where nobody looks; then nothing is shown by it."""
    alike = "    look_alike: [full]\n" + QUEUE + "    expect: [{at: 1m, alerts: []}]\n"
    assert play(FULL, alike) == ["t.yml:3:18: after 30s: expected full firing at no time, found full firing on push"]
    assert shown(alike) == []


def test_a_look_alike_needs_something_to_be_wrong_about() -> None:
    """Without an entity of its kind a rule keeps still whatever it says."""
    alike = "    look_alike: [full]\n    entities: [{job: j1}]\n    expect: [{at: 1m, alerts: []}]\n"
    assert play(FULL, alike) == [
        "t.yml:3:18: after 1m: expected something that looks like full, found nothing there that the rule looks at"
    ]


def test_a_look_alike_of_no_rule_is_a_mistake() -> None:
    """As is everything else that is expected of a rule that there is not."""
    file, _ = read_tests(
        "t.yml", "tests:\n  - test: one\n    look_alike: [fall]\n    entities: [{job: j1}]\n    expect: [{at: 1m, alerts: []}]\n"
    )
    assert [str(problem) for problem in strangers_in(file, ["full"])] == [
        "t.yml:3:18: E431 no rule here is called 'fall'   hint: did you mean 'full'?"
    ]


def test_what_is_not_shown_is_said() -> None:
    """Rule by rule, in the order of the three; complete rules are left out."""
    every = [Shown("a", show) for show in Show]
    assert unshown(["a", "b"], [*every, Shown("b", Show.RESOLVES)]) == (Unshown("b", (Show.FIRES, Show.LOOK_ALIKE)),)
