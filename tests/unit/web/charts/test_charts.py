"""The memory of the charts: what is a value, what is a gap, and who has a line."""

import sys
from collections.abc import Callable

import pytest

from tests.unit.web.charts.conftest import WALL, Server
from watchdog.model.events import Delta, Observed
from watchdog.model.fields import BY_KIND
from watchdog.model.kinds import Kind, Source, Type
from watchdog.web.charts.charts import ROOM, Charts
from watchdog.web.charts.lines import Lines
from watchdog.web.charts.looking import fields
from watchdog.web.charts.series import STEP, STEPS
from watchdog.web.charts.spec import CHARTS, OWN

Make = Callable[[], Server]


def test_nothing_is_there_before_the_first_look() -> None:
    """Charts that have seen nothing have no lines."""
    assert Charts().series() == ()


def test_each_look_is_a_value(server: Make) -> None:
    """A line says what it was at each look, when it began, and in which unit."""
    one = server()
    for size in (3, 5, 4):
        one.queues({"push": size}, latency=size * 1_000)
        one.look()
    line = one.line("queue.size", "push")
    assert (line.values, line.type, line.step_ms) == ((3.0, 5.0, 4.0), Type.COUNT, STEP)
    assert line.began == WALL + one.at - 2 * STEP
    assert one.line("queue.latency", "push").values == (3_000.0, 5_000.0, 4_000.0)


def test_looks_more_often_than_each_half_minute_are_one(server: Make) -> None:
    """Whoever feeds it too often changes nothing."""
    one = server()
    one.queues({"push": 1})
    one.look()
    one.queues({"push": 9})
    one.look(after=STEP - 1)
    assert one.line("queue.size", "push").values == (1.0,)
    one.look(after=1)
    assert one.line("queue.size", "push").values == (1.0, 9.0)


def test_looks_that_come_a_little_late_stay_on_the_grid(server: Make) -> None:
    """A hundred looks of which each is 5 ms late are a hundred values, not one less."""
    one = server()
    one.queues({"push": 1})
    for number in range(100):
        one.look(after=STEP + 5 if number % 2 else STEP - 5)
        one.look(after=5)
    line = one.line("queue.size", "push")
    assert None not in line.values
    assert abs(len(line.values) - 100) <= 1


def test_while_a_source_can_not_be_read_there_is_a_gap(server: Make) -> None:
    """What Redis said before it was lost is no value of the time after."""
    one = server()
    one.queues({"push": 7})
    one.processes({"web1:1:a": 0.5})
    one.look()
    one.lose(Source.REDIS)
    one.look()
    one.lose(Source.HOST)
    one.look()
    assert one.line("queue.size", "push").values == (7.0, None, 7.0)
    assert one.line("process.cpu", "web1:1:a").values == (0.5, 0.5, None)


def test_before_redis_was_read_in_full_nothing_is_known(server: Make) -> None:
    """A half picture is none."""
    one = server()
    one.world.take(Observed(Source.REDIS, (Delta(Kind.QUEUE, "push", {"size": 1}),)), one.at)
    one.look(own={"agent.redis": 0.001})
    assert {line.name for line in one.charts.series()} == {"agent.redis"}


def test_time_in_which_nobody_looked_is_a_gap(server: Make) -> None:
    """An agent that hung for two minutes has four values less."""
    one = server()
    one.queues({"push": 1})
    one.look()
    one.look(after=4 * STEP)
    assert one.line("queue.size", "push").values == (1.0, None, None, None, 1.0)


def test_of_counters_the_growth_in_a_second_is_shown(server: Make) -> None:
    """The first look says nothing of growth, nor does a counter that began anew, nor one that was not seen before."""
    one = server()
    for processed in (1_000, 1_300, 100, 160):
        one.read(processed=processed)
        one.look()
    one.lose(Source.REDIS)
    one.look()
    one.lose()
    one.look()
    one.read(processed=190)
    one.look()
    assert one.line("sidekiq.processed").values == (None, 10.0, None, 2.0, None, None, 1.0)


def test_growth_is_counted_over_the_time_that_has_passed(server: Make) -> None:
    """Jobs of four steps, seen at the fourth, are no peak."""
    one = server()
    one.read(processed=0)
    one.look()
    one.read(processed=1_200)
    one.look(after=4 * STEP)
    assert one.line("sidekiq.processed").values[-1] == 10.0


