"""Any order of pauses in any way, ends, restarts and clocks that are set: the agent is paused as long as somebody's pause is in force, and no longer."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.scenario.conversation import Conversation, rules
from watchdog.engine.advance import advance
from watchdog.engine.arming import in_force_before
from watchdog.engine.ledger import Ledger
from watchdog.engine.rules import NO_RULES
from watchdog.engine.state import begin
from watchdog.model.events import Paused, Resumed, Started
from watchdog.model.told import OperatorPaused, OperatorResumed

RULES = rules("rules:\n  - rule: stuck\n    each: job\n    when: job.elapsed > 20s\n    notify: [ops]\n")
FILE = "the pause file"
STEP = st.tuples(
    st.sampled_from(["command", "resume", "file", "no file", "fleet", "no fleet", "wait", "wait", "crash", "reboot", "clock"]),
    st.sampled_from(["ada", "eve"]),
    st.integers(1, 10),
)


class Model:
    """Who has paused until when (engine time; None: no end), as simply as it can be said, beside the engine."""

    def __init__(self) -> None:
        self.talk = Conversation(RULES)
        self.until: dict[str, int | None] = {}
        self.said = 0

    def step(self, what: str, who: str, number: int) -> None:
        """One thing happens."""
        talk, minutes = self.talk, number * 60_000
        self.said += 1
        common: dict[str, Any] = {"id": f"c{self.said}", "by": who, "reason": "x", "asked": 0}
        wall = talk.booted_wall + talk.at
        match what:
            case "command":
                talk.hear(OperatorPaused(**common, until=wall + minutes))
                self.until[who] = talk.at + minutes
            case "resume":
                talk.hear(OperatorResumed(**common))
                self.until = {name: end for name, end in self.until.items() if name not in ("ada", "eve")}
            case "file":
                talk.hear(Paused(FILE, f"reason {number}"))
                self.until[FILE] = None
            case "no file":
                talk.hear(Resumed(FILE))
                self.until.pop(FILE, None)
            case "fleet":
                end = None if number == 1 else wall + minutes
                talk.hear(Paused(who, "x", end, "fleet"))
                self.until["fleet"] = None if end is None else talk.at + minutes
            case "no fleet":
                talk.hear(Resumed("fleet", "fleet"))
                self.until.pop("fleet", None)
            case "wait":
                talk.wait(talk.at + minutes)
            case "crash":
                talk.crash()
            case "reboot":
                # For how long the machine was off no clock tells that could be relied upon: that time counts for nothing.
                before = talk.state.ledger.at
                talk.reboot(f"boot-{self.said}", down=minutes)
                self.until = {name: None if end is None else end - before for name, end in self.until.items()}
            case _:
                talk.booted_wall += (number - 5) * 86_400_000
        self.until = {name: end for name, end in self.until.items() if end is None or end > talk.at}


@given(st.lists(STEP, max_size=25))
def test_paused_as_long_as_somebody_s_pause_is_in_force(steps):
    """Each ends at its end or in its own way, whatever becomes of the others; and the same events give the same agent."""
    model = Model()
    for what, who, much in steps:
        model.step(what, who, much)
        names = {one.source if one.source == "fleet" else one.by for one in model.talk.state.ledger.pauses.values()}
        assert names == set(model.until)
        ends = {one.until_at for one in model.talk.state.ledger.pauses.values()}
        assert ends == set(model.until.values())

    state = begin(Ledger(arming=in_force_before(RULES)))
    for ruleset, event in model.talk.events:
        if isinstance(event.body, Started):
            state = begin(state.ledger)
        state, _ = advance(NO_RULES if isinstance(event.body, Started) else ruleset, state, event)
    assert state.ledger == model.talk.state.ledger
