"""What a person says to an incident that is held after the point of no return: go on at once, or leave it to me."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, redis
from tests.scenario.test_recover import RULE, answer, asked, beat, ended, held, talking, to_quiet
from watchdog.model.effects import Notify
from watchdog.model.events import Paused, Resumed
from watchdog.model.flight import Fate, Placed
from watchdog.model.results import Exited, InFlight, PutBackDone, Refused, Sent
from watchdog.model.told import OperatorClosed, OperatorWentOn


@pytest.fixture
def talk() -> Conversation:
    """A process that is quiet, held by a pause before its KILL."""
    talk = talking(RULE)
    to_quiet(talk)
    talk.hear(Paused("ada", "wait"))
    beat(talk, 52_000, ended("j2", "t2", 11_000))
    talk.wait(53_000)
    answer(talk, InFlight((held("j1"),)))
    assert "audit incident stuck-job paused KILL held" in answer(talk, HEALTHY)
    return talk


def incident(talk: Conversation) -> str:
    """The one that is open."""
    (name,) = talk.state.ledger.playbooks
    return name


def go_on(talk: Conversation, *overruled: str, id_: str = "c1") -> list[str]:
    """Said by eve."""
    return talk.hear(OperatorWentOn(id=id_, by="eve", reason="I know", asked=WALL, incident=incident(talk), overruled=overruled))


def close(talk: Conversation, name: str = "", *, id_: str = "c9") -> Any:
    """Said by eve; the row that answers it."""
    talk.hear(OperatorClosed(id=id_, by="eve", reason="I do it", asked=WALL, incident=name or incident(talk)))
    return next(row for row in talk.audit("operator") if row.detail.get("told") == id_)


def messages(talk: Conversation) -> list[str]:
    """Titles of what people were told."""
    return [effect.notice.title for effect in talk.effects if isinstance(effect, Notify)]


def test_the_message_says_the_state_and_the_ways_out(talk):
    """Which state it is left in, the signal by hand, and both commands as they are typed."""
    name = incident(talk)
    assert messages(talk)[-1] == (
        "web1/app[push] is left half-way at stage KILL: paused by ada: wait; "
        "it is quiet: it fetches no job until it is restarted (by hand, on web1: kill -TERM 10); by hand, on web1: kill -KILL 10; "
        f"to let it go on: sidekiq-watchdog go-on {name} --force paused --reason WHY; "
        f"if you see to it yourself: sidekiq-watchdog close {name} --reason WHY"
    )


def test_it_is_asked_again_by_itself_and_said_once(talk):
    """Each five seconds, with no further message while the same guard holds it."""
    before = len(messages(talk))
    for _ in range(4):
        talk.wait(talk.at + 5_000)
        beat(talk, talk.at)
        answer(talk, HEALTHY)
    assert len(messages(talk)) == before


def test_go_on_tries_at_once_and_a_guard_still_holds(talk):
    """Without a name nothing is overruled: it is looked at in that very turn, and held again."""
    assert asked(go_on(talk)) == ["measure web1:10:abc"]
    assert asked(answer(talk, HEALTHY)) == []
    assert next(iter(talk.state.ledger.runs.values())).held_by == "paused"


def test_go_on_overrules_what_is_named_up_to_the_end(talk):
    """The pause goes on for all others; this action is brought to its end, jobs included, and it is written down who let it."""
    assert asked(go_on(talk, "paused")) == ["measure web1:10:abc"]
    row = talk.audit("operator")[-1]
    assert (row.outcome, row.rule, row.detail["by"], row.detail["overruled"]) == ("goes on", "stuck-job", "eve", "paused")
    assert asked(answer(talk, HEALTHY)) == ["signal KILL web1:10:abc"]
    answer(talk, Sent())
    answer(talk, Exited())
    assert any(line.startswith("put back j1") for line in answer(talk, InFlight((held("j1"),))))
    assert talk.state.ledger.pauses


def test_what_was_overruled_outlives_a_crash(talk):
    """The next agent goes on as the person has said."""
    go_on(talk, "paused")
    talk.crash()
    beat(talk, talk.at + 10_000)
    talk.hear(redis(complete=True))
    run = next(iter(talk.state.ledger.runs.values()))
    assert run.overruled == ("paused",)


def test_close_leaves_everything_as_it_is(talk):
    """No signal, no further step; the incident says in which state the process is, and its alert wants nothing more."""
    name = incident(talk)
    row = close(talk)
    assert (row.outcome, row.rule, row.target) == ("closed", "stuck-job", "web1/app[push]")
    (over,) = (one for one in talk.audit("incident") if one.outcome == "closed")
    assert over.incident == name
    assert over.reason.startswith(
        "closed by eve: I do it; it is quiet: it fetches no job until it is restarted (by hand, on web1: kill -TERM 10)"
    )
    assert "it is quiet" in messages(talk)[-1]
    assert not talk.state.ledger.runs
    assert not talk.state.ledger.playbooks
    talk.hear(Resumed("ada"))
    for _ in range(10):
        assert asked(beat(talk, talk.at + 10_000)) == []
    assert not talk.state.ledger.requests


def test_jobs_that_nobody_else_knows_of_are_put_back_in_any_case(talk):
    """Once its process has ended an incident is not closed before what it held is in its place: that would lose it."""
    go_on(talk, "paused")
    answer(talk, HEALTHY)
    assert close(talk, id_="c2").reason.startswith("stage KILL is being carried out")
    answer(talk, Sent())
    refused = close(talk, id_="c3")
    assert (refused.outcome, refused.reason.startswith("SIGKILL was sent to it, and what it held is not put back yet")) == ("refused", True)
    answer(talk, Exited())
    answer(talk, InFlight((held("j1"),)))
    answer(talk, Refused("the server is a replica"))
    refused = close(talk, id_="c4")
    assert refused.reason.startswith("its process has ended, and what it held is not put back yet: that is not left undone")
    assert "if you see to it yourself" not in messages(talk)[-1]
    assert [line.split(" at ")[0] for line in go_on(talk, id_="c5") if line.startswith("put")] == ["put back j1 retry"]
    answer(talk, PutBackDone((Placed("j1", Fate.DONE, "retry"),)))
    (run,) = talk.state.ledger.runs.values()
    assert (run.held, run.flight.placed[0].jid) == ("", "j1")
    assert close(talk, id_="c6").outcome == "closed"


def test_what_is_not_held_does_not_go_on(talk):
    """It is on its way already."""
    talk.hear(Resumed("ada"))
    go_on(talk)
    answer(talk, HEALTHY)
    go_on(talk, id_="c2")
    assert talk.audit("operator")[-1].reason.endswith("is not held: it is on its way, or waits for its next step")


def test_what_was_not_begun_to_be_undone_can_be_closed():
    """Before any signal, too: then nothing was done to the process, and that is said."""
    talk = talking(RULE)
    beat(talk, 22_000, quiet=False)
    talk.answer(HEALTHY)
    row = close(talk)
    assert row.outcome == "closed"
    assert "nothing was done to its process" in talk.audit("incident")[-1].reason


def test_what_only_waits_for_its_proof_can_be_closed():
    """Its steps are done, and whoever closes it knows that it helped: nothing is proven any more, and nobody is told that it did not."""
    talk = talking(RULE + "    verify: {when: 'queue(\"push\").size == 0', within: 5m}\n")
    to_quiet(talk)
    beat(talk, 52_000, ended("j2", "t2", 11_000))
    talk.wait(53_000)
    results: list[Any] = [
        InFlight((held("j1"),)),
        HEALTHY,
        Sent(),
        Exited(),
        InFlight((held("j1"),)),
        PutBackDone((Placed("j1", Fate.DONE, "retry"),)),
    ]
    for result in results:
        answer(talk, result)
    talk.wait(talk.at + 90_000)
    (playbook,) = talk.state.ledger.playbooks.values()
    assert playbook.proof is not None
    assert close(talk).outcome == "closed"
    talk.wait(talk.at + 600_000)
    assert [row.outcome for row in talk.audit("incident")][-1] == "closed"
    assert not talk.state.ledger.playbooks
