"""What of an entity has moved decides what is asked of it: nothing that it can't concern, and whatever it can."""

from typing import Any

import msgspec

from tests.scenario.conversation import Conversation, job, process, redis, rules
from watchdog.engine.rules import Rule
from watchdog.model.events import Delta
from watchdog.model.kinds import Kind
from watchdog.model.verdicts import Mode

ONE, TWO = "web1:10:abc", "web1:11:def"
MINUTE, HOUR = 60_000, 3_600_000


class Watched(Conversation):
    """Two processes and a queue under rules that only watch, `KIND: CONDITION` each; `asked` are the numbers of those whose conditions were evaluated."""

    def __init__(self, *written: str) -> None:
        self.asked: list[int] = []
        parts = [text.partition(": ") for text in written]
        listed = "".join(f"  - {{rule: r{number}, each: {kind}, when: {when!r}}}\n" for number, (kind, _, when) in enumerate(parts))
        ruleset = rules(f"rules:\n{listed}", Mode.OBSERVE)
        super().__init__(ruleset.but(rules=tuple(self._listened_to(number, rule) for number, rule in enumerate(ruleset.rules))))
        queue = Delta(Kind.QUEUE, "push", {"name": "push", "size": 0, "latency": 0})
        self.hear(redis(process(ONE, 0), process(TWO, 0), queue, complete=True))

    def asked_by(self, kind: Kind, entity: str, **fields: Any) -> list[int]:
        """The rules that are asked because that was read of that entity."""
        self.asked.clear()
        self.hear(redis(Delta(kind, entity, fields)), at=self.at + 1)
        return sorted(self.asked)

    def alerts(self) -> set[str]:
        """As rule|entity."""
        return set(self.state.ledger.alerts)

    def _listened_to(self, number: int, rule: Rule) -> Rule:
        really = rule.condition.holds

        def holds(*given: Any) -> bool | None:
            self.asked.append(number)
            return really(*given)

        return msgspec.structs.replace(rule, condition=msgspec.structs.replace(rule.condition, holds=holds))


def test_a_rule_is_asked_when_what_it_reads_moves():
    """Nobody is asked for what no rule reads; those that rest on nothing but their row are asked by themselves, all others together."""
    talk = Watched("process: process.busy > 4", "process: process.quiet", "process: process.uptime > 1h", "queue: queue.size > 5")

    assert talk.asked_by(Kind.PROCESS, ONE, rss=5) == []
    assert talk.asked_by(Kind.PROCESS, ONE, busy=1) == [0]
    assert talk.asked_by(Kind.PROCESS, ONE, busy=2, quiet=False) == [0, 1]
    assert talk.asked_by(Kind.QUEUE, "push", latency=5) == []
    assert talk.asked_by(Kind.QUEUE, "push", size=5) == [3]


def test_what_rests_on_time_or_others_is_asked_with_all():
    """Since it is written down once for the entity when it must be looked at again, and on what it rests."""
    talk = Watched(
        "process: process.busy > 4", "process: process.uptime > 1h", "process: count(job where job.process == process.id) > process.busy"
    )

    assert talk.asked_by(Kind.PROCESS, ONE, quiet=False) == []
    assert talk.asked_by(Kind.PROCESS, ONE, busy=1) == [0, 1, 2]
    assert talk.asked_by(Kind.PROCESS, ONE, booted_at=5) == [0, 1, 2]
    talk.asked.clear()
    talk.hear(redis(job(ONE, "j1", 0)), at=talk.at + 1)
    assert sorted(talk.asked) == [0, 1, 2]


def test_the_past_is_asked_when_its_window_ends_elsewhere():
    """Not each time a value is written into it; the answer would be the same."""
    talk = Watched("queue: increase(queue.size, 10m) > 5")
    talk.wait(10 * MINUTE)

    assert talk.asked_by(Kind.QUEUE, "push", size=3) == []
    talk.asked.clear()
    talk.wait(talk.at + 5_000)
    assert talk.asked
    assert talk.asked_by(Kind.QUEUE, "push", size=20) == []
    talk.wait(talk.at + 5_000)
    assert talk.alerts() == {"r0|push"}


def test_a_statement_that_must_have_held_is_asked_when_it_moves():
    """It turns false at once."""
    talk = Watched("queue: held(queue.size > 5, 10m)")
    talk.hear(redis(Delta(Kind.QUEUE, "push", {"size": 9})), at=1_000)
    talk.wait(11 * MINUTE + 1_000)
    assert talk.alerts() == {"r0|push"}

    assert talk.asked_by(Kind.QUEUE, "push", size=0) == [0]
    assert talk.alerts() == set()


def test_an_entity_with_an_alert_is_asked_everything():
    """Whatever moves: its alert may be due, and what it waits for is written down with all the rest."""
    talk = Watched("process: process.busy > 4", "process: process.threads > 9")
    assert talk.asked_by(Kind.PROCESS, ONE, busy=5) == [0, 0, 1]
    assert talk.alerts() == {f"r0|{ONE}"}

    assert talk.asked_by(Kind.PROCESS, ONE, threads=6) == [0, 1]
    assert talk.asked_by(Kind.PROCESS, TWO, threads=6) == [1]
    assert talk.asked_by(Kind.PROCESS, ONE, busy=0) == [0, 1]
    assert talk.asked_by(Kind.PROCESS, ONE, threads=7) == [1]


def test_what_is_counted_moves_with_time_though_no_rule_reads_it():
    """A process begins anew and is counted among the young; an hour later nothing is read, and it no longer is."""
    talk = Watched("queue: count(process where process.uptime < 1h) == 1")
    talk.wait(2 * HOUR)
    assert talk.alerts() == set()
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"booted_at": talk.at})))
    assert talk.alerts() == {"r0|push"}

    talk.wait(talk.at + HOUR - 1)
    assert talk.alerts() == {"r0|push"}
    talk.wait(talk.at + 1)
    assert talk.alerts() == set()


def test_two_readings_in_one_look_move_what_both_say():
    """As one that says both."""
    talk = Watched("process: process.busy > 4", "process: process.quiet")
    talk.asked.clear()
    talk.hear(redis(Delta(Kind.PROCESS, ONE, {"busy": 1}), Delta(Kind.PROCESS, ONE, {"rss": 5}), Delta(Kind.PROCESS, ONE, {"quiet": True})))

    assert sorted(talk.asked) == [0, 0, 1, 1]
    assert talk.alerts() == {f"r1|{ONE}"}


def test_a_job_whose_process_is_told_later():
    """How long it has run is counted by the beats of its process: which that is concerns every rule, though none reads it."""
    talk = Watched("job: job.elapsed > 10m")
    name = f"{ONE}/t1/j1/0"
    talk.hear(redis(process(ONE, 11 * MINUTE), Delta(Kind.JOB, name, {"jid": "j1", "queue": "push", "started_at": 0})), at=11 * MINUTE)
    assert talk.alerts() == set()

    assert talk.asked_by(Kind.JOB, name, process=ONE) == [0]
    assert talk.alerts() == {f"r0|{name}"}
