"""What stands against a signal."""

import msgspec
import pytest

from watchdog.host.obstacle import obstacle
from watchdog.host.proc import ProcessFacts
from watchdog.model.targets import ProcessRef, Signal

REF = ProcessRef(name="web1/s", identity="web1:77:abc", host="web1", pid=77, start_ticks=5000, boot_id="b", tag="app")
FACTS = ProcessFacts(
    pid=77, start_ticks=5000, state="S", comm="ruby", cmdline="sidekiq 6.4.1 app [5 of 5 busy]", catches=("INT", "TERM", "TSTP", "TTIN")
)
HANDLED = {Signal.TERM, Signal.TSTP, Signal.TTIN}


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("change", [{}, {"state": "T"}, {"tracer": 5, "state": "S"}, {"state": "R"}, {"state": "D"}])
def test_nothing_stands_against(signal, change):
    """A running Sidekiq may be signalled; so may one that was stopped by a signal, or runs under a tracer that lets it run, except by what only asks."""
    reason = obstacle(REF, msgspec.structs.replace(FACTS, **change), signal, agent=999)

    if signal is Signal.TTIN and (change.get("state") == "T" or "tracer" in change):
        assert reason.startswith("somebody is holding pid 77: ")
    else:
        assert not reason


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tracer": 5, "state": "t"}, "somebody is holding pid 77: it is stopped by the debugger with pid 5"),
        ({"tracer": 5, "state": "T"}, "somebody is holding pid 77: it is stopped by the debugger with pid 5"),
        ({"frozen": True}, "somebody is holding pid 77: its control group is frozen"),
        ({"kernel_thread": True}, "pid 77 is never signalled"),
        ({"pid": 1}, "pid 1 is never signalled"),
        ({"pid": 999}, "pid 999 is never signalled"),
        ({"cmdline": ""}, "pid 77 is not the process that was meant"),
        ({"cmdline": "postgres: mastodon"}, "pid 77 is not the process that was meant"),
        ({"cmdline": "sidekiq 6.4.1 blog [0 of 5 busy]"}, "pid 77 is not the process that was meant"),
    ],
)
def test_no_signal_at_all(signal, change, reason):
    """A held process, init, a kernel thread, the agent, and what is no such Sidekiq are sent nothing, KILL included."""
    assert obstacle(REF, msgspec.structs.replace(FACTS, **change), signal, agent=999).startswith(reason)


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize(
    ("catches", "lacking"),
    [(("INT", "TERM"), "TSTP and TTIN"), (("INT", "TERM", "TSTP"), "TTIN"), (("TTIN", "TSTP"), "TERM"), ((), "TERM and TSTP and TTIN")],
)
def test_still_booting(signal, catches, lacking):
    """
    Before Sidekiq has set all its handlers it is sent none of what they are for, TERM included, which Ruby handles from the start.

    KILL and CONT need no handler.
    """
    reason = obstacle(REF, msgspec.structs.replace(FACTS, catches=catches), signal, agent=999)

    assert reason == (f"pid 77 is still booting: it has no handler for {lacking} yet" if signal in HANDLED else "")


def test_any_tag_without_one_in_the_reference():
    """A reference without a tag asks only for a Sidekiq."""
    assert not obstacle(msgspec.structs.replace(REF, tag=""), FACTS, Signal.TERM, agent=999)
