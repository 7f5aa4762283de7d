"""`incidents`, from what an agent has left behind to exit code and output."""

import json

import pytest

from tests.scenario.conversation import WALL
from tests.unit.cli.pictures import picture
from watchdog.store.moments import rfc3339


def test_the_list_is_a_line_each(ask, lived):
    """Id, when it began, how long it lasted, what came of it, whose rule, on what, and what was done."""
    lived("recovered")
    lines = ask("incidents", "-c", "config.yml").out.splitlines()
    assert lines[0].split() == ["INCIDENT", "BEGAN", "LASTED", "OUTCOME", "RULE", "TARGET", "ACTION"]
    assert lines[1].split() == ["9.1", "2026-09-21T14:13:50.100Z", "40s", "verified", "stuck-job", "web1/app[push]", "recover_process"]
    assert len(lines) == 2


def test_programs_get_an_object_a_line(ask, lived):
    """With times in UTC."""
    lived("recovered")
    (line,) = ask("incidents", "-c", "config.yml", "--json").out.splitlines()
    assert json.loads(line) == {
        "id": "9.1",
        "rule": "stuck-job",
        "entity": "web1:10:abc/t1/j1/1000",
        "target": "web1/app[push]",
        "action": "recover_process",
        "began": rfc3339(WALL + 30_100),
        "ended": rfc3339(WALL + 70_100),
        "outcome": "verified",
        "last": '+40.0 s: it helped: queue("push").size < 10',
    }


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--rule", "stuck-job"], True),
        (["--target", "web1/app"], True),
        (["--outcome", "VERIFIED"], True),
        (["--since", "2026-09-21T14:14:00Z"], True),
        (["--until", "2026-09-21T14:14:00Z"], True),
        (["--open"], False),
        (["--outcome", "failed"], False),
        (["--target", "web2"], False),
        (["--since", "2026-09-21T14:15:00Z"], False),
        (["--until", "2026-09-21T14:13:50Z"], False),
    ],
)
def test_what_is_asked_for(ask, lived, options, found):
    """Where nothing fits that is said on standard error, and the exit code is 0 all the same."""
    lived("recovered")
    answer = ask("incidents", "-c", "config.yml", "--json", *options)
    assert (answer.code, bool(answer.out)) == (0, found)
    assert answer.err == ("" if found else "no incident fits what was asked for\n")


def test_a_rule_that_nobody_knows_is_told_with_its_neighbour(ask, lived, leave):
    """It may have been there once; that none in force is called that is said."""
    leave(status=picture(rules={"stuck-job": "act"}))
    answer = ask("incidents", "-c", "config.yml", "--rule", "stuk-job")
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == "no incident fits what was asked for; no rule in force is called 'stuk-job' (hint: did you mean stuck-job?)\n"


def test_alerts_without_an_incident_are_asked_for(ask, lived):
    """By a name that `show` takes."""
    lived("observed")
    assert ask("incidents", "-c", "config.yml").out == ""
    assert ask("incidents", "-c", "config.yml", "--alerts").out.splitlines()[1].split()[:5] == [
        "alert:3",
        "2026-09-21T14:13:42.000Z",
        "30s",
        "resolved",
        "stuck-job",
    ]
    answer = ask("incidents", "show", "alert:3", "-c", "config.yml")
    assert "stuck-job fires no more: finished" in answer.out


def test_the_story_is_a_line_a_moment(ask, lived):
    """What it is about, and then row, time, part and text of each."""
    lived("recovered")
    answer = ask("incidents", "show", "9.1", "-c", "config.yml")
    lines = answer.out.splitlines()
    assert (answer.code, answer.err) == (0, "")
    assert lines[0] == "incident 9.1  SleepForever holds a thread of push for 21s"
    assert "  jobs        2 in flight: 1 finished, 1 put back" in lines
    assert "  told        ops, chat" in lines
    assert (
        "     5  2026-09-21T14:13:42.000Z  guard         recover_process on web1/app[push]: not done, paused denies: paused by ada: deploying, back at ten"
        in lines
    )


def test_programs_get_the_story_as_one_object(ask, lived):
    """Every time in it is UTC."""
    lived("recovered")
    story = json.loads(ask("incidents", "show", "9.1", "-c", "config.yml", "--json").out)
    assert (story["incident"], story["severity"], story["outcome"], story["began"]) == (
        "9.1",
        "critical",
        "verified",
        rfc3339(WALL + 22_000),
    )
    assert story["entries"][0] == {
        "at": rfc3339(WALL + 22_000),
        "kind": "reading",
        "text": "job.queue = push; job.elapsed = 21s",
        "detail": {},
        "row": 4,
    }
    assert story["jobs"]["put_back"] == 1


