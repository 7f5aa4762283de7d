"""What the guard `last_look` makes of what is found at the last moment."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY
from watchdog.engine.guards.last_look import last_look
from watchdog.model.results import Look
from watchdog.model.targets import Signal
from watchdog.model.verdicts import Answer, Verdict


def look(**changes) -> Look:
    """A healthy look but for what is named."""
    return msgspec.structs.replace(HEALTHY, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ref": None, "unreachable": "it is not a process of this host"}, "it is not a process of this host"),
        ({"holds": False}, "the condition no longer holds"),
        ({"holds": False, "look": None}, "the condition no longer holds"),
        ({"look": look(alive=False, same=False)}, "the process has ended"),
        ({"look": look(same=False, mismatch="it began later")}, "pid 10 is not the process that was meant: it began later"),
        ({"look": look(tracer=99, state="t")}, "somebody is holding it: stopped by the debugger with pid 99"),
        ({"look": look(frozen=True)}, "somebody is holding it: its cgroup is frozen"),
        ({"look": look(catches=("INT",))}, "still booting: it does not handle TERM and TSTP and TTIN yet"),
        ({"look": look(catches=("TERM",))}, "still booting: it does not handle TSTP and TTIN yet"),
        ({"look": look(catches=("TERM", "TTIN")), "signal": Signal.TSTP}, "still booting: it does not handle TSTP yet"),
        ({"look": look(catches=("TERM", "TSTP")), "signal": Signal.TTIN}, "still booting: it does not handle TTIN yet"),
        ({"committed": True, "look": look(same=False, mismatch="x")}, "pid 10 is not the process that was meant: x"),
        (
            {"committed": True, "look": look(tracer=1, state="T"), "signal": Signal.KILL},
            "somebody is holding it: stopped by the debugger with pid 1",
        ),
    ],
)
def test_last_look_denies(view, changes, reason):
    """Everything that the look can show against it denies with that reason."""
    assert last_look(view(**changes)) == Verdict("last_look", Answer.DENY, reason)


@pytest.mark.parametrize(
    "changes",
    [
        {"look": None},
        {"look": look(state="D")},
        {"look": look(tracer=99, state="S")},
        {"look": look(catches=()), "signal": Signal.KILL},
        {"look": look(catches=(), state="T"), "signal": Signal.CONT},
        {"committed": True, "holds": False},
    ],
)
def test_last_look_passes(view, changes):
    """KILL and CONT need no handler, a debugger that lets it run holds nothing, a look that is still to come none of its answers, and after the point of no return the condition is not asked for."""
    assert last_look(view(**changes)).answer is Answer.PASS
