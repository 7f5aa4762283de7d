"""What is shown of the present: in which order, with which numbers, and a piece at a time."""

import asyncio

import msgspec
import pytest

from tests.bench.large import Large, large
from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.unit.web.inside import Looked
from watchdog.model.events import Delta, Gone, SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.told import OperatorAcknowledged, OperatorPaused, OperatorSilenced
from watchdog.model.verdicts import Mode
from watchdog.web.failures import NotThereError, NotUnderstoodError
from watchdog.web.views.alerts import alerts
from watchdog.web.views.approvals import approval, approvals
from watchdog.web.views.blocked import blocked
from watchdog.web.views.incidents import under_way
from watchdog.web.views.jobs import jobs
from watchdog.web.views.matrix import matrix
from watchdog.web.views.overview import overview
from watchdog.web.views.processes import Order, processes
from watchdog.web.views.processes import process as one_process
from watchdog.web.views.queues import Order as QueueOrder
from watchdog.web.views.queues import queues
from watchdog.web.views.rules import rules as rules_seen
from watchdog.web.views.switches import switches
from watchdog.web.views.why import why

ONE, TWO, THREE = "web1:10:a", "web1:20:b", "web2:30:c"
TEXT = """
rules:
  - {rule: waiting, each: queue, when: queue.size > 100, for: 1m, keep_firing_for: 2m, severity: critical, notify: [ops]}
  - {rule: silent, each: process, when: 'process.beat_age > 30s and not process.quiet'}
  - {rule: left, each: process, on: ProcessVanished, keep_firing_for: 5m}
  - rule: stuck
    each: job
    when: job.elapsed > 10m
    then: [{terminate_process: {process: job.process}}]
"""


def queue(name, size, latency=0):
    """That so many jobs wait in it."""
    return Delta(Kind.QUEUE, name, {"name": name, "size": size, "latency": latency})


@pytest.fixture
def talk():
    """Three processes, four queues, three jobs; it is engine time 1,000,000."""
    one = Conversation(rules(TEXT))
    one.at = 1_000_000
    one.hear(
        redis(
            process(ONE, 999_000, threads=5, busy=2, rss=300), process(TWO, 980_000, threads=5, busy=1, rss=500), process(THREE, 1_000_000, quiet=True),
            job(ONE, "j1", 900_000), job(ONE, "j2", 700_000, thread="t2", queue="pull"), job(TWO, "j3", 950_000, job_class="Other"),
            queue("a", 10), queue("b", 90, 5_000), queue("c", 50, 9_000), queue("d", None), Delta(Kind.SIDEKIQ, "sidekiq", {"threads": 15, "busy": 3, "enqueued": 150}),
            complete=True,
        )
    )  # fmt: skip
    return one


def lines(found):
    """Rule → its line."""
    return {line.rule: line for line in found.lines}


async def all_of(view, inside, **asked):
    """Every item, a piece at a time, with the sizes of the pieces."""
    found, after = [], ""
    while True:
        piece = await view(inside, after=after, limit=2, **asked)
        assert len(piece.items) <= 2
        found += piece.items
        if not piece.next:
            return found
        after = piece.next


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


