"""Real processes that look alike in Redis, or are not to be seen there: the agent tells each from all others, on every version that Debian has."""

import pytest

from tests.service.matrix.parts import SIDEKIQS
from tests.service.pictures.sick import NAMES, SICK
from watchdog.host.boot import host_name
from watchdog.host.sampling import EVERY

pytestmark = [pytest.mark.needs("bookworm", "redis-server"), pytest.mark.timeout(240)]
WARDS = [pytest.param(suite, marks=pytest.mark.needs(suite)) for suite in SIDEKIQS]
SOON = {"stopped": 20, "zombie": 35, "frozen": 75, "silent net": 80, "net gone": 80}
"""Seconds by which it must be told, however busy the machine. A beat that was the last can be as old as the state, so for those that fall silent it is a minute and some seconds."""


@pytest.mark.parametrize("ward", WARDS)
def test_each_is_told_apart(ward, wards):
    """Frozen, stopped, cut off in two ways, swamped, waiting for a child, a zombie: one rule fires on each, no other, and none on the one that is well."""
    table = wards[ward]
    assert not table.trouble, table.trouble

    assert {name: told.rules for name, told in table.told.items()} == {name: (SICK[name],) if name in SICK else () for name in NAMES}
    late = {name: table.told[name].seconds for name, limit in SOON.items() if table.told[name].seconds > limit}
    assert late == {}


@pytest.mark.parametrize("ward", WARDS)
def test_what_status_shows_of_them(ward, wards):
    """Who is stopped, what each uses, the host with its memory and disk, and that looking at all this costs next to nothing."""
    table = wards[ward]
    assert not table.trouble, table.trouble

    shown, host = table.shown, table.host
    assert set(shown) == set(NAMES) - {"booting"}
    assert {name for name, row in shown.items() if row["stopped"]} == {"stopped"}
    assert shown["swamped"]["cpu"] > 0
    assert all(2**20 < row["memory"] < host["memory"] for row in shown.values())
    assert (host["name"], host["memory"] > host["memory_available"] > 0, host["disk_free"] > 0) == (host_name(), True, True)
    assert (table.cost["processes"], table.cost["every"] >= EVERY) == (8, True)
    assert 0 < table.cost["last"] < table.cost["spent"] < 10_000


@pytest.mark.parametrize("ward", WARDS)
def test_one_that_boots_is_signalled_by_nobody(ward, wards):
    """It is not in Redis, so that no rule can name it; and a signal that is sent to its pid all the same is refused, KILL included."""
    assert not wards[ward].trouble, wards[ward].trouble

    assert wards[ward].told["booting"].note


@pytest.mark.parametrize("ward", WARDS)
def test_how_they_end(ward, wards):
    """
    Killed while Redis lists it: crashed. Ended by TERM, or a zombie killed: a clean stop. Taken out of Redis by others before it was killed: nobody can say.

    The thread that beats may write once more between Sidekiq's goodbye and its end: then Redis lists it after its death, and that is what is told.
    """
    table = wards[ward]
    assert not table.trouble, table.trouble

    assert table.endings == {
        "well": "ended without a clean stop", "stopped": "exited", "zombie": "stopped cleanly",
        "waiting": "ended without a clean stop" if "waiting" in table.listed else "stopped cleanly",
    }  # fmt: skip
    assert {*table.crashed} == {"well", *({"waiting"} & {*table.listed})}
