"""What is shown of the past: read from the store and the trace that an agent leaves, a piece at a time."""

import asyncio
import contextlib
import sqlite3
from typing import Any

import pytest

from tests.scenario.conversation import WALL, Conversation, redis, rules
from tests.unit.cli.test_recorded import FIRST, ONE, Agent, size
from tests.unit.web.inside import Looked
from watchdog.model.events import Gone
from watchdog.model.kinds import Kind
from watchdog.model.records import AuditRow, IncidentRow
from watchdog.store.store import Commit, Store
from watchdog.store.trace import recorder as recorders
from watchdog.web.failures import NotNowError, NotThereError, NotUnderstoodError
from watchdog.web.views import audit as audit_view
from watchdog.web.views import changes as changes_view
from watchdog.web.views import would as would_view
from watchdog.web.views.audit import Asked, audit, chain
from watchdog.web.views.changes import changes
from watchdog.web.views.incidents import incident, incidents
from watchdog.web.views.would import would

HOUR = 3_600_000


def row(kind, minute, **fields):
    """A row of that minute."""
    return AuditRow(kind=kind, wall=WALL + minute * 60_000, **fields)


ROWS = (
    row("alert", 0, rule="stuck", entity="job-1", outcome="firing", reason="it runs for 11m"),
    row("decision", 1, rule="stuck", entity="job-1", target="web1/app", action="terminate_process", mode="dry-run", decision="DENY", guard="coverage", reason="none is left"),
    row("would", 2, rule="stuck", entity="job-1", target="web1/app", action="terminate_process", stage="TERM", decision="DRY_RUN", incident="7.0", would_at=WALL + 125_000, reason="at once"),
    row("would", 2, rule="stuck", entity="job-1", target="web1/app", action="terminate_process", stage="KILL", decision="DRY_RUN", incident="7.0", would_at=WALL + 155_000, reason="if it lives"),
    row("would", 3, rule="ask", entity="job-2", decision="ASK", incident="8.0", reason="a person would be asked"),
    row("intent", 10, rule="silent", entity="p1", target="web1/app", action="restart_unit", stage="TERM", mode="act", decision="ALLOW", incident="9.0"),
    row("outcome", 11, rule="silent", entity="p1", target="web1/app", action="restart_unit", stage="TERM", outcome="watch", incident="9.0"),
    row("intent", 12, rule="silent", entity="p1", target="web1/app", action="restart_unit", stage="start", mode="act", decision="ALLOW", incident="9.0", detail={"jobs": 3}),
    row("decision", 13, rule="order:o1", entity="p1", mode="dry-run", decision="DENY", guard="veto", reason="by hand"),
    row("alert", 20, rule="stuck", entity="job-1", outcome="resolved", reason="the condition no longer holds"),
)  # fmt: skip


@pytest.fixture
async def inside(tmp_path):
    """An agent that has written these rows half an hour ago."""
    folder = tmp_path / "state"
    store = await Store.open(folder)
    incident_ = IncidentRow(
        id="9.0",
        rule="silent",
        entity="p1",
        target="web1/app",
        action="restart_unit",
        opened=WALL + 600_000,
        closed=None,
        outcome="open",
        account=("+0.0 s: TERM",),
    )
    await store.commit(Commit(1, audit=ROWS, incidents=(incident_,)))
    await store.close()
    talk = Conversation(rules("rules:\n  - {rule: it, each: queue, when: queue.size > 5}\n"))
    talk.at = HOUR
    return Looked(talk, folder)


