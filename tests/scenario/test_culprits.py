"""One night with a broken class: the rule catches one job after another, and then asks instead of going on."""

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.model.effects import Notify
from watchdog.model.events import Gone, Vouched
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed
from watchdog.model.kinds import Kind
from watchdog.model.notices import NoticeKind, Severity
from watchdog.model.results import Exited, InFlight, PutBackDone, Sent

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{recover_process: {process: job.process}}]
    guards: {cooldown: 1m, cooldown_max: 0s, keep: 0%, culprits: 3, budget: 9/1h}
    notify: [ops]
"""


def catch(talk: Conversation, number: int) -> None:
    """A process comes up, one of its jobs is stuck, and it is recovered: the whole story in a minute and a half."""
    begin = talk.at + 60_000
    one, jid = f"web1:{10 + number}:abc{number}", f"j{number}"
    held = Held(jid, "Broken", "push", Certainty.PROVEN, ("work_hash",), True, digest=f"d{number}")
    talk.wait(begin)
    talk.hear(redis(process(one, begin, booted_at=begin), job(one, jid, begin), complete=True), at=begin)
    talk.hear(host(found(one)))
    beat(talk, one, begin + 21_000)
    if not talk.open:
        talk.wait(begin + 27_000)
    for first in (HEALTHY, InFlight((held,)), HEALTHY, Sent()):
        answer(talk, first)
    if not talk.state.ledger.runs:
        return
    beat(talk, one, talk.at + 10_000, quiet=True)
    beat(talk, one, talk.at + 10_000, quiet=True)
    talk.wait(talk.at + 2_000)
    for result in (InFlight((held,)), HEALTHY, Sent(), Exited(), InFlight((held,)), PutBackDone((Placed(jid, Fate.DONE),))):
        answer(talk, result)
    talk.hear(redis(Gone(Kind.PROCESS, one, "exited")), at=talk.at + 1_000)
    talk.wait(talk.at + 61_000)


def beat(talk: Conversation, identity: str, at: int, *, quiet: bool = False) -> None:
    """It beats."""
    talk.wait(at - 1)
    talk.hear(redis(process(identity, at, quiet=quiet)), at=at)


def answer(talk: Conversation, result: object) -> None:
    """The newest command, if there is one, is answered."""
    if talk.open:
        newest = list(talk.open)[-1]
        talk.open = {newest: talk.open[newest]}
        talk.answer(result)  # type: ignore[arg-type]  # any result


def decided(talk: Conversation) -> list[tuple[str, str]]:
    """What was decided of late."""
    return [(row.decision, row.guard) for row in talk.audit("decision")]


def test_the_fourth_is_left_for_a_person():
    """Three different jobs of one class: from then on the rule waits for a person, says so as critical, over a restart too, until one puts a job back."""
    talk = Conversation(rules(RULE))
    for number in range(4):
        catch(talk, number)

    assert decided(talk) == [("ALLOW", "")] * 3 + [("ASK", "culprits")]
    assert len([row for row in talk.audit("outcome") if row.stage == "KILL"]) == 3
    notice = [effect.notice for effect in talk.effects if isinstance(effect, Notify) and effect.notice.kind is NoticeKind.DECIDED][-1]
    assert (notice.severity, notice.guard) == (Severity.CRITICAL, "culprits")
    assert notice.title.startswith(
        "recover_process on web1/app[push]: waits for a person (3 different jobs of Broken were caught by this rule"
    )

    talk.crash()
    talk.hear(redis(process("web1:13:abc3", talk.at), job("web1:13:abc3", "j3", talk.at - 60_000), complete=True))
    talk.hear(host(found("web1:13:abc3")))
    talk.wait(talk.at + 40_000)
    answer(talk, HEALTHY)
    assert talk.state.ledger.runs == {}

    talk.hear(Vouched("j1", "ada", WALL + talk.at))
    answer(talk, HEALTHY)
    assert decided(talk)[-1] == ("ALLOW", "")
    assert talk.audit("agent")[-1].reason == "ada put it back: what it was caught at counts no more"
