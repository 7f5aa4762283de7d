"""Rules by entities, as they are shown: which come first, with which values, and for how long."""

import asyncio

import pytest

from tests.bench.large import Large, large
from tests.scenario.conversation import redis
from tests.unit.web.inside import Looked
from tests.unit.web.live import ONE, THREE, TWO, queue, three_processes
from watchdog.model.events import Gone, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.web.failures import NotThereError, NotUnderstoodError
from watchdog.web.views.matrix import matrix


@pytest.fixture
def talk():
    """Three processes, four queues, three jobs."""
    return three_processes()


def lines(found):
    """Rule → its line."""
    return {line.rule: line for line in found.lines}


class TestMatrix:
    """Rule × entity."""

    async def test_the_nearest_come_first_with_what_is_missing_to_the_limit(self, talk):
        """By how far they are from firing; what can't be known comes behind them, with no numbers."""
        line = lines(await matrix(Looked(talk)))["waiting"]
        assert [cell.entity for cell in line.cells] == ["b", "c", "a", "d"]
        first, last = line.cells[0], line.cells[-1]
        assert (first.state, first.part, first.type, first.value, first.limit, first.margin) == (
            "false",
            "queue.size > 100",
            "count",
            90,
            100,
            -10,
        )
        assert (last.state, last.value, last.margin) == ("unknown", None, None)
        assert (line.entities, line.firing, line.pending, line.unknown, line.mode, line.severity) == (4, 0, 0, 1, "act", "critical")

    async def test_what_decides_is_what_would_have_to_flip(self, talk):
        """Of two parts the one that is farther from it."""
        cells = {cell.entity: cell for cell in lines(await matrix(Looked(talk)))["silent"].cells}
        assert (cells[TWO].part, cells[TWO].value, cells[TWO].margin, cells[TWO].type) == (
            "process.beat_age > 30s",
            20_000,
            -10_000,
            "duration",
        )
        assert (cells[THREE].part, cells[THREE].value, cells[THREE].margin, cells[THREE].type) == ("process.quiet", True, None, "boolean")

    async def test_what_fires_comes_before_what_is_pending_before_the_rest(self, talk):
        """With how much of the time has passed until it fires, or is over; rules that fire come first."""
        talk.hear(redis(queue("a", 101), queue("c", 150)))
        talk.wait(talk.at + 61_000)
        talk.hear(redis(queue("d", 200)), at=talk.at)
        talk.hear(redis(queue("c", 20)), at=talk.at + 5_000)
        talk.at += 1_000
        shown = await matrix(Looked(talk))
        line = lines(shown)["waiting"]
        assert shown.lines[0] is line
        assert [(cell.entity, cell.state) for cell in line.cells] == [("a", "firing"), ("c", "firing"), ("d", "pending"), ("b", "false")]
        firing, ending, pending, _ = line.cells
        assert (firing.margin, firing.held_ms, firing.enough_ms) == (1, 0, 120_000)
        assert (ending.margin, ending.held_ms, ending.enough_ms) == (-80, 1_000, 120_000)
        assert (pending.margin, pending.held_ms, pending.enough_ms) == (100, 6_000, 60_000)
        assert (line.firing, line.pending) == (2, 1)
        assert firing.since_wall == Looked(talk).wall() - 6_000 - 1_000

    async def test_of_a_source_that_cant_be_read_nothing_is_known(self, talk):
        """Neither what is so nor how far it is, and it is said which source that is; what fires goes on."""
        talk.hear(redis(queue("a", 101)))
        talk.wait(talk.at + 61_000)
        talk.hear(SourceLost(Source.REDIS, "refused", "x"))
        line = lines(await matrix(Looked(talk)))["waiting"]
        assert {(cell.entity, cell.state) for cell in line.cells} == {("a", "firing"), ("b", "unknown"), ("c", "unknown"), ("d", "unknown")}
        assert all(cell.blind == ("redis",) and cell.margin is None for cell in line.cells)
        assert line.unknown == 4

    async def test_a_rule_that_waits_for_a_change_shows_what_it_has_told(self, talk):
        """Also of what is gone since."""
        talk.hear(redis(Gone(Kind.PROCESS, TWO, "left")))
        line = lines(await matrix(Looked(talk)))["left"]
        assert [(cell.entity, cell.state, cell.enough_ms) for cell in line.cells] == [(TWO, "firing", 300_000)]
        assert line.next == ""

    async def test_a_rule_is_paged_through_whatever_comes_and_goes(self, talk):
        """Every entity that stays is shown once, none twice, and in the order of the whole."""
        talk.hear(redis(*(queue(f"q{number:02}", number) for number in range(40)), queue("a", 101)))
        seen, after = [], ""
        while True:
            line = (await matrix(Looked(talk), rule="waiting", after=after, limit=7)).lines[0]
            seen += [cell.entity for cell in line.cells]
            if not (after := line.next):
                break
            talk.hear(redis(Gone(Kind.QUEUE, seen[0], "cleared"), queue(f"new{len(seen)}", 99)))
        assert len(seen) == len(set(seen))
        assert {f"q{number:02}" for number in range(40)} <= set(seen)
        assert seen[:3] == ["a", "b", "c"]

    async def test_the_first_piece_of_all_leads_on_to_the_rest_of_a_rule(self, talk):
        """What `next` of a line says goes on where it ends."""
        line = lines(await matrix(Looked(talk), limit=2))["waiting"]
        rest = (await matrix(Looked(talk), rule="waiting", after=line.next)).lines[0]
        assert [cell.entity for cell in (*line.cells, *rest.cells)] == ["b", "c", "a", "d"]
        assert rest.next == ""

    async def test_what_all_rules_say_of_one_entity(self, talk):
        """Those for its kind, and no others."""
        shown = await matrix(Looked(talk), entity=ONE)
        assert [(line.rule, len(line.cells)) for line in shown.lines] == [("silent", 1), ("left", 1)]
        assert (await matrix(Looked(talk), entity="nobody")).lines == ()

    async def test_a_rule_that_is_not_in_force(self, talk):
        """Is not there; nor is a place that no piece has given."""
        with pytest.raises(NotThereError, match="no rule of that name"):
            await matrix(Looked(talk), rule="nothing")
        with pytest.raises(NotUnderstoodError, match="`after`"):
            await matrix(Looked(talk), rule="waiting", after="x|y")

    async def test_of_very_many_the_nearest_are_found_beside_everything_else(self):
        """What takes long is done in slices: the loop goes on meanwhile, and in the end the nearest are those that an exact look at all finds."""
        inside = Large(*large(200, 25))
        turns = 0

        async def others():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        running = asyncio.create_task(others())
        shown = await matrix(inside)
        while shown.looked_ms is None:
            shown = await matrix(inside)
        running.cancel()
        assert turns > 5
        for rule in ("stuck-job", "long-job", "full", "silent", "waiting"):
            whole = (await matrix(inside, rule=rule, limit=10)).lines[0]
            assert lines(shown)[rule].cells == whole.cells
            assert lines(shown)[rule].next == whole.next
