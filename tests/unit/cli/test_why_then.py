"""`why --at`: what a rule said at a moment of the past, from the trace alone."""

import json

import pytest

from tests.property.engine_trace import write_trace
from tests.scenario.conversation import WALL, Conversation, redis, rules
from watchdog.cli.past import Past
from watchdog.engine.rules import RuleSet
from watchdog.model.events import Body, Delta
from watchdog.model.events import encode as encode_event
from watchdog.model.kinds import Kind
from watchdog.model.told import OperatorResumed
from watchdog.replay.moment import at
from watchdog.store.moments import rfc3339

HERE = ("-c", "config.yml")
TEXT = "rules:\n  - {rule: long-queue, each: queue, when: queue.size > 5, for: 10s}\n"


class Story(Conversation):
    """A conversation that is recorded."""

    def __init__(self, ruleset: RuleSet) -> None:
        self.log: list[tuple[str, RuleSet, bytes]] = []
        super().__init__(ruleset)

    def _take(self, body: Body, ruleset: RuleSet) -> list[str]:
        lines = super()._take(body, ruleset)
        self.log.append(("turn", ruleset, encode_event(self.events[-1][1])))
        return lines


@pytest.fixture
def state(config):
    """A queue that is short, long from the 20th second on, and short again after a minute."""
    (config.parent / "rules.yml").write_text(TEXT)
    story = Story(rules(TEXT))
    for second, size in ((1, 2), (20, 9), (30, 9), (60, 1)):
        story.hear(redis(Delta(Kind.QUEUE, "push", {"name": "push", "size": size, "latency": 0}), complete=True), at=second * 1_000)
    folder = config.parent / "state"
    folder.mkdir(mode=0o700)
    write_trace(story.log, folder)
    return folder


def then(second: int) -> str:
    """That second of the story, as it is written."""
    return rfc3339(WALL + second * 1_000)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (10, "It does not hold: queue.size > 5 is false by 3; queue.size is 2"),
        (25, "It is pending since"),
        (40, "It holds: queue.size > 5 is true by 4; queue.size is 9"),
        (61, "It does not hold: queue.size > 5 is false by 4; queue.size is 1"),
    ],
)
def test_it_is_as_it_was(ask, state, second, says):
    """Without an agent, and by the rules that decided."""
    answer = ask("why", "long-queue", "push", "--at", then(second), *HERE)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(f"At {then(second)}, by what was recorded\n")
    assert says in answer.out
    assert "These are not the rules that decided then" not in answer.out


def test_rules_that_have_changed_since(ask, state):
    """What they would have said is told from what was decided."""
    (state.parent / "rules.yml").write_text(TEXT.replace("> 5", "> 100"))
    answer = ask("why", "long-queue", "push", "--at", then(40), *HERE)
    assert answer.code == 0
    assert "These are not the rules that decided then; what follows is what they would have said, in dry-run" in answer.out
    assert "It does not hold: queue.size > 100 is false by 91" in answer.out


def test_for_programs(ask, state):
    """The moment, and whether those rules decided."""
    told = json.loads(ask("why", "long-queue", "push", "--at", then(40), "--json", *HERE).out)
    assert (told["wall"], told["exact"], told["truth"], told["alert"]["phase"]) == (WALL + 40_000, True, "true", "firing")


def test_all_things_then(ask, state):
    """And that there is none of that name."""
    assert "firing  push" in ask("why", "long-queue", "--at", then(40), *HERE).out
    answer = ask("why", "long-queue", "psuh", "--at", then(40), *HERE)
    assert (answer.code, "did you mean push?" in answer.err) == (2, True)
    answer = ask("why", "longqueue", "--at", then(40), *HERE)
    assert (answer.code, "did you mean long-queue?" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("when", "code", "says"),
    [
        ("2999-01-01T00:00:00Z", 2, "--at: that is still to come"),
        ("yesterday", 2, "--at: "),
        ("2020-01-01T00:00:00Z", 3, "nothing was recorded in"),
        ("2020-01-01T00:00:00", 2, "has no time zone"),
    ],
)
def test_a_moment_that_is_none(ask, state, when, code, says):
    """Each has its sentence."""
    answer = ask("why", "long-queue", "push", "--at", when, *HERE)
    assert answer.code == code
    assert says in answer.err


def test_where_nothing_was_ever_recorded(ask, config):
    """It ends with 3."""
    assert ask("why", "stuck-job", "--at", "1m", *HERE).code == 3


async def test_nobody_is_told_anything_then(state):
    """Whoever says something to the past comes too late."""
    past = Past(state, at(state, WALL + 40_000, rules(TEXT)))
    answer = await past.tell(OperatorResumed(id="x", by="ada", reason="r", asked=1))
    assert (answer.refused, past.folder, past.host, past.picture()) == (True, state, "web1", {})
    assert (past.wall(), past.seq > 0, past.at() > 0, len(past.rules.rules)) == (WALL + 40_000, True, True, 1)