class TestLists:
    """Processes, jobs, queues, alerts."""

    async def test_a_process_with_its_jobs(self, talk):
        """Identity, pid, unit, readings, and what runs in it, the longest first; whatever is not known is None."""
        talk.hear(host(found(ONE, unit="sidekiq.service")))
        seen = await one_process(Looked(talk), ONE)
        assert (seen.host, seen.pid, seen.unit, seen.target, seen.alive, seen.local) == (
            "web1",
            10,
            "sidekiq.service",
            "web1/sidekiq.service",
            True,
            True,
        )
        assert (seen.queues, seen.threads, seen.busy, seen.quiet, seen.beat_age, seen.rss) == (("push",), 5, 2, False, 1_000, 300)
        assert (seen.cpu, seen.memory, seen.mismatch, seen.version) == (None, None, None, None)
        assert [(one.jid, one.job_class, one.queue, one.elapsed) for one in seen.jobs] == [
            ("j2", "SleepForever", "pull", 299_000),
            ("j1", "SleepForever", "push", 99_000),
        ]
        assert (seen.running, seen.longest) == (2, 299_000)
        assert b'"class":"SleepForever"' in msgspec.json.encode(seen)
        with pytest.raises(NotThereError):
            await one_process(Looked(talk), "web9:1:x")

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            (Order.ID, [ONE, TWO, THREE]), (Order.BEAT, [TWO, ONE, THREE]), (Order.BUSY, [ONE, TWO, THREE]), (Order.MEMORY, [TWO, ONE, THREE]),
            (Order.LONGEST, [ONE, TWO, THREE]), (Order.CPU, [ONE, TWO, THREE]),
        ],
    )  # fmt: skip
    async def test_processes_in_order(self, talk, order, expected):
        """In each order a piece at a time gives the same as all at once; what is not known comes last, by name."""
        whole = (await processes(Looked(talk), order=order)).items
        assert [one.id for one in whole] == expected
        assert tuple(await all_of(processes, Looked(talk), order=order)) == whole

    async def test_processes_of_a_host_and_of_a_queue(self, talk):
        """Only those, and counted so."""
        piece = await processes(Looked(talk), host="web1")
        assert ([one.id for one in piece.items], piece.total) == ([ONE, TWO], 2)
        assert (await processes(Looked(talk), queue="mail")).items == ()

    async def test_jobs_the_longest_first(self, talk):
        """Of all processes, or of one, one queue, one class."""
        assert [one.jid for one in await all_of(jobs, Looked(talk))] == ["j2", "j1", "j3"]
        assert [one.jid for one in (await jobs(Looked(talk), process=ONE)).items] == ["j2", "j1"]
        assert [one.jid for one in (await jobs(Looked(talk), queue="pull")).items] == ["j2"]
        assert [one.jid for one in (await jobs(Looked(talk), job_class="Other")).items] == ["j3"]
        assert (await jobs(Looked(talk), process="nobody")).total == 0

    async def test_queues_in_order(self, talk):
        """By name, by size, by latency; what is not known last."""
        assert [one.name for one in await all_of(queues, Looked(talk))] == ["a", "b", "c", "d"]
        assert [one.name for one in await all_of(queues, Looked(talk), order=QueueOrder.SIZE)] == ["b", "c", "a", "d"]
        assert [one.name for one in await all_of(queues, Looked(talk), order=QueueOrder.LATENCY)] == ["c", "b", "a", "d"]

    async def test_alerts_what_fires_first(self, talk):
        """The oldest first, with who has seen it and what is being done."""
        talk.hear(redis(queue("a", 101)))
        talk.wait(talk.at + 61_000)
        talk.hear(redis(queue("b", 200)))
        talk.hear(
            OperatorAcknowledged(
                id="k1",
                by="ada",
                reason="known",
                asked=Looked(talk).wall(),
                until=Looked(talk).wall() + 600_000,
                rule="waiting",
                target="a",
            )
        )
        first, second = (await alerts(Looked(talk), rule="waiting")).items
        assert (first.entity, first.phase, first.severity, first.acked_by, first.for_ms, first.telling.told) == (
            "a",
            "firing",
            "critical",
            "ada",
            1_000,
            ("ops",),
        )
        assert (second.entity, second.phase, second.counted_ms, second.enough_ms, second.telling) == ("b", "pending", 0, 60_000, None)
        assert [one.entity for one in (await alerts(Looked(talk), phase="pending")).items] == ["b"]