def test_the_report_is_markdown(ask, lived, leave):
    """With the host that the agent has named."""
    lived("recovered")
    leave(status=picture())
    report = ask("incidents", "show", "9.1", "-c", "config.yml", "--markdown").out
    assert report.startswith("# 2026-09-21: SleepForever holds a thread of push for 21s\n\nIncident 9.1 on web1, as it stood at ")
    assert "\n- [ ] Find out what made stuck-job fire, so that it need not again\n" in report


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["9.1"], "say `incidents show 9.1`"),
        (["list"], "`incidents` lists them, and `incidents show ID` tells the story of one"),
        (["show"], "`show` needs the id"),
        (["show", "9.1", "--open"], "goes without --open"),
        (["show", "9.1", "--limit", "3", "--since", "2h"], "goes without --since, --limit"),
        (["show", "9.1", "--json", "--markdown"], "say either --markdown or --json"),
        (["--markdown"], "--markdown goes with `show ID`"),
        (["show", "9.9"], "there is no incident '9.9' (hint: `incidents` lists what is known)"),
        (["show", "alert:1"], "there is no incident 'alert:1'"),
        (["--since", "yesterday"], "--since: "),
        (["--rule", ""], "--rule needs a name"),
        (["--target", " "], "--target needs a name"),
        (["--until", "soon"], "--until: "),
        (["--until", "2026-03-01"], "--until: '2026-03-01' has no time zone"),
        (["--since", "1h", "--until", "2h"], "--since 1h is not before --until 2h"),
        (["--since", "2026-03-01T00:00:00Z", "--until", "2026-03-01T00:00:00Z"], "nothing can lie between them"),
        (["--outcome", "verifyed"], "--outcome: there is no outcome of an incident 'verifyed' (hint: did you mean verified?)"),
        (["--outcome", "firing"], "there is no outcome of an incident 'firing'"),
        (["--limit", "0"], "Invalid value for '--limit'"),
        (["--limit", "many"], "Invalid value for '--limit'"),
        (["--after", "x"], "--after: 'x' is not what an earlier piece of the list ended with"),
    ],
)
def test_what_can_not_be_asked_for_is_said(ask, lived, arguments, said):
    """With 2, and nothing on standard output."""
    lived("recovered")
    answer = ask("incidents", "-c", "config.yml", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert said in " ".join(answer.err.replace("│", " ").split())


def test_pieces_follow_each_other(ask, leave, config):
    """What to say for the next one stands on standard error."""
    from tests.unit.timeline.test_listing import add

    folder = leave()
    for number in (1, 2, 3):
        add(folder, number, opened=number * 1000, closed=number * 1000)
    answer = ask("incidents", "-c", "config.yml", "--json", "--limit", "2")
    assert [json.loads(line)["id"] for line in answer.out.splitlines()] == ["3.0", "2.0"]
    assert answer.err == "3 fit; more follow: --after 2000/2.0\n"
    answer = ask("incidents", "-c", "config.yml", "--json", "--limit", "2", "--after", "2000/2.0")
    assert [json.loads(line)["id"] for line in answer.out.splitlines()] == ["1.0"]
    assert answer.err == ""


def test_without_any_state_there_is_nothing_to_read(ask, config):
    """A folder in which no agent ever ran ends with 3."""
    for arguments in ([], ["show", "9.1"]):
        answer = ask("incidents", "-c", "config.yml", *arguments)
        assert (answer.code, answer.out) == (3, "")
        assert "no agent has written any state" in answer.err


def test_what_to_do_stands_below_the_story(ask, lived, config):
    """As the rule of the config says it, where no message has said so; in a report, too."""
    lived("recovered")
    rules = config.parent / "rules.yml"
    rules.write_text(rules.read_text().replace("rule: stuck-job\n", 'rule: stuck-job\n    runbook: "1. Look.\\n2. Wait."\n', 1))
    assert "\n\nWhat to do\n  1. Look.\n  2. Wait.\n" in ask("incidents", "show", "9.1", "-c", "config.yml").out
    assert json.loads(ask("incidents", "show", "9.1", "-c", "config.yml", "--json").out)["runbook"] == "1. Look.\n2. Wait."
    assert "\n## What to do\n\n1" in ask("incidents", "show", "9.1", "-c", "config.yml", "--markdown").out
