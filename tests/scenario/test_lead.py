"""Conversations about what concerns the whole: each agent of a Redis sees it, and the one that leads does it."""

import pytest

from tests.scenario.conversation import Conversation, job, process, redis
from tests.scenario.test_edits import DELETE, JOB, NAME, ONE, THEN, domain
from tests.scenario.test_fleet import RULE, beats, sick, with_a_fleet
from watchdog.engine.fit_to_lead import has_something_to_lead
from watchdog.engine.fleet import LAPSE, Lead
from watchdog.model.effects import TakeJobs
from watchdog.model.events import FleetLead, Gap, SourceBack, SourceLost
from watchdog.model.kinds import Source
from watchdog.model.results import Counted, JobsTaken
from watchdog.model.verdicts import Mode

THEIRS = FleetLead("web2")
MINE = FleetLead("web1", mine=True)
LED = "the agent of web2 leads: what concerns the whole is its to do"
UNKNOWN = "it is not known yet who leads"
COUNT = f"count {NAME}"


def seen(*said: FleetLead, mode: Mode = Mode.ACT, text: str = DELETE) -> Conversation:
    """The agent has heard that, and the alert on the domain has fired at 21 s."""
    talk = Conversation(with_a_fleet(text, mode))
    for one in said:
        talk.hear(one, at=500)
    talk.hear(redis(domain(403), complete=True), at=1_000)
    talk.wait(21_000)
    return talk


def reasons(talk: Conversation) -> list[tuple[str, str]]:
    """Of what was denied so far: guard and reason."""
    return [(row.guard, row.reason) for row in talk.audit("decision") if row.decision == "DENY"]


def taken(talk: Conversation) -> int:
    """How often jobs were asked for."""
    return sum(isinstance(effect, TakeJobs) for effect in talk.effects)


@pytest.mark.parametrize(
    ("text", "mode", "leads"),
    [
        (DELETE, Mode.ACT, True),
        (DELETE, Mode.ASK, True),
        (DELETE, Mode.DRY_RUN, False),
        (DELETE.replace("each: domain", "each: domain\n    mode: dry-run"), Mode.ACT, False),
        (THEN, Mode.ACT, True),
        (RULE.replace("KEEP", "0%"), Mode.ACT, False),
        ("rules: []", Mode.ACT, False),
    ],
)
def test_who_leads_has_something_to_lead(text, mode, leads):
    """An agent without a rule that may have jobs moved would keep one from it that has."""
    talk = Conversation(with_a_fleet(text, mode))
    assert has_something_to_lead(talk.rules, talk.state.ledger) is leads


def test_of_two_agents_one_does_it_and_the_other_says_who():
    """Both see the same at the same time."""
    leader, other = seen(MINE), seen(THEIRS)
    assert leader.answer(Counted(403))[-1].startswith(f"take {NAME}")
    assert (taken(leader), taken(other), other.open) == (1, 0, {})
    assert reasons(other) == [("in_flight", LED)]
    assert other.wait(60_000) == []


def test_the_leader_is_gone_and_the_other_takes_over():
    """Once the lease has run out it is this agent's: it hears so, and does at once what still has to be done."""
    talk = seen(THEIRS)
    talk.wait(50_000)
    assert talk.hear(MINE, at=51_000) == [COUNT]
    assert talk.answer(Counted(403))[-1].startswith(f"take {NAME}")


def test_the_same_word_again_changes_nothing():
    """The ledger is the very same."""
    talk = seen(THEIRS)
    before = talk.state.ledger
    assert talk.hear(THEIRS) == []
    assert talk.state.ledger is before


def test_it_waits_for_the_first_word():
    """Before it is known who leads nothing is begun; then it is, at once."""
    talk = seen()
    assert reasons(talk) == [("settling", UNKNOWN)]
    assert talk.hear(MINE) == [COUNT]


def test_the_first_word_is_that_another_leads():
    """Then that is what is said."""
    talk = seen()
    talk.hear(THEIRS)
    assert reasons(talk)[1:] == [("in_flight", LED)]


def test_where_nobody_can_lead_each_acts_by_itself():
    """Redis gives no lease, as to an agent that may not write: whether it can do anything is found out by doing it."""
    assert seen(FleetLead("")).answer(Counted(403))[-1].startswith(f"take {NAME}")


def test_dry_run_leaves_it_to_the_leader_too():
    """It says what would be done by this agent, and that is nothing."""
    assert reasons(seen(THEIRS, mode=Mode.DRY_RUN)) == [("in_flight", LED)]


def test_what_has_begun_is_brought_to_its_end():
    """The lead passes to another while jobs are moved, and the agent dies in the middle: it asks again under the same order."""
    talk = seen(MINE)
    talk.answer(Counted(403))
    talk.hear(THEIRS, at=22_000)
    talk.crash()
    talk.hear(THEIRS)
    talk.hear(redis(domain(403), complete=True), at=23_000)
    talk.wait(25_000)
    assert taken(talk) == 2
    assert talk.answer(JobsTaken(403))[0] == "audit outcome dead-domain take 403 taken"


@pytest.mark.parametrize(
    "body", [Gap(1_000, LAPSE), Gap(1_000, 1_000, asleep=LAPSE - 1_000), SourceLost(Source.REDIS, "gone", "Redis is gone")], ids=str
)
def test_a_lead_that_may_have_run_out_is_heard_anew(body):
    """While the agent was held up, or could not reach Redis, another may have begun to lead."""
    talk = Conversation(with_a_fleet(DELETE))
    talk.hear(MINE)
    talk.hear(body, at=30_000)
    assert talk.state.ledger.fleet.lead is None


@pytest.mark.parametrize(
    "body", [Gap(1_000, LAPSE - 1), SourceLost(Source.HOST, "gone", "/proc is gone"), SourceBack(Source.REDIS)], ids=str
)
def test_a_short_gap_is_no_loss(body):
    """The lease lives on."""
    talk = Conversation(with_a_fleet(DELETE))
    talk.hear(MINE)
    talk.hear(body, at=30_000)
    assert talk.state.ledger.fleet.lead == Lead("web1", mine=True)


def test_a_start_hears_it_anew():
    """What the ledger says is of before."""
    talk = seen(MINE)
    talk.crash()
    assert talk.state.ledger.fleet.lead is None


def test_one_job_in_the_whole_is_the_leaders_too():
    """Every agent sees it wait."""
    talk = Conversation(with_a_fleet(JOB))
    talk.hear(THEIRS)
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    assert talk.open == {}
    assert reasons(talk) == [("in_flight", LED)]


def test_the_end_of_a_process_is_its_own_hosts():
    """Whoever leads, signals are local."""
    talk = Conversation(with_a_fleet(THEN))
    talk.hear(THEIRS)
    sick(talk)
    assert beats(talk, 22_000)[-1] == f"measure {ONE}"
