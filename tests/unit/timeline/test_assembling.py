"""The story of an incident, from what an agent has left behind that lived through it."""

import msgspec
import pytest

from tests.scenario.conversation import WALL
from tests.unit.timeline import stories
from tests.unit.timeline.kept import TOOK, change
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Mode
from watchdog.rulefile.rules import read_rules
from watchdog.timeline.assembling import ALIKE, ENTRIES, of, told, with_runbook
from watchdog.timeline.failures import NoSuchIncidentError
from watchdog.timeline.finding import Found
from watchdog.timeline.said import Said
from watchdog.timeline.timeline import MomentKind


def texts(story, *kinds):
    """What is said in moments of these kinds, with their times since the start of the agent."""
    return [(moment.wall - WALL, moment.text) for moment in story.entries if moment.kind in kinds]


def test_a_recovery_is_told_from_the_reading_to_the_proof(made):
    """Which reading, which rule, which guard stood in the way until when, each signal, what became of the jobs, whether it helped."""
    story = of(made("recovered"), "9.1")
    assert texts(story, MomentKind.READING, MomentKind.RULE) == [
        (22_000, "job.queue = push; job.elapsed = 21s"),
        (22_000, "stuck-job fires: SleepForever holds a thread of push for 21s"),
        (61_104, "stuck-job fires no more: lost"),
    ]
    assert texts(story, MomentKind.GUARD) == [
        (22_000, "recover_process on web1/app[push]: not done, paused denies: paused by ada: deploying, back at ten")
    ]
    assert texts(story, MomentKind.STEP)[:2] == [(30_100, "is about to send SIGTSTP"), (30_110, "SIGTSTP sent")]
    assert (61_103, "SIGKILL sent") in texts(story, MomentKind.STEP)
    assert (61_104, "is about to bring SleepForever j1 to the retry set: strike 1 of 2") in texts(story, MomentKind.JOBS)
    assert texts(story, MomentKind.VERIFICATION)[0] == (68_100, 'it is looked whether it helped: queue("push").size < 10')
    assert texts(story, MomentKind.VERIFICATION)[1][1].startswith("verified: it helped")
    assert texts(story, MomentKind.AGENT) == [(30_000, "resumed: ada")]


def test_what_it_was_and_how_it_stands(made):
    """Rule, target, outcome, times, readings, condition, who has heard of it."""
    story = of(made("recovered"), "9.1")
    assert (story.incident, story.rule, story.entity, story.target) == ("9.1", "stuck-job", stories.JOB, "web1/app[push]")
    assert (story.action, story.outcome, story.severity) == ("recover_process", "verified", Severity.CRITICAL)
    assert (story.began - WALL, (story.opened or 0) - WALL, (story.ended or 0) - WALL) == (22_000, 30_100, 70_100)
    assert (story.resolved or 0) - WALL == 61_104
    assert story.summary == "SleepForever holds a thread of push for 21s"
    assert story.seen == ("job.queue = push", "job.elapsed = 21s")
    assert story.condition == 'job.queue in ["push", "pull"] and job.elapsed > 20s'
    assert (set(story.told), story.next, story.missing, story.cut) == ({"ops", "chat"}, "", (), 0)
    assert story.jobs is not None
    assert (story.jobs.in_flight, story.jobs.finished, story.jobs.put_back, story.jobs.lost) == (2, 1, 1, 0)


def test_moments_stand_in_the_order_of_their_times(made):
    """Rows of the audit log and deliveries, whichever comes from where."""
    walls = [moment.wall for moment in of(made("recovered"), "9.1").entries]
    assert walls == sorted(walls)


def test_each_message_is_one_moment_however_many_were_told(made):
    """When it arrived first, and what became of it at each receiver."""
    story = of(made("recovered"), "9.1")
    first = next(moment for moment in story.entries if moment.kind is MomentKind.DELIVERY)
    assert first.wall - WALL == 22_000 + TOOK
    assert first.text == "told ops, chat: SleepForever holds a thread of push for 21s"
    assert first.detail == {"ops": "delivered after 0.2 s", "chat": "delivered after 0.2 s"}


def test_what_waits_and_what_was_given_up_is_not_told(copied):
    """With the error of whoever did not take it."""
    folder = copied("observed")
    change(folder, "UPDATE outbox SET outcome = '', ended = NULL")
    change(folder, "UPDATE outbox SET outcome = 'given_up', ended = written + 9, error = 'HTTP 500' WHERE receiver = 'chat'")
    story = of(folder, "alert:3")
    assert [moment.text.partition(":")[0] for moment in story.entries if moment.kind is MomentKind.DELIVERY] == ["waits for ops"] * 2
    assert story.told == ()
    assert next(moment.detail for moment in story.entries if moment.kind is MomentKind.DELIVERY) == {
        "ops": "waits",
        "chat": "given up: HTTP 500",
    }