class TestAudit:
    """Rows, the newest first."""

    async def test_a_piece_at_a_time(self, inside):
        """Each row once, with its times as numbers and its hash."""
        seen, after = list[Any](), ""
        while True:
            piece = await audit(inside, after=after, limit=4)
            seen += piece.items
            if not (after := piece.next):
                break
        assert [one.seq for one in seen] == list(range(10, 0, -1))
        assert piece.total is None
        would_ = next(one for one in seen if one.stage == "KILL")
        assert (would_.wall, would_.would_at, would_.decision, len(would_.hash)) == (WALL + 120_000, WALL + 155_000, "DRY_RUN", 64)
        assert next(one for one in seen if one.stage == "start").detail == {"jobs": 3}

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            (Asked(kind="alert"), [10, 1]), (Asked(rule="silent"), [8, 7, 6]), (Asked(guard="coverage"), [2]), (Asked(incident="7.0"), [4, 3]), (Asked(decision="DENY"), [9, 2]),
            (Asked(since=WALL + 11 * 60_000), [10, 9, 8, 7]), (Asked(until=WALL + 60_000), [1]), (Asked(rule="silent", kind="outcome"), [7]), (Asked(entity="nothing"), []),
        ],
    )  # fmt: skip
    async def test_only_what_is_asked_for(self, inside, asked, expected):
        """By each of the fields, and by several."""
        assert [one.seq for one in (await audit(inside, asked)).items] == expected

    @pytest.mark.parametrize("after", ["x", "-1", "1.5", "\N{SUPERSCRIPT TWO}", "9" * 30])
    async def test_a_place_that_is_none(self, inside, after):
        """Is refused with a sentence."""
        with pytest.raises(NotUnderstoodError, match="number of a row"):
            await audit(inside, after=after)

    async def test_the_chain_is_whole_until_somebody_changes_a_row(self, inside, monkeypatch):
        """The end of it is looked at, as far as it goes; what was changed there is found."""
        found = await chain(inside)
        assert (found.seq, found.checked, found.broken, found.hash) == (10, 10, None, (await audit(inside, limit=1)).items[0].hash)
        monkeypatch.setattr(audit_view, "CHECKED", 4)
        assert (await chain(inside)).checked == 4
        with sqlite3.connect(inside.folder / "watchdog.db") as connection:
            connection.execute("UPDATE audit SET body = replace(body, 'TERM', 'QUIT') WHERE seq = 7")
        connection.close()
        assert (await chain(inside)).broken == 7
        monkeypatch.setattr(audit_view, "CHECKED", 3)
        assert (await chain(inside)).broken is None

    async def test_an_empty_log_is_whole(self, tmp_path):
        """There is nothing in it that anybody could have changed."""
        store = await Store.open(tmp_path / "new")
        await store.close()
        talk = Conversation(rules("rules:\n  - {rule: it, each: queue, when: queue.size > 5}\n"))
        found = await chain(Looked(talk, tmp_path / "new"))
        assert (found.seq, found.checked, found.broken) == (0, 0, None)
        assert (await audit(Looked(talk, tmp_path / "new"))).items == ()


class TestWould:
    """What dry-run left out, beside what was done."""

    async def test_each_in_its_place(self, inside):
        """Stages in their order with the times at which act would have come to them; what came of those that were carried out; what a guard denied; nothing of what was done by hand."""
        found = await would(inside)
        (left,) = found.would
        assert [(one.stage, one.wall, one.outcome) for one in left.stages] == [("TERM", WALL + 125_000, ""), ("KILL", WALL + 155_000, "")]
        assert (left.rule, left.incident, left.target, left.wall) == ("stuck", "7.0", "web1/app", WALL + 120_000)
        (done,) = found.done
        assert [(one.stage, one.outcome) for one in done.stages] == [("TERM", "watch"), ("start", "")]
        assert [(one.guard, one.decision, one.reason) for one in found.denied] == [("coverage", "DENY", "none is left")]
        assert (found.since, found.until, found.cut) == (WALL + HOUR - would_view.DAY, WALL + HOUR, False)

    async def test_of_one_rule_and_since_a_time(self, inside):
        """Only that."""
        found = await would(inside, rule="silent")
        assert (len(found.done), found.would, found.denied) == (1, (), ())
        found = await would(inside, since=WALL + 5 * 60_000)
        assert (len(found.done), found.would, found.denied) == (1, (), ())

    async def test_a_log_that_is_too_long_to_be_read_at_once(self, inside, monkeypatch):
        """The newest of it, and it is said from when on."""
        monkeypatch.setattr(would_view, "SEARCHED", 4)
        monkeypatch.setattr(would_view, "_PAGE", 2)
        found = await would(inside)
        assert (found.cut, found.since, found.would) == (True, WALL + 11 * 60_000, ())


