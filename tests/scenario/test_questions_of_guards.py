"""A guard asks: an approval contents it for the reason that was told, and for no other."""

from tests.scenario.conversation import Conversation, found, host, job, process, redis, rules
from tests.scenario.test_approvals import HOUR, ONE, RULE, TWO, approve, beat, only, outcomes, settle, signals, waiting, wedge
from watchdog.model.events import Gone
from watchdog.model.kinds import Kind
from watchdog.model.results import Exited, Sent
from watchdog.model.verdicts import Mode

BUDGET = RULE.replace("cooldown: 10s", "cooldown: 10s, budget: 1/1h")


def spent() -> Conversation:
    """In mode act: the budget is used up, and a person is asked."""
    talk = waiting(Mode.ACT, BUDGET)
    for result in (Sent(), Exited()):
        talk.answer(result)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited")), at=talk.at + 1_000)
    talk.wait(talk.at + 60_000)
    wedge(talk, TWO)
    return talk


def test_a_guard_that_asks_is_content_with_an_approval():
    """The budget is used up; approved it is done once more, and the guard says by whom."""
    talk = spent()
    assert talk.audit("decision")[-1].guard == "budget"
    approve(talk)

    assert signals(talk) == [f"TERM {ONE}", f"TERM {TWO}"]
    assert talk.audit("decision")[-1].reason.endswith(
        "approved by ada: this rule has acted on web1/app[push] 1 times within 1 h already; approved by ada"
    )


def test_nobody_is_asked_any_more_once_the_reason_has_passed():
    """The budget is free again: the question lapses, and the rule does what it may do by itself."""
    talk = spent()
    end = talk.at + 2 * HOUR
    while talk.at < end and len(signals(talk)) < 2:
        beat(talk, TWO, talk.at + 10_000)
        settle(talk)

    assert signals(talk) == [f"TERM {ONE}", f"TERM {TWO}"]
    assert outcomes(talk) == ["asked", "expired", "lapsed"]
    assert talk.audit("approval")[-1].reason == "nobody need be asked any more: what stood in the way has passed"


def wedge_beside(talk: Conversation, identity: str) -> None:
    """As `wedge`, with another process of its queue on another host."""
    begin = talk.at + 1_000
    other = process("web2:9:zzz", begin, threads=50)
    talk.hear(redis(process(identity, begin), job(identity, "j1", begin), other), at=begin)
    talk.hear(host(found(identity)))
    later = begin + 21_000
    talk.wait(later)
    talk.hear(redis(process(identity, later), process("web2:9:zzz", later, threads=50)), at=later)
    settle(talk)


def test_a_new_reason_is_asked_about_anew():
    """Approved because of the budget; meanwhile the process has become the only one of its queue, which nobody knew."""
    talk = Conversation(rules(BUDGET.replace("keep: 0%", "keep: 50%, alone: ask")))
    talk.hear(redis(process("web2:9:zzz", 1_000, threads=50), complete=True), at=1_000)
    wedge_beside(talk, ONE)
    for result in (Sent(), Exited()):
        talk.answer(result)
    talk.hear(redis(Gone(Kind.PROCESS, ONE, "exited")), at=talk.at + 1_000)
    talk.wait(talk.at + 60_000)
    wedge_beside(talk, TWO)
    first = only(talk)
    assert [ground.guard for ground in first.grounds] == ["budget"]
    talk.hear(redis(Gone(Kind.PROCESS, "web2:9:zzz", "exited")), at=talk.at + 100)
    approve(talk)

    assert signals(talk) == [f"TERM {ONE}"]
    assert talk.state.ledger.approvals[first.id].settled == "asked anew: it is the only process of queue push"
    assert [ground.guard for ground in only(talk).grounds] == ["coverage", "budget"]
    approve(talk)
    assert signals(talk) == [f"TERM {ONE}", f"TERM {TWO}"]