def test_an_alert_that_led_to_nothing_has_a_story(made):
    """By the number of its row: what was read, whom it was told, when it was over."""
    story = of(made("observed"), "alert:3")
    assert texts(story, MomentKind.READING, MomentKind.RULE)[-1] == (52_000, "stuck-job fires no more: finished")
    assert (story.outcome, story.opened, story.action, story.jobs, story.next) == ("resolved", None, "", None, "")
    assert (story.began - WALL, (story.ended or 0) - WALL) == (22_000, 52_000)


def test_an_alert_that_led_to_an_incident_is_told_as_that(made):
    """Whichever name it is asked for by."""
    folder = made("recovered")
    assert of(folder, "alert:4") == of(folder, "9.1")


def test_an_alert_is_known_by_the_id_that_people_are_told(made):
    """That of its thread, whether it led to an incident or not; nothing else that stands in a thread of that name is taken for it."""
    assert of(made("observed"), "6.0") == of(made("observed"), "alert:3")
    assert of(made("recovered"), "7.0") == of(made("recovered"), "9.1")
    with pytest.raises(NoSuchIncidentError):
        of(made("recovered"), "7.1")


def test_dry_run_is_told_as_what_would_have_been_done(made):
    """Each stage on its condition, and that nothing comes next."""
    story = of(made("left_out"), "7.1")
    assert "act would send SIGTSTP" in [text for _, text in texts(story, MomentKind.DECISION)]
    assert (story.outcome, story.next) == ("would", "nothing: the rule only says what it would do")
    assert story.plan[0] == "+0.0 s: would send SIGTSTP"
    assert texts(story, MomentKind.STEP) == []


def test_what_a_person_has_ordered_begins_with_the_order(made):
    """Who, why, and what became of it so far."""
    story = of(made("ordered"), "7.0")
    assert story.summary == "recover_process on web1/app[push], ordered by ada: memory"
    assert (story.rule, story.outcome, story.began - WALL, story.missing) == ("order:ab12", "open", 20_000, ())
    assert texts(story, MomentKind.PERSON) == [(20_000, "order of ada: taken: memory")]
    assert texts(story, MomentKind.EVIDENCE) == [(20_000, "evidence: nothing: no job is suspected")]
    assert texts(story, MomentKind.STEP)[-1] == (20_010, "SIGTSTP sent")


def test_whoever_was_asked_and_said_yes_is_in_it(made):
    """The question, the answer, and that it was used."""
    story = of(made("approved"), "9.1")
    said = [text for _, text in texts(story, MomentKind.PERSON)]
    assert said[0].startswith("people are asked (")
    assert any("approved by ada: go on" in text for text in said)
    assert any(text.endswith("used: approved by ada") for text in said)


@pytest.mark.parametrize(
    "name", ["9.2", "", "alert:", "alert:x", "alert:1", "alert:99", "alert:-3", f"alert:{'9' * 30}", "'; DROP TABLE audit", "\udcff"]
)
def test_what_is_not_there_is_an_error(name, made):
    """That says where to look; a row that tells of something else is none either."""
    folder = made("recovered")
    with pytest.raises(NoSuchIncidentError, match="there is no incident"):
        of(folder, name)


def test_what_was_pruned_is_said(copied):
    """The account alone is left; the story begins with the incident then."""
    folder = copied("recovered")
    change(folder, "DELETE FROM audit", "DELETE FROM outbox")
    story = of(folder, "9.1")
    assert [line.partition(" any more")[0] for line in story.missing] == ["the audit log has no rows of it"]
    assert (story.entries, story.began) == ((), story.opened)
    assert story.account[-1] == '+40.0 s: it helped: queue("push").size < 10'


def test_a_beginning_that_is_gone_is_said(copied):
    """Without the row of its alert the rows before the incident can't be told from those of another firing, and are left out."""
    folder = copied("recovered")
    change(folder, "DELETE FROM audit WHERE seq <= 4")
    story = of(folder, "9.1")
    assert story.missing == ("when it began is not known: that row of the audit log is gone, or too far away",)
    assert texts(story, MomentKind.GUARD) == []
    assert story.seen == ("job.queue = push", "job.elapsed = 21s"), "messages know it"


@pytest.mark.parametrize("body", ["{", "[]", "null", '{"kind": 5}', '{"seq": 5}', '{"kind": "decision", "detail": 3}'])
def test_a_row_that_is_broken_hides_no_other(copied, body):
    """It is told in its place, and where to learn more."""
    folder = copied("recovered")
    whole = of(folder, "9.1")
    change(folder, f"UPDATE audit SET body = '{body}' WHERE seq = 5")
    story = of(folder, "9.1")
    assert [moment.row for moment in story.entries] == [moment.row for moment in whole.entries]
    assert [moment.text for moment in story.entries if moment.row == 5] == [
        "audit row is broken: sidekiq-watchdog audit --verify says more"
    ]


def test_rows_of_an_earlier_version_are_told(copied):
    """They do not say in which thread people were told: it is found by rule, entity and time."""
    folder = copied("recovered")
    change(folder, """UPDATE audit SET body = json_set(body, '$.detail', json('{"told":"ops, chat"}')) WHERE seq = 4""")
    story = of(folder, "9.1")
    assert set(story.told) == {"ops", "chat"}
    assert story.severity is Severity.CRITICAL
    assert story.seen == ("job.queue = push", "job.elapsed = 21s")


