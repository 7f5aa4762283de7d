"""`audit`, from rows in the store to exit code and output."""

import json
import sqlite3
import time

import pytest

from tests.unit.cli.pictures import picture
from watchdog.model.records import AuditRow

NOW = time.time_ns() // 1_000_000
ROWS = (
    AuditRow("agent", NOW - 4 * 3_600_000, outcome="started"),
    AuditRow("alert", NOW - 3_600_000, rule="stuck-job", entity="web1:1|x", outcome="firing", reason="DeliveryWorker \x1b[2J is stuck"),
    AuditRow(
        "decision",
        NOW - 3_599_000,
        rule="stuck-job",
        target="web1/app",
        action="terminate_process",
        decision="DENY",
        guard="cooldown",
        reason="too soon",
    ),
    AuditRow(
        "would",
        NOW - 3_598_000,
        rule="stuck-job",
        target="web1/app",
        action="terminate_process",
        stage="TERM",
        decision="DRY_RUN",
        would_at=0,
    ),
    AuditRow("alert", NOW - 60_000, rule="other", entity="web1:2|x", outcome="resolved"),
)
ASKED_FOR = {"seq", "at", "kind", "rule", "target", "decision", "guard", "reason", "action", "stage", "outcome", "prev", "hash"}


def seqs(answer):
    """The numbers of the rows in a JSON answer."""
    return [json.loads(line)["seq"] for line in answer.out.splitlines()]


