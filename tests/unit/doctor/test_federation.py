"""What tells of other servers, where it is not as it should be."""

from tests.unit.doctor.conftest import exam
from watchdog.doctor.federation import Seen, look, web_log_of
from watchdog.doctor.found import Health
from watchdog.model.log_lines import LinesLost, LogLine
from watchdog.rulefile.mastodon import WebLog

CLOSED = "this user may not read the journal (hint: it must be in the group systemd-journal: `usermod -aG systemd-journal USER`, then restart what it runs)"


def said(*logs, web_log=None):
    """Health and words."""
    found = web_log_of(list(logs), web_log or WebLog(), "agent")
    return found.health, found.says


def test_one_request_is_enough():
    """Reading ends there; a hole is no line."""
    seen = Seen("a.service")
    assert not seen.take(LinesLost(0, 5, "", "x"))
    assert not seen.take(LogLine("a word"))
    assert seen.take(LogLine("method=GET path=/ format=html status=200"))
    assert (seen.lines, seen.has_request) == (2, True)


def test_what_can_not_be_read_is_a_failure():
    """With the user who may not, as the hint names him; another log that is well does not hide it."""
    found = web_log_of([Seen("a.service", problem=CLOSED), Seen("b.service", 3, has_request=True)], WebLog(), "agent")
    assert found.health is Health.FAIL
    assert found.says == "this user may not read the journal"
    assert "usermod -aG systemd-journal agent" in found.mend


def test_what_is_not_there_may_be_meant_so():
    """No unit, a log that has hardly begun, and one that the config has nobody read."""
    assert said() == (Health.WARN, "no unit called mastodon-web* has written into the journal")
    assert said(Seen("a.service", 3)) == (Health.SKIPPED, "a.service has only 3 lines")
    assert said(web_log=WebLog(journal=())) == (Health.SKIPPED, "the config has the web log read by nobody")


async def test_what_is_no_mastodon_is_passed_over(tmp_path):
    """Nothing is asked."""
    assert await look(exam(tmp_path, settings=None)) == {}
