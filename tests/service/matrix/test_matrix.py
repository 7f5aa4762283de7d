"""
Every Sidekiq on every Redis: the same scenario, the same picture at each stage of it.

Sidekiq 6.4, 7.3 and 8.1 and the servers are Debian's, of three suites. 6.5, 7.2 and 8.0 can't be had from Debian: the strict stand-in plays
them, the work hashes of 6.5 and 7.2 torn and read while they are.
"""

import os

import msgspec
import pytest

from tests.service.matrix.parts import SIDEKIQS, STORES
from tests.service.matrix.scenario import LIVES, STAGES, expected
from tests.suites import debian

pytestmark = pytest.mark.timeout(480)

TEAR = ("--tear", "0.3")

DIFFERENCES = {
    # Sidekiq: how it shows its version, and its beat (launcher.rb)
    "6.4": ("not told", 5),
    "6.5": ("not told", 5),
    "7.2": ("its own", 10),
    "7.3": ("its own", 10),
    "8.0": ("its own", 10),
    "8.1": ("its own", 10),
}
"""Everything in which the versions may differ."""


class Combination(msgspec.Struct, frozen=True):
    """A Sidekiq (a suite, or a version to stand for) on a store."""

    kind: str
    store: str
    options: tuple[str, ...] = ()


def _case(combination: Combination):
    needed = {STORES[combination.store][0], combination.kind} & debian.SUITES.keys()
    named = SIDEKIQS.get(combination.kind, f"stand-in for {combination.kind}")
    return pytest.param(combination, id=f"{named} on {combination.store}", marks=pytest.mark.needs(*sorted(needed)))


REAL = [Combination(suite, store) for suite in SIDEKIQS for store in STORES]
STOOD_FOR = [
    *(Combination(version, store, options) for version, options in (("6.5.12", TEAR), ("8.0.10", ())) for store in STORES),
    Combination("7.2.2", "Redis 7", TEAR),
]


@pytest.mark.parametrize("combination", [_case(one) for one in (*REAL, *STOOD_FOR)])
def test_the_same_picture(matrix, combination):
    """Idle, busy, hurt and stopped look the same whichever Sidekiq and Redis they come from; only what is listed may differ."""
    played = matrix[combination.kind, combination.store]

    assert played.trouble == ""
    release = ".".join(played.version.split(".")[:2])
    version, beat = DIFFERENCES.get(release, DIFFERENCES["8.1"])
    wanted = expected(version)
    assert list(played.stages) == list(STAGES)
    for stage in STAGES:
        assert played.stages[stage] == wanted[stage], stage
    assert played.lives == LIVES
    assert played.broken == []
    assert played.silent, "a killed process has beaten again"
    # The pause begins when a beat is written, and a torn one takes its time, as everything does on a busy machine. Seen late, the second beat makes it longer and the first one shorter.
    assert played.beat - beat in range(-1, 4)
    if combination.kind in SIDEKIQS:
        assert tuple(map(int, release.split("."))) >= tuple(map(int, SIDEKIQS[combination.kind].split(".")))
    if combination.options == TEAR:
        assert played.torn_reads > 0, "its work hash was never caught torn"
        assert played.late_lives
        assert all(life in (["began"], ["began", "over"]) for life in played.late_lives.values()), played.late_lives


def test_there_is_more_than_one_sidekiq():
    """In CI at least two of the three suites are there: the others may be skipped, but a matrix of one row is none. A machine of one's own may lack all."""
    lacking = {name: why for name in SIDEKIQS if (why := debian.why_not(name))}
    in_ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")

    assert len(SIDEKIQS) - len(lacking) >= (2 if in_ci else 0), lacking