def test_json_is_one_object_a_line_with_all_that_programs_need(ask, leave):
    """Every row has every key; the time is RFC 3339 in UTC; the chain can be followed from row to row."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", "--json")
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 0
    assert [row["seq"] for row in rows] == [1, 2, 3, 4, 5]
    assert all(row.keys() >= ASKED_FOR for row in rows)
    assert all(row["at"].endswith("Z") and row["at"][10] == "T" for row in rows)
    assert [row["prev"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]


def test_people_read_one_line_a_row(ask, leave):
    """Number, time, kind, rule, target, what was done and said; nothing that a terminal would obey."""
    leave(*ROWS)
    lines = ask("audit", "-c", "config.yml").out.splitlines()
    assert [line[34:] for line in lines] == [
        "agent     started",
        r"alert     stuck-job  web1:1|x  firing  DeliveryWorker \x1b[2J is stuck",
        "decision  stuck-job  web1/app  terminate_process  DENY  by cooldown  too soon",
        "would     stuck-job  web1/app  terminate_process  TERM  DRY_RUN  (act would have at 1970-01-01T00:00:00.000Z)",
        "alert     other  web1:2|x  resolved",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--since", "2h"], [2, 3, 4, 5]),
        (["--since", "1970-01-01T00:00:00Z"], [1, 2, 3, 4, 5]),
        (["--since", "2999-01-01T00:00:00+02:00"], []),
        (["--rule", "stuck-job"], [2, 3, 4]),
        (["--rule", "no-such-rule"], []),
        (["--limit", "2"], [4, 5]),
        (["--since", "2h", "--rule", "stuck-job", "--limit", "1"], [4]),
    ],
)
def test_rows_can_be_chosen(ask, leave, options, expected):
    """By time, by rule, and only the newest so many, in any combination."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", "--json", *options)
    assert (answer.code, seqs(answer)) == (0, expected)


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("3", "a number needs its unit|needs a unit"),
        ("yesterday", "--since: "),
        ("2026-03-01", "has no time zone; for UTC write 2026-03-01T00:00:00Z"),
        ("2026-03-01T02:00", "has no time zone; for UTC write 2026-03-01T02:00:00Z"),
        ("2026-13-01T02:00:00Z", "neither a duration"),
    ],
)
def test_a_time_that_can_be_misread_is_refused(ask, leave, since, said):
    """Anything but a duration with its unit or a time with its zone ends with 2 and says what to write."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", "--since", since)
    assert (answer.code, answer.out) == (2, "")
    assert any(part in answer.err for part in said.split("|"))


def test_a_whole_chain_is_said_to_be_whole(ask, leave):
    """--verify counts the rows, says number and hash of the last one, for whoever keeps them elsewhere, and ends with 0, in both forms."""
    leave(*ROWS)
    last = json.loads(ask("audit", "-c", "config.yml", "--json", "--limit", "1").out)["hash"]
    assert ask("audit", "-c", "config.yml", "--verify") == (0, f"5 rows, chain whole\nlast row 5, hash {last}\n", "")
    assert json.loads(ask("audit", "-c", "config.yml", "--verify", "--json").out) == {"ok": True, "rows": 5, "last": 5, "hash": last}


def test_the_first_broken_row_is_named(ask, leave):
    """A row that was changed afterwards ends with 1, and its number is said, in both forms."""
    folder = leave(*ROWS)
    with sqlite3.connect(next(folder.glob("*.db"))) as connection:
        connection.execute("UPDATE audit SET body = replace(body, 'too soon', 'too late')")
    connection.close()
    answer = ask("audit", "-c", "config.yml", "--verify")
    assert answer.code == 1
    assert answer.out.startswith("row 3 is broken: ")
    answer = ask("audit", "-c", "config.yml", "--verify", "--json")
    assert (answer.code, json.loads(answer.out)["ok"], json.loads(answer.out)["seq"]) == (1, False, 3)


def test_without_any_state_there_is_nothing_to_read(ask, config):
    """A folder in which no agent ever ran ends with 3."""
    for options in ([], ["--json"], ["--verify"]):
        answer = ask("audit", "-c", "config.yml", *options)
        assert (answer.code, answer.out) == (3, "")
        assert "no agent has written any state" in answer.err


@pytest.mark.parametrize("choice", [["--since", "2h"], ["--rule", "stuck-job"], ["--limit", "1"]])
def test_part_of_a_chain_is_not_verified(ask, leave, choice):
    """Whoever asks for some rows must not be told that all are whole, or the other way round."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", "--verify", *choice)
    assert (answer.code, answer.out) == (2, "")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--until", "30m"], [1, 2, 3, 4]),
        (["--since", "2h", "--until", "30m"], [2, 3, 4]),
        (["--kind", "alert"], [2, 5]),
        (["--kind", "ALERT", "--rule", "other"], [5]),
        (["--decision", "deny"], [3]),
        (["--decision", "dry-run"], [4]),
        (["--guard", "cooldown"], [3]),
        (["--guard", "common-cause"], []),
        (["--target", "web1/app"], [3, 4]),
        (["--target", "web1:2|x"], [5]),
        (["--entity", "web1:1|x"], [2]),
        (["--entity", "web1:1|"], []),
        (["--incident", "9.1"], []),
        (["--after", "3"], [4, 5]),
        (["--after", "0", "--limit", "2"], [1, 2]),
        (["--after", "2", "--limit", "2", "--rule", "stuck-job"], [3, 4]),
        (["--after", "5"], []),
        (["--limit", "1", "--kind", "alert", "--rule", "stuck-job"], [2]),
    ],
)
def test_rows_can_be_chosen_by_all_that_they_say(ask, leave, options, expected):
    """In any combination; a name is known whatever its case, and where nothing fits that is said on standard error."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", "--json", *options)
    assert (answer.code, seqs(answer)) == (0, expected)
    assert ("no row fits what was asked for" in answer.err) is (not expected)


def test_text_that_looks_like_a_field_is_none(ask, leave):
    """What stands in a reason is no kind, guard or target, however it is written."""
    leave(
        AuditRow("agent", NOW, reason='"kind":"alert" "guard":"cooldown"'),
        AuditRow("agent", NOW, detail={"kind": "alert", "guard": "cooldown"}),
    )
    for options in (["--kind", "alert"], ["--guard", "cooldown"]):
        assert seqs(ask("audit", "-c", "config.yml", "--json", *options)) == []


def test_pieces_follow_each_other(ask, leave):
    """With --after and --limit what to ask for next stands on standard error, until there is no more."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", "--json", "--after", "0", "--limit", "3")
    assert (seqs(answer), answer.err) == ([1, 2, 3], "more rows follow: --after 3\n")
    answer = ask("audit", "-c", "config.yml", "--json", "--after", "3", "--limit", "3")
    assert (seqs(answer), answer.err) == ([4, 5], "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--kind", "alerts"], "--kind: there is no kind of row 'alerts' (hint: did you mean alert?)"),
        (["--decision", "perhaps"], "--decision: there is no decision 'perhaps' (hint: it is one of ALLOW, ASK, DENY, DRY_RUN)"),
        (["--guard", "cooldwn"], "--guard: there is no guard 'cooldwn' (hint: did you mean cooldown?)"),
        (["--since", "1h", "--until", "2h"], "--since 1h is not before --until 2h: nothing can lie between them"),
        (["--rule", ""], "--rule needs a name"),
        (["--target", " "], "--target needs a name"),
        (["--until", "never"], "--until: "),
        (["--until", "2026-03-01"], "--until: '2026-03-01' has no time zone"),
        (["--after", "-1"], "Invalid value for '--after'"),
        (["--after", "9" * 30], "Invalid value for '--after'"),
        (["--limit", "-1"], "Invalid value for '--limit'"),
        (["--verify", "--guard", "cooldown", "--would"], "it goes without --guard, --would"),
        (["--would", "--kind", "alert"], "so it goes without --kind; narrow it down by --since, --until and --rule"),
        (["--digest", "--until", "2h"], "so it goes without --until; narrow it down by --since and --rule"),
        (["--would", "--digest"], "say either --would or --digest"),
    ],
)
def test_what_can_not_be_asked_for_is_said(ask, leave, options, said):
    """With 2, the nearest that can, and nothing on standard output."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", *options)
    assert (answer.code, answer.out) == (2, "")
    assert said in " ".join(answer.err.replace("│", " ").split())


def test_a_rule_that_is_there_no_longer_still_has_rows(ask, leave):
    """It is looked for; only where nothing fits it is said that none is called that."""
    leave(*ROWS, status=picture(rules={"stuck-jobs": "act"}))
    assert seqs(ask("audit", "-c", "config.yml", "--json", "--rule", "stuck-job")) == [2, 3, 4]
    answer = ask("audit", "-c", "config.yml", "--json", "--rule", "stuck-jbs")
    assert (answer.code, answer.out) == (0, "")
    assert "no rule in force is called 'stuck-jbs' (hint: did you mean stuck-jobs?)" in answer.err
    for how in ("--would", "--digest"):
        assert "did you mean stuck-jobs?" in ask("audit", "-c", "config.yml", how, "--rule", "stuck-jbs").err
        assert ask("audit", "-c", "config.yml", how, "--rule", "stuck-job").err == ""


def test_what_was_left_out_can_end_at_a_time(ask, leave):
    """--would takes --until."""
    leave(*ROWS)
    assert "1 time act would have done something" in ask("audit", "-c", "config.yml", "--would").out
    assert "0 times act would have done something" in ask("audit", "-c", "config.yml", "--would", "--until", "2h").out
