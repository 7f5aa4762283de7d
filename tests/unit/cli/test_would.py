"""`audit --would`: what dry-run has left out, put together from the rows of the audit log."""

import json
import time
from typing import Any

from watchdog.model.records import AuditRow

NOW = time.time_ns() // 1_000_000 - 3_600_000


def left_out(incident: str, stage: str, delay: int, **more: Any) -> AuditRow:
    """A stage that dry-run left out."""
    fields: dict[str, Any] = {
        "rule": "stuck-job",
        "entity": "web1:1:a/t1/j/1",
        "target": "web1/sidekiq.service",
        "action": "terminate_process",
        **more,
    }
    return AuditRow(
        "would", NOW, mode="dry-run", decision="DRY_RUN", stage=stage, outcome="left out", incident=incident, would_at=NOW + delay, **fields
    )


def decided(decision: str, guard: str, *, mode: str = "dry-run", outcome: str = "") -> AuditRow:
    """An answer of the guards."""
    return AuditRow(
        "decision", NOW, rule="stuck-job", target="web1/sidekiq.service", action="terminate_process", mode=mode, decision=decision, guard=guard,
        reason=f"{guard} says so", outcome=outcome,
    )  # fmt: skip


ROWS = (
    decided("DENY", "cooldown"),
    decided("DRY_RUN", ""),
    left_out("7.1", "TERM", 0),
    left_out("7.1", "KILL", 10_000, reason="if it still runs"),
    left_out("7.2", "TERM", 0, rule="other", target="web1/other"),
    decided("DENY", "coverage", mode="act"),
    decided("ASK", "budget", outcome="no longer wanted"),
    decided("ASK", "budget"),
    AuditRow(
        "would",
        NOW,
        rule="stuck-job",
        target="web1/sidekiq.service",
        action="terminate_process",
        mode="dry-run",
        decision="ASK",
        guard="budget",
        stage="ask",
        outcome="left out",
        would_at=NOW,
    ),
    left_out("7.3", "in flight", 0, rule="order:77"),
)


def test_programs_get_one_object_for_each(ask, leave):
    """What act would have done stage by stage, and what a guard would have said; nothing of orders by hand, of rules that act, of what was not wanted any more."""
    leave(*ROWS)
    found = [json.loads(line) for line in ask("audit", "-c", "config.yml", "--would", "--json").out.splitlines()]

    assert [(one["would"], one["rule"], one.get("guard")) for one in found] == [
        (False, "stuck-job", "cooldown"),
        (True, "stuck-job", None),
        (True, "other", None),
        (False, "stuck-job", "budget"),
    ]
    assert [(stage["stage"], stage["reason"]) for stage in found[1]["stages"]] == [("TERM", ""), ("KILL", "if it still runs")]
    assert found[1]["stages"][0]["would_at"] < found[1]["stages"][1]["would_at"]


def test_people_read_a_line_for_each_and_the_count(ask, leave):
    """With the stages below, each with its time."""
    leave(*ROWS)
    lines = ask("audit", "-c", "config.yml", "--would", "--rule", "stuck-job").out.splitlines()

    assert [line[26:] for line in lines[:2]] == [
        "stuck-job  web1/sidekiq.service  terminate_process  denied by cooldown: cooldown says so",
        "stuck-job  web1/sidekiq.service  would terminate_process",
    ]
    assert [line.split("Z  ")[1] for line in lines[2:4]] == ["TERM", "KILL  (if it still runs)"]
    assert lines[4].endswith("a person would be asked by budget: budget says so")
    assert lines[5] == "1 time act would have done something, 2 times a guard would have kept it from it"


def test_since_narrows_it_down(ask, leave):
    """Only what was later."""
    leave(*ROWS)

    assert ask("audit", "-c", "config.yml", "--would", "--since", "1m", "--json").out == ""


def test_it_counts_no_rows(ask, leave):
    """What is put together from rows can't be the newest so many of them."""
    leave(*ROWS)
    answer = ask("audit", "-c", "config.yml", "--would", "--limit", "3")

    assert answer.code == 2
    assert "--since, --until and --rule" in answer.err
