"""Whatever happens, a finding is a baseline exactly if it was not known to be false since its rule began to act."""

import random
from collections.abc import Callable
from typing import Any

from tests.scenario.conversation import Conversation, redis, rules
from watchdog.engine.arming import mode_in
from watchdog.engine.rules import RuleSet
from watchdog.model.events import Delta, RulesLoaded, SourceBack, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.told import OperatorArmed
from watchdog.model.verdicts import Mode

QUEUES = ("push", "pull", "mailers")
TEXT = """
rules:
  - rule: slow
    each: queue
    mode: {file}
    when: queue.latency > 5m
    keep_firing_for: 20s
"""
SETS: dict[tuple[Mode, Mode], RuleSet] = {
    (file, ceiling): rules(TEXT.format(file=file), ceiling) for file in (Mode.DRY_RUN, Mode.ACT) for ceiling in (Mode.ASK, Mode.ACT)
}
Step = tuple[Any, ...]


def random_steps(seed: int, length: int) -> list[Step]:
    """What happens in one story; mostly queues become slow and well again."""
    draw = random.Random(seed)
    ways: list[Callable[[], Step]] = [
        *[lambda: ("read", draw.choice(QUEUES), draw.random() < 0.6)] * 8,
        *[lambda: ("arm", draw.choice([Mode.ACT, Mode.ACT, Mode.DRY_RUN, Mode.OBSERVE, None]))] * 3,
        *[lambda: ("wait", draw.choice([1_000, 30_000]))] * 2,
        lambda: ("load", draw.choice(list(SETS))),
        lambda: ("lose",),
        lambda: ("back",),
        lambda: ("crash",),
    ]
    return [draw.choice(ways)() for _ in range(length)]


class Story:
    """The engine, and beside it what is to be: `tainted` are queues that were not known to be well since the rule began to act."""

    def __init__(self) -> None:
        self.talk = Conversation(SETS[Mode.DRY_RUN, Mode.ACT], installed=False)
        self.slow = dict.fromkeys(QUEUES, False)
        self.lost = False
        self.tainted: set[str] = set()
        self.acts = False
        self.told = 0
        self.read()

    def read(self) -> None:
        """Everything is read anew."""
        changes = [Delta(Kind.QUEUE, name, {"name": name, "latency": 600_000 if slow else 0}) for name, slow in self.slow.items()]
        self.talk.hear(redis(*changes, complete=True))
        self.look()

    def look(self) -> None:
        """What is known by now."""
        if not self.lost:
            self.tainted -= {name for name, slow in self.slow.items() if not slow}

    def may_have_begun(self, *, anew: bool = False) -> None:
        """A command or a reload: the rule acts now, and did not before, or somebody says so once more."""
        acts = mode_in(self.talk.rules, self.talk.state.ledger, self.talk.rules.by_name["slow"]) is Mode.ACT
        if acts and (anew or not self.acts):
            self.tainted = {name for name, slow in self.slow.items() if slow or self.lost}
        self.acts = acts

    def go_on(self, step: Step) -> None:
        """One thing happens."""
        match step:
            case ("read", str(name), bool(slow)) if not self.lost:
                self.slow[name] = slow
                self.talk.hear(redis(Delta(Kind.QUEUE, name, {"latency": 600_000 if slow else 0})))
                self.look()
            case ("arm", mode):
                self.told += 1
                self.talk.hear(
                    OperatorArmed(
                        id=f"t{self.told}", by="ada", reason="x", asked=self.talk.booted_wall + self.talk.at, rule="slow", mode=mode
                    )
                )
                heeded = self.talk.audit("operator")[-1].outcome != "refused"
                self.may_have_begun(anew=heeded and mode is not None)
            case ("load", (file, ceiling)):
                self.talk.rules = SETS[file, ceiling]
                self.talk.hear(RulesLoaded(self.talk.rules.digest, self.talk.rules.mode))
                self.may_have_begun()
            case ("lose",) if not self.lost:
                self.lost = True
                self.talk.hear(SourceLost(Source.REDIS, "down", "refused"))
            case ("back",) if self.lost:
                self.lost = False
                self.read()
                self.talk.hear(SourceBack(Source.REDIS))
            case ("crash",):
                self.lost = False
                self.talk.crash()
                self.read()
            case ("wait", int(long)):
                self.talk.wait(self.talk.at + long)

    def findings(self) -> tuple[dict[str, bool | None], dict[str, bool | None]]:
        """Every finding that is so at this moment, of a rule that acts, and whether it is a baseline: as it is and as it is to be."""
        if not self.acts or self.lost:
            return {}, {}
        flags = {alert.entity: alert.baseline for alert in self.talk.state.ledger.alerts.values()}
        now = [name for name, slow in self.slow.items() if slow]
        return {name: flags.get(name) for name in now}, {name: name in self.tainted for name in now}


def test_a_finding_is_a_baseline_until_it_was_known_to_be_false():
    """Over arming, disarming, reloads, lost sources and crashes, in any order; both kinds of findings are met often."""
    met = {True: 0, False: 0}
    for seed in range(200):
        story = Story()
        for number, step in enumerate(random_steps(seed, 60)):
            story.go_on(step)
            found, expected = story.findings()
            assert found == expected, (seed, number, step)
            for is_one in found.values():
                met[bool(is_one)] += 1
    assert min(met.values()) > 500, met
