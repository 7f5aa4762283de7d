"""Who may answer a question, how many must, and how it is said."""

import msgspec
import pytest

from tests.scenario.conversation import Conversation, rules
from tests.scenario.test_approvals import ONE, RULE, answered, approve, only, outcomes, pass_time, signals, waiting, wedge
from watchdog.engine.approvals import USE_WITHIN
from watchdog.engine.rules import RuleSet
from watchdog.model.told import OperatorApproved
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules


def told(talk: Conversation, *people: tuple[str, str], approvals: int = 1) -> Conversation:
    """Only these may answer, so many of them must."""
    named = {"approvals": approvals} | ({"people": people} if people else {})
    talk.rules = RuleSet(
        tuple(msgspec.structs.replace(rule, guards={**rule.guards, **named}) for rule in talk.rules.rules),
        talk.rules.digest,
        talk.rules.mode,
    )
    return talk


def test_two_people_must():
    """The second of two different people begins it; the same person twice is one, by whichever way."""
    people = (("local:ada", "ada"), ("matrix:@ada:example.org", "ada"), ("local:ben", "ben"))
    talk = told(Conversation(rules(RULE, Mode.ASK)), *people, approvals=2)
    wedge(talk)

    assert approve(talk, by="ada") == "noted: terminate_process on web1/app[push]: ada approves, 1 more must"
    assert approve(talk, by="@ada:example.org", channel="matrix") == "refused: ada has approved it already, and 2 different people must"
    pass_time(talk, 60_000)
    assert signals(talk) == []
    assert approve(talk, by="ben").startswith("approved")
    assert (signals(talk), only(talk).settled) == ([f"TERM {ONE}"], "approved by ada and ben")


@pytest.mark.parametrize(("by", "channel"), [("carl", "local"), ("ada", "matrix"), ("", "local"), ("ada", "page")])
def test_not_on_the_list(by, channel):
    """Who is not named may not answer, nor who comes by another way under the same name."""
    talk = told(Conversation(rules(RULE, Mode.ASK)), ("local:ada", "ada"))
    wedge(talk)

    assert "is none of the people who may answer" in approve(talk, by=by, channel=channel)
    assert (outcomes(talk), signals(talk)) == (["asked"], [])


def test_where_nobody_is_named_only_this_machine_may():
    """Whoever may give orders here may; from elsewhere nobody."""
    talk = waiting()
    assert "none of the people" in approve(talk, channel="matrix")
    assert approve(talk).startswith("approved")


@pytest.mark.parametrize(
    ("people", "answer"), [((), "approved"), ((("page:ada", "ada"),), "approved"), ((("page:ben", "ben"),), "refused")]
)
def test_by_the_page(people, answer):
    """Whoever has a token of it, as long as the config names nobody; then only who is named."""
    talk = told(Conversation(rules(RULE, Mode.ASK)), *people)
    wedge(talk)
    assert approve(talk, by="ada", channel="page").startswith(answer)


@pytest.mark.parametrize("approval", ["xxxxx", "", "K7F3X "])
def test_an_id_that_nobody_knows(approval):
    """It is refused, with the way to those that are open."""
    talk = waiting()
    said = answered(talk, OperatorApproved(id="1", by="ada", reason="", asked=talk.booted_wall + talk.at, approval=approval))

    assert said == f"refused: nobody was asked anything under {approval!r}; `sidekiq-watchdog approve --list` shows what is open"


def test_an_id_is_typed_as_people_type():
    """In large letters, with a blank."""
    talk = waiting()
    assert approve(talk, f" {only(talk).id.upper()} ").startswith("approved")


def test_what_was_said_long_ago_counts_no_more():
    """A yes that lay in its folder for longer than an approval may wait is refused."""
    talk = waiting()
    said = OperatorApproved(id="1", by="ada", reason="", asked=talk.booted_wall + talk.at, approval=only(talk).id)
    pass_time(talk, USE_WITHIN + 1_000)

    assert answered(talk, said) == "refused: it was said 10m 1s ago; look again"


def test_the_config_names_people():
    """What the config says under `ask` is in every rule: at least so many people, and the time where a rule has none of its own."""
    from watchdog.rulefile.ask import AskSettings

    text = RULE.replace(", answer_within: 30m", "") + RULE.replace("rules:\n", "").replace("stuck-job", "own").replace(
        "30m", "5m, approvals: 3"
    )
    found, problems = read_rules([("r.yml", text)], Mode.ACT, ["ops"], ask=AskSettings((("local:ada", "ada"),), 2, 120_000))

    assert [problem for problem in problems if not problem.is_warning] == []
    assert [(rule.guards["approvals"], rule.guards["answer_within"]) for rule in found.rules] == [(2, 120_000), (3, 300_000)]
    assert {rule.guards["people"] for rule in found.rules} == {(("local:ada", "ada"),)}
