"""What is shown of the present: in which order, with which numbers, and a piece at a time."""

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from tests.unit.web.inside import Looked
from tests.unit.web.live import ONE, TEXT, THREE, TWO, queue, three_processes
from watchdog.model.events import SourceLost
from watchdog.model.kinds import Kind, Source
from watchdog.model.told import OperatorAcknowledged, OperatorPaused, OperatorSilenced
from watchdog.model.verdicts import Mode
from watchdog.web.failures import NotThereError
from watchdog.web.views.alerts import alerts
from watchdog.web.views.approvals import approval, approvals
from watchdog.web.views.blocked import blocked
from watchdog.web.views.incidents import under_way
from watchdog.web.views.jobs import jobs
from watchdog.web.views.overview import overview
from watchdog.web.views.processes import Order, processes
from watchdog.web.views.processes import process as one_process
from watchdog.web.views.queues import Order as QueueOrder
from watchdog.web.views.queues import queues
from watchdog.web.views.rules import rules as rules_seen
from watchdog.web.views.switches import switches
from watchdog.web.views.why import why


@pytest.fixture
def talk():
    """Three processes, four queues, three jobs."""
    return three_processes()


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
