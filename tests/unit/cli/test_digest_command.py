"""`audit --digest`: what has come of each rule, counted from the audit log."""

import json
import time

from watchdog.model.records import AuditRow

NOW = time.time_ns() // 1_000_000
DAY = 86_400_000
ROWS = (
    AuditRow("alert", NOW - 9 * DAY, rule="stuck-job", outcome="firing"),
    AuditRow("alert", NOW - 2 * DAY, rule="stuck-job", outcome="firing"),
    AuditRow("would", NOW - 2 * DAY, rule="stuck-job", target="web1/app", incident="7.1", stage="TERM", would_at=NOW - 2 * DAY),
    AuditRow("would", NOW - 2 * DAY, rule="stuck-job", target="web1/app", incident="7.1", stage="KILL", would_at=NOW - 2 * DAY + 10_000),
    AuditRow("alert", NOW - 2 * DAY + 5_000, rule="stuck-job", target="web1/app", outcome="resolved"),
    AuditRow("decision", NOW - DAY, rule="other", decision="DENY", guard="coverage"),
)
STATUS = {"rules": {"stuck-job": "dry-run", "other": "dry-run", "quiet": "act"}}


def test_people_read_the_digest_of_seven_days(ask, leave):
    """The same sentences that receivers get; what is older is not counted, and the rules that never fired are those that the agent had."""
    leave(*ROWS, status=STATUS)
    answer = ask("audit", "-c", "config.yml", "--digest")

    assert answer.code == 0
    assert answer.out.splitlines() == [
        "7 days: 1 alert, 0 acted upon, 1 would have been (dry-run), 1 held back",
        "dry-run would have done: stuck-job once (1 ended before)",
        "held back by: coverage 1",
        "never right: stuck-job (1 ended by themselves before)",
        "never fired: other, quiet",
    ]


def test_programs_get_the_numbers(ask, leave):
    """By rule, since any time, of one rule if that is asked for."""
    leave(*ROWS, status=STATUS)
    answer = json.loads(ask("audit", "-c", "config.yml", "--digest", "--since", "30d", "--rule", "stuck-job", "--json").out)

    assert list(answer["rules"]) == ["stuck-job"]
    assert (answer["rules"]["stuck-job"]["fired"], answer["rules"]["stuck-job"]["by_itself"]) == (2, 1)
    assert answer["told"][0].startswith("30 days: 2 alerts")


def test_without_an_agent_there_are_no_rules_to_miss(ask, leave):
    """Nothing is said of rules that nobody has loaded."""
    leave(*ROWS)

    assert "never fired" not in ask("audit", "-c", "config.yml", "--digest").out


def test_one_or_the_other(ask, leave):
    """Both at once are no question."""
    leave(*ROWS)

    assert ask("audit", "-c", "config.yml", "--digest", "--would").code == 2