class TestWhatIsHeldAndAsked:
    """Requests, approvals, pauses, incidents, the overview."""

    @pytest.fixture
    def asking(self):
        """A job that has run for too long, in a process that a rule would end once somebody has said yes."""
        talk = Conversation(rules(TEXT, Mode.ASK))
        talk.at = 1_000_000
        talk.hear(redis(process(ONE, 1_000_000), process(TWO, 1_000_000), job(ONE, "j1", 100_000), complete=True))
        talk.hear(host(found(ONE), found(TWO)))
        talk.answer(HEALTHY)
        return talk

    async def test_what_a_person_is_asked(self, asking):
        """With what would be done, why, and for how long it can be answered; and it stands among what waits."""
        (asked,) = (await approvals(Looked(asking))).items
        assert (asked.rule, asked.action, asked.standing, asked.needed, asked.approved_by) == ("stuck", "terminate_process", "open", 1, ())
        assert asked.stages
        assert asked.condition == "job.elapsed > 10m"
        assert 0 < asked.left_ms <= 3_600_000
        assert await approval(Looked(asking), asked.id) == asked
        (waits,) = (await blocked(Looked(asking))).items
        assert (waits.rule, waits.decision, waits.action) == ("stuck", "ASK", "terminate_process")
        with pytest.raises(NotThereError):
            await approval(Looked(asking), "nothing")

    async def test_what_a_guard_denies_and_until_when(self, asking):
        """A pause is a guard like any other."""
        wall = Looked(asking).wall()
        asking.hear(OperatorPaused(id="p1", by="ada", reason="new disks", asked=wall, until=wall + 600_000))
        (held,) = (await blocked(Looked(asking), guard="paused")).items
        assert (held.decision, held.guard, held.until_ms) == ("DENY", "paused", 600_000)
        assert "new disks" in held.reason
        assert (await blocked(Looked(asking), rule="silent")).total == 0

    async def test_switches_and_the_overview(self, asking):
        """Who has said what until when; and on top whether anything may be done at all, what can't be seen, and how much fires."""
        wall = Looked(asking).wall()
        asking.hear(OperatorPaused(id="p1", by="ada", reason="new disks", asked=wall, until=wall + 600_000, rule="stuck"))
        asking.hear(OperatorSilenced(id="s1", by="ben", reason="known", asked=wall, until=wall + 60_000, rule="wait*"))
        asking.at += 10_000
        shown = await switches(Looked(asking))
        (pause,), (silence,) = shown.pauses, shown.silences
        assert (pause.by, pause.reason, pause.rule, pause.until_ms, pause.until_wall, pause.resumable) == (
            "ada",
            "new disks",
            "stuck",
            590_000,
            wall + 600_000,
            True,
        )
        assert (silence.by, silence.matches, silence.until_ms) == ("ben", "rule=wait*", 50_000)
        top = await overview(Looked(asking))
        assert (top.mode, top.paused, top.paused_in_part, top.firing, top.pending, top.questions, top.rules) == (
            "ask",
            False,
            True,
            1,
            0,
            1,
            4,
        )
        asking.hear(SourceLost(Source.REDIS, "refused", "nobody answers"))
        top = await overview(Looked(asking))
        assert (top.blind, top.sources["redis"].ok, top.sources["redis"].message) == (("redis",), False, "nobody answers")

    async def test_sidekiq_as_a_whole(self, talk):
        """With the share of its threads that is busy."""
        top = await overview(Looked(talk))
        assert (top.sidekiq.threads, top.sidekiq.busy, top.sidekiq.utilisation, top.sidekiq.enqueued, top.sidekiq.dead) == (
            15,
            3,
            0.2,
            150,
            None,
        )
        assert (top.entities["process"], top.entities["job"], top.host, top.seq) == (3, 3, "web1", talk.seq)

    async def test_what_is_under_way(self):
        """An incident with its stage and its account."""
        talk = Conversation(rules(TEXT))
        talk.at = 1_000_000
        talk.hear(redis(process(ONE, 1_000_000), process(TWO, 1_000_000), job(ONE, "j1", 100_000), complete=True))
        talk.hear(host(found(ONE), found(TWO)))
        talk.answer(HEALTHY)
        (one,) = await under_way(Looked(talk))
        assert (one.rule, one.action, one.pid, one.target) == ("stuck", "terminate_process", 10, "web1/app[push]")
        assert (await alerts(Looked(talk), phase="firing")).items[0].incident == one.id

    async def test_rules_as_people_read_them(self, talk):
        """In the order of their files, with their conditions, their steps and how far they go."""
        piece = await rules_seen(Looked(talk))
        assert [one.name for one in piece.items] == ["waiting", "silent", "left", "stuck"]
        stuck = piece.items[-1]
        assert (stuck.condition, stuck.steps, stuck.mode, stuck.kind, stuck.file, stuck.line > 0) == (
            "job.elapsed > 10m",
            ("terminate_process",),
            "act",
            "job",
            "rules.yml",
            True,
        )
        assert [one.name for one in await all_of(rules_seen, Looked(talk))] == ["waiting", "silent", "left", "stuck"]

    async def test_why(self, asking):
        """The engine's account, with what every guard says; of a rule that is not in force there is none."""
        (entity,) = asking.state.world.rows[Kind.JOB]
        account = await why(Looked(asking), "stuck", entity)
        assert (account.truth, account.condition.text, account.condition.margin, account.alert.phase) == (
            "true",
            "job.elapsed > 10m",
            "+5m",
            "firing",
        )
        assert (account.action, account.decision) == ("terminate_process", "ASK")
        assert account.guards[0].guard == "paused"
        assert (await why(Looked(asking), "stuck", "gone")).truth == "gone"
        with pytest.raises(NotThereError):
            await why(Looked(asking), "nothing", entity)
