"""What the notes of a probe say beside what others know, and no more than is true."""

import msgspec
import pytest

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.recovery.by_probe import told_by
from watchdog.recovery.sources import Told
from watchdog.recovery.work_hash import HASHES
from watchdog.sidekiq.flight import Noted
from watchdog.sidekiq.probe import Left

NOTE = Finding(jid="a", certainty=Certainty.PROVEN, origin=Origin.PROBE, payload=b"a")
SURE = Left(strength="observe", errors=0, findings=(NOTE,), broken=(), whole=True, claims=True, threads=5)
NOTED = Noted({}, quiet=False, threads=7, beat=1)


def test_observe_names_all_that_began():
    """What the work hash showed and it does not name is over; what the log or a socket says stands. One for each idle thread may be missing."""
    told = told_by(SURE, NOTED)

    assert (told.findings, told.names_running, told.names_waiting, told.threads) == ((NOTE,), True, False, 5)
    assert set(told.overrules) == {*HASHES, Origin.PROBE}
    assert told_by(msgspec.structs.replace(SURE, threads=0), NOTED).threads == 7
    assert told_by(msgspec.structs.replace(SURE, threads=0), None).threads == 0


def test_fetch_names_everything():
    """A job is in its list, or acknowledged, or was never fetched: nobody knows better."""
    told = told_by(msgspec.structs.replace(SURE, strength="fetch"), NOTED)

    assert (told.names_running, told.names_waiting, set(told.overrules)) == (True, True, set(Origin))


@pytest.mark.parametrize("strength", ["observe", "fetch"])
@pytest.mark.parametrize("change", [{"claims": False}, {"whole": False}])
def test_a_probe_that_does_not_vouch_for_it(strength, change):
    """What it names is proven, and what it named before and does not any more is over; of others it says nothing."""
    told = told_by(msgspec.structs.replace(SURE, strength=strength, **change), NOTED)

    assert told == Told((NOTE,), overrules=(Origin.PROBE,), threads=5)


def test_a_list_whose_probe_has_said_nothing():
    """Its jobs are proven all the same."""
    assert told_by(msgspec.structs.replace(SURE, strength="", threads=0), None) == Told((NOTE,))
