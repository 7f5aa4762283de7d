"""Charts over a restart: what comes back, and that no damage keeps an agent from its start."""

import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.unit.web.charts.conftest import WALL, Server
from watchdog.engine.state import State
from watchdog.web.charts.charts import Charts
from watchdog.web.charts.file import LARGEST, NAME, keep, restored
from watchdog.web.charts.series import STEP

Make = Callable[[], Server]


@pytest.fixture
def kept(server: Make, tmp_path: Path) -> Server:
    """A server with three looks, kept."""
    one = server()
    for size in (1, 2, 3):
        one.queues({"push": size})
        one.read(processed=size * 300)
        one.look(own={"agent.cpu": 0.01})
    keep(tmp_path, one.charts.kept())
    return one


def test_what_was_kept_comes_back(kept: Server, tmp_path: Path) -> None:
    """All lines are what they were, and only the agent may read them."""
    charts, why = restored(tmp_path)
    assert (charts.series(), why) == (kept.charts.series(), "")
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_the_time_between_two_lives_is_a_gap(kept: Server, tmp_path: Path) -> None:
    """An agent that was away for a minute and a half shows it; engine time may begin anew meanwhile, and growth is known from the second look on."""
    kept.charts, _ = restored(tmp_path)
    wall = WALL + kept.at + 3 * STEP
    kept.charts.take(State(kept.ledger, kept.world), {}, at=5, wall=wall)
    line = kept.line("queue.size", "push")
    assert line.values == (1.0, 2.0, 3.0, None, None, 3.0)
    assert line.began == wall - 5 * STEP
    assert kept.line("sidekiq.processed").values == (None, 10.0, 10.0, None, None, None)


@pytest.mark.parametrize("passed", [-(10**9), 0, 8_000], ids=["set back", "at once", "soon"])
def test_a_restart_makes_no_step_of_its_own(kept: Server, passed: int) -> None:
    """The first look of an agent that comes soon after its predecessor is due when that one's next would have been; after a clock that was set back a step later."""
    kept.charts, before = Charts(), kept.charts
    kept.charts.restore(before.kept())
    state, wall = State(kept.ledger, kept.world), WALL + kept.at + passed
    kept.charts.take(state, {}, at=5, wall=wall)
    assert kept.line("queue.size", "push").values == (1.0, 2.0, 3.0)
    left = STEP - max(0, passed)
    assert kept.charts.wait(5) == left
    kept.charts.take(state, {}, at=5 + left, wall=wall + left)
    assert kept.line("queue.size", "push").values == (1.0, 2.0, 3.0, 3.0)


def test_without_a_file_they_begin_anew_and_nothing_is_said(tmp_path: Path) -> None:
    """A first start is no damage."""
    charts, why = restored(tmp_path)
    assert (charts.series(), why) == ((), "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not packed",
        zlib.compress(b"not a struct"),
        zlib.compress(b"x" * (LARGEST + 1)),
        zlib.compress(msgspec.msgpack.encode({"count": 1, "wall": 1, "step_ms": 1, "steps": 1, "lines": {}})),
    ],
    ids=["empty", "garbage", "another", "bomb", "another grid"],
)
def test_a_damaged_file_is_left_out(tmp_path: Path, data: bytes) -> None:
    """Whatever lies there, the charts begin anew, and it is said why."""
    (tmp_path / NAME).write_bytes(data)
    charts, why = restored(tmp_path)
    assert charts.series() == ()
    assert why


def test_a_file_that_was_cut_off_anywhere_is_left_out(kept: Server, tmp_path: Path) -> None:
    """No part of it is taken for the whole."""
    whole = (tmp_path / NAME).read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / NAME).write_bytes(whole[:length])
        charts, why = restored(tmp_path)
        assert charts.series() == ()
        assert why


def test_what_does_not_fit_leaves_nothing_half_way(kept: Server) -> None:
    """A file with one bad line among good ones is none."""
    good = kept.charts.kept()
    bad = msgspec.structs.replace(good, lines={**good.lines, "process": {"p": {"process.cpu": b""}}})
    charts = Charts()
    with pytest.raises(ValueError, match="another kind"):
        charts.restore(bad)
    assert charts.series() == ()
