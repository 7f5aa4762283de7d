"""The first agent that ever runs there: what it sees for the first time is no news, and keeps it from nothing."""

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_deploy import ONE, RULE, TWO, UNITS, code, command, units

HOURS = 3_600_000
UP = 10 * HOURS
"""Engine milliseconds at which the agent is started: the machine has been up for that long."""


def first(*, version: str = "4.2", changed: int = 0, booted: int = HOURS) -> Conversation:
    """Two processes with different tags, and a third that is stuck; the code of one was changed so long ago."""
    talk = Conversation(rules(RULE.replace("keep: 0%", "keep: 0%, baseline: allow")), installed=False, started=False)
    talk.at = UP
    talk.start()
    one = process(ONE, UP, version="4.3", tag="mastodon", booted_at=HOURS)
    two = process(TWO, UP, version=version, tag="other", booted_at=booted)
    talk.hear(redis(one, two, job(ONE, "j1", UP - 60_000), complete=True), at=UP)
    talk.hear(host(found(ONE, unit=UNITS[ONE]), found(TWO, unit=UNITS[TWO]), command("")))
    for each in (ONE, TWO):
        talk.hear(units(each))
        if not changed:
            talk.hear(host(code(each, changed=0)))
    if changed:
        talk.hear(host(code(TWO, changed=WALL + UP - changed)))
    talk.hear(redis(process(ONE, UP + 1_000, version="4.3", tag="mastodon", booted_at=HOURS)), at=UP + 1_000)
    talk.wait(UP + 2_000)
    if talk.open:
        talk.answer(HEALTHY)
    return talk


@pytest.mark.parametrize("told", [{}, {"version": "4.1"}, {"changed": 3 * HOURS}], ids=str)
def test_versions_and_code_that_were_there_before(told):
    """Two versions side by side, and code that nobody has restarted into for hours: it acts within seconds."""
    talk = first(**told)
    assert [(row.decision, row.guard) for row in talk.audit("decision")][-1] == ("ALLOW", "")


@pytest.mark.parametrize("told", [{"changed": 600_000}, {"booted": UP - 600_000}], ids=str)
def test_what_tells_by_its_own_time_that_it_is_new(told):
    """A file that was changed, or a process that came with another version, ten minutes ago is a deployment also to an agent that was not there."""
    talk = first(**told)
    assert [(row.decision, row.guard) for row in talk.audit("decision")][-1] == ("DENY", "deploy")
    assert "10 min ago" in talk.audit("decision")[-1].reason