class TestIncidents:
    """The list and the story, as `timeline` tells them."""

    async def test_the_list_and_one_of_it(self, inside):
        """By id; what is not there is not there."""
        piece = await incidents(inside)
        assert [(one.id, one.rule, one.outcome) for one in piece.items] == [("9.0", "silent", "open")]
        assert (await incidents(inside, rule="nothing")).total == 0
        assert (await incidents(inside, open_only=True, target="web1/app")).total == 1
        story = await incident(inside, "9.0")
        assert (story.incident, story.rule, story.outcome) == ("9.0", "silent", "open")
        with pytest.raises(NotThereError):
            await incident(inside, "nothing")
        with pytest.raises(NotUnderstoodError):
            await incidents(inside, after="nonsense")


class TestChanges:
    """What was recorded."""

    @pytest.fixture
    async def recorded(self, tmp_path, monkeypatch):
        """Twenty changes of a queue, a second each, two of them in the same moment; then ten quiet minutes."""
        monkeypatch.setattr(recorders, "RESERVE", 0)
        folder = tmp_path / "traced"
        folder.mkdir(mode=0o700)
        agent = Agent(folder, WALL)
        agent.record(
            FIRST,
            *(size(3 + number) for number in range(18)),
            redis(Gone(Kind.QUEUE, "push", "cleared"), Gone(Kind.JOB, f"{ONE}/t1/j1/0", "finished")),
        )
        await agent.recorder.close()
        agent.talk.at += 300_000
        return Looked(agent.talk, folder)

    async def test_the_newest_first_a_piece_at_a_time(self, recorded):
        """Each change once, also where a piece ends between two of the same moment."""
        whole = (await changes(recorded, since=0, limit=500)).items
        assert {"QueueGrew", "JobFinished"} <= {one.change for one in whole}
        assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
        for limit in (1, 3, 7):
            seen, after = list[Any](), ""
            while True:
                piece = await changes(recorded, since=0, after=after, limit=limit)
                seen += piece.items
                if not (after := piece.next):
                    break
            assert tuple(seen) == whole

    async def test_only_what_is_asked_for(self, recorded):
        """Of a kind, of a name, of an entity, and since when."""
        assert {one.kind for one in (await changes(recorded, since=0, kind="job")).items} <= {"job", "source"}
        assert {one.change for one in (await changes(recorded, since=0, kind="QueueGrew")).items} <= {"QueueGrew", "SourceRead"}
        assert {one.id for one in (await changes(recorded, entity="push")).items} == {"push"}
        assert len((await changes(recorded, since=WALL + 10_000)).items) < len((await changes(recorded)).items)

    async def test_too_much_to_look_through(self, recorded, monkeypatch):
        """Is said, with the command that takes its time."""
        monkeypatch.setattr(changes_view, "PATIENCE", -1.0)
        with pytest.raises(NotNowError, match="too much was recorded") as raised:
            await changes(recorded, since=0)
        assert "sidekiq-watchdog changes" in raised.value.hint

    @pytest.mark.parametrize("after", ["x", "1", "1|x|y|z", "-5|\N{SUPERSCRIPT TWO}", "nan|1", "inf|" + "9" * 400])
    async def test_a_place_that_is_none(self, recorded, after):
        """Is refused, or leads nowhere; never more."""
        with contextlib.suppress(NotUnderstoodError):
            assert len((await changes(recorded, after=after)).items) <= 50

    async def test_nothing_was_recorded(self, inside):
        """Is said, not shown as if nothing had happened."""
        with pytest.raises(NotNowError, match="no agent has recorded"):
            await changes(inside)


async def test_reading_holds_nobody_up(inside):
    """What is read from the disk is read beside the loop: another task goes on while it is."""
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    for view in (audit(inside), chain(inside), would(inside), incidents(inside), incident(inside, "9.0")):
        before = turns
        await view
        assert turns > before
    running.cancel()