def test_other_incidents_of_the_rule_are_left_out(copied):
    """Another process of the same rule at the same time has a story of its own."""
    folder = copied("recovered")
    change(
        folder,
        """INSERT INTO audit SELECT seq + 1000, wall, rule, replace(replace(replace(body, 'web1:10:abc', 'web2:7:x'), '9.1', '99.1'),
        'web1/app[push]', 'web2/app'), prev, hash FROM audit WHERE rule = 'stuck-job'""",
    )
    assert [one for one in of(folder, "9.1").entries if "web2" in one.text] == []


@pytest.mark.parametrize(
    ("row", "entity", "is_about"),
    [
        ({"entity": "web1:1:x/t1/j1/5"}, "web1:1:x/t1/j1/5", True),
        ({"entity": "web1:1:x"}, "web1:1:x/t1/j1/5", True),
        ({"entity": "web1:1:x/t2/j2/6"}, "web1:1:x/t1/j1/5", True),
        ({"entity": "web1:1:xy"}, "web1:1:x/t1/j1/5", False),
        ({"entity": "web1:2:y/t1/j1/5"}, "web1:1:x/t1/j1/5", False),
        ({"entity": "queue/a"}, "queue/b", False),
        ({"entity": "other", "target": "web1/app"}, "web1:1:x", True),
        ({"entity": "other", "target": "web2/app"}, "web1:1:x", False),
        ({}, "web1:1:x", True),
    ],
)
def test_which_rows_of_a_rule_are_of_its_story(row, entity, is_about):
    """Of the entity, its process, the other jobs in that, the target; and what is said of the rule as a whole."""
    assert Said(seq=1, kind="alert", rule="r", **row).is_about(entity, "web1/app") is is_about


def of_rows(*rows: Said):
    """The story of these rows alone."""
    return told(Found(row=None, fired=rows[0], rows=rows, messages=(), kept=()), "alert:1")


FIRED = Said(seq=1, wall=WALL, kind="alert", rule="r", entity="e", outcome="firing")


def test_a_clock_that_was_set_back_does_not_turn_the_story_round():
    """Rows stay in the order in which they were written."""
    story = of_rows(FIRED, Said(seq=2, wall=WALL - 3_600_000, kind="decision", rule="r", action="a", target="t", decision="ALLOW"))
    assert [moment.row for moment in story.entries] == [1, 2]


def test_a_thousand_jobs_are_not_told_one_by_one():
    """The first few, and how many more."""
    jobs = [
        Said(
            seq=2 + n,
            wall=WALL,
            kind="intent",
            rule="r",
            entity="e",
            stage="put_back",
            detail={"jid": f"j{n}", "class": "Job", "place": "queue"},
        )
        for n in range(1_000)
    ]
    story = of_rows(FIRED, *jobs)
    assert len(story.entries) == 1 + ALIKE
    assert story.entries[-1].text == f"and so with {1_000 - ALIKE + 1} more"


def test_a_story_has_an_end():
    """Of what happened too often the middle is left out, and how much that is said."""
    rows = [
        Said(seq=2 + n, wall=WALL + n, kind="alert", rule="r", entity="e", outcome="reminded", detail={"told": "ops"})
        for n in range(2 * ENTRIES)
    ]
    story = of_rows(FIRED, *rows)
    assert (len(story.entries), story.cut) == (ENTRIES, ENTRIES + 1)
    assert (story.entries[0].row, story.entries[-1].row) == (1, 1 + 2 * ENTRIES)


def test_strangers_text_is_one_harmless_line():
    """Whatever a class, a host or an error is called."""
    story = of_rows(
        Said(
            seq=1,
            wall=WALL,
            kind="alert",
            rule="r",
            entity="a\nb\x1b[2J",
            outcome="firing",
            reason="x\u202e\n@room",
            detail={"seen": "q = \x1b[31m\n", "n\nm": "a\nb"},
        )
    )
    for text in (story.entity, story.summary, *story.seen, *(moment.text for moment in story.entries), *map(str, story.entries[1].detail)):
        assert text.isprintable()
        assert "@room" not in text


def test_what_to_do_is_that_of_the_message_else_of_the_rule(made):
    """Whoever was told by nobody reads what the rule says now; what people were told stays."""
    rules, _ = read_rules(
        [("r.yml", "rules:\n  - {rule: stuck-job, each: job, when: job.elapsed > 1s, runbook: just wait}\n")], Mode.ACT, None
    )
    story = of(made("recovered"), "9.1")
    assert with_runbook(msgspec.structs.replace(story, runbook=""), rules).runbook == "just wait"
    assert with_runbook(msgspec.structs.replace(story, runbook="look first"), rules).runbook == "look first"
    assert with_runbook(msgspec.structs.replace(story, rule="other", runbook=""), rules).runbook == ""
