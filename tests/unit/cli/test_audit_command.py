"""`audit`, from rows in the store to exit code and output."""

import json
import sqlite3
import time

import pytest

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
    """--verify counts the rows and ends with 0, in both forms."""
    leave(*ROWS)
    assert ask("audit", "-c", "config.yml", "--verify") == (0, "5 rows, chain whole\n", "")
    assert json.loads(ask("audit", "-c", "config.yml", "--verify", "--json").out) == {"ok": True, "rows": 5}


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