def test_no_more_than_four_hours_are_kept(server: Make) -> None:
    """A line has 480 values at most: the last ones."""
    one = server()
    for size in range(STEPS + 3):
        one.queues({"push": size})
        one.look()
    line = one.line("queue.size", "push")
    assert line.values == tuple(float(size) for size in range(3, STEPS + 3))
    assert line.began == WALL + one.at - (STEPS - 1) * STEP


def test_longer_than_four_hours_without_a_look_all_is_forgotten(server: Make) -> None:
    """Only what is seen afterwards is there."""
    one = server()
    one.queues({"push": 1, "pull": 1})
    one.look()
    one.queues({"push": 2})
    one.look(after=(STEPS + 7) * STEP)
    assert one.names("queue.size") == {"push"}
    assert one.line("queue.size", "push").values == (*[None] * (STEPS - 1), 2.0)


def test_whoever_has_no_line_is_in_that_of_all_others(server: Make) -> None:
    """The longest queues have lines; of the others sizes are added up, and the worst latency counts."""
    one = server()
    one.queues({f"q{number:02}": number for number in range(ROOM + 3)}, latency=700)
    one.look()
    assert one.names("queue.size") == {f"q{number:02}" for number in range(3, ROOM + 3)}
    rest = {line.name: line.values for line in one.charts.series() if line.rest}
    assert rest == {"queue.size": (3.0,), "queue.latency": (700.0,)}


def test_a_queue_that_is_called_other_is_one_of_its_own(server: Make) -> None:
    """No name that somebody gave is taken for the rest."""
    one = server()
    one.queues({"other": 1, "": 2})
    one.look()
    assert {(line.of, line.values) for line in one.charts.series("queue.size")} == {("other", (1.0,)), ("", (2.0,))}


def test_a_queue_that_outgrows_all_that_one_ever_was_takes_its_place(server: Make) -> None:
    """Lines stay with whom they are: only more than a line ever showed displaces it, so no two take each other's place by turns."""
    one = server()
    sizes = {f"q{number:02}": 10 for number in range(ROOM)}
    one.queues(sizes)
    one.look()
    one.queues({**sizes, "new": 10})
    one.look()
    assert "new" not in one.names("queue.size")
    one.queues({**dict.fromkeys(sizes, 0), "new": 11})
    one.look()
    assert "new" in one.names("queue.size")
    assert len(one.names("queue.size")) == ROOM
    before = one.names("queue.size")
    for size in (0, 10):
        one.queues({**dict.fromkeys(sizes, size), "new": 0})
        one.look()
        assert one.names("queue.size") == before


def test_the_place_of_one_that_is_gone_is_free(server: Make) -> None:
    """Processes come and go with each deployment; those that live are shown, and the old ones as long as nobody needs their place."""
    one = server()
    one.queues({f"old{number:02}": 1_000 for number in range(ROOM)})
    one.look()
    one.queues({"new": 1})
    one.look()
    assert "new" in one.names("queue.size")
    assert len(one.names("queue.size")) == ROOM


def test_memory_is_bounded_however_large_the_server_is(server: Make) -> None:
    """A thousand queues and processes that change all the time take less than half a megabyte."""
    one = server()
    for turn in range(5):
        one.queues({f"q{turn}-{number}": number + turn for number in range(1_000)})
        one.processes({f"web1:{turn}{number}:a": 0.1 for number in range(1_000)})
        one.look(own=dict.fromkeys(OWN, 0.1))
    rings = [ring for lines in one.charts._lines.values() for of in lines._rings.values() for ring in of.values()]
    assert sum(map(sys.getsizeof, rings)) < 500_000


def test_every_field_that_is_looked_at_is_in_the_table_of_fields() -> None:
    """No chart is made of a reading that nobody delivers, or of one that grows by a clock."""
    for kind, name in fields():
        assert BY_KIND[kind][name].clock is None, f"{kind}.{name}"
    for chart in CHARTS:
        assert chart.doc
        if chart.kind is not None:
            spec = BY_KIND[chart.kind][chart.field]
            assert spec.source is chart.source
            assert spec.type is chart.type or chart.counter


def test_lines_of_another_shape_are_refused() -> None:
    """What does not fit is not taken for something else."""
    lines = Lines(CHARTS[:2], room=2, steps=STEPS)
    with pytest.raises(ValueError, match="another kind"):
        lines.restore({"push": {"": b"", "queue.size": b"", "queue.latency": b""}})
    with pytest.raises(ValueError, match="room"):
        lines.restore({str(number): {} for number in range(4)})
