"""The agent's audit trail as the demo tells it."""

import pytest

from watchdog.demo.telling import Line, Telling, Tone

ROW = {
    "at": "2026-11-23T16:00:00.000Z",
    "kind": "",
    "rule": "stuck-job",
    "entity": "vm:77:aabbccddeeff",
    "target": "vm/demo[push]",
    "mode": "act",
    "decision": "",
    "guard": "",
    "reason": "",
    "action": "terminate_process",
    "stage": "",
    "outcome": "",
    "would_at": None,
}


@pytest.fixture
def telling():
    """Tells of one worker, pid 77, that is called push-1."""
    return Telling({77: "push-1"}.__getitem__)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"kind": "decision", "decision": "ALLOW"}, Line("all guards let terminate_process on push-1 pass", Tone.ACTION)),
        ({"kind": "decision", "decision": "DRY_RUN"}, Line("dry-run: all guards would let terminate_process on push-1 pass", Tone.WOULD)),
        (
            {"kind": "decision", "decision": "DENY", "guard": "coverage", "reason": "too few threads"},
            Line("terminate_process on push-1: guard coverage says no: too few threads", Tone.WARNING),
        ),
        ({"kind": "would", "stage": "TERM", "would_at": ROW["at"]}, Line("dry-run: would send SIGTERM to push-1 now", Tone.WOULD)),
        (
            {"kind": "would", "stage": "verify", "reason": "x > 0, within 60 s"},
            Line("dry-run: would look then whether it helped: x > 0, within 60 s", Tone.WOULD),
        ),
        (
            {"kind": "would", "stage": "KILL", "would_at": "2026-11-23T16:00:05.000Z", "reason": "if it still lived then"},
            Line("dry-run: would send SIGKILL to push-1, 5 s later if it still lived then", Tone.WOULD),
        ),
        ({"kind": "intent", "stage": "TERM"}, Line("SIGTERM goes to push-1 (written down before it is sent)", Tone.ACTION)),
        (
            {
                "kind": "intent",
                "stage": "put_back",
                "reason": "strike 2 of 2",
                "detail": {"jid": "a", "class": "Poison", "place": "quarantine"},
            },
            Line("Poison goes into quarantine: strike 2 of 2", Tone.ACTION),
        ),
        ({"kind": "intent", "action": "quarantine_job", "entity": "Poison", "target": "a"}, None),
        (
            {"kind": "outcome", "stage": "record", "outcome": "in flight: 3 proven"},
            Line("what push-1 still holds is kept, byte for byte: in flight: 3 proven"),
        ),
        (
            {"kind": "incident", "outcome": "ended", "reason": "it ended after SIGKILL"},
            Line("terminate_process on push-1 is done: it ended after SIGKILL", Tone.GOOD),
        ),
        (
            {"kind": "incident", "outcome": "verifying", "reason": 'queue("push").size < 5'},
            Line('did it help? That is so as soon as queue("push").size < 5'),
        ),
        (
            {"kind": "incident", "outcome": "verified", "reason": 'it helped: queue("push").size < 5'},
            Line('proven, it helped: queue("push").size < 5', Tone.GOOD),
        ),
        (
            {"kind": "incident", "outcome": "held", "reason": "Redis can't be read"},
            Line("terminate_process on push-1 held: Redis can't be read", Tone.WARNING),
        ),
        ({"kind": "agent", "outcome": "rules in force", "entity": ""}, Line("the agent follows Sidekiq, mode act")),
        (
            {"kind": "source", "outcome": "lost", "entity": "redis", "reason": "connection refused"},
            Line("source redis lost: connection refused", Tone.WARNING),
        ),
        ({"kind": "outcome", "stage": "TERM", "outcome": "sent"}, None),
        ({"kind": "decision", "decision": "DENY", "outcome": "no longer wanted"}, None),
    ],
)
def test_a_row_becomes_a_sentence(telling, row, line):
    """Each row that says something new to somebody who watches is one sentence that names the worker."""
    assert telling.tell({**ROW, **row}) == line


def test_alerts_for_several_jobs_of_a_worker_are_told_once(telling):
    """Five jobs held by one worker are one line when they fire and one when the last is resolved; all of them count as firing."""
    jobs = [f"vm:77:aabbccddeeff/tid{number}/jid/1" for number in range(5)]
    fired = [telling.tell({**ROW, "kind": "alert", "entity": job, "outcome": "firing"}) for job in jobs]
    assert fired == [Line("alert stuck-job fires for push-1", Tone.WARNING), None, None, None, None]
    assert len(telling.firing) == 5
    gone = [telling.tell({**ROW, "kind": "alert", "entity": job, "outcome": "resolved", "reason": "exited"}) for job in jobs]
    assert gone == [None, None, None, None, Line("alert stuck-job for push-1 is resolved: exited", Tone.GOOD)]
    assert telling.firing == set()


def test_an_alert_that_fires_again_is_told_again(telling):
    """Once resolved, the same alert on the same worker is news again."""
    firing, resolved = ({**ROW, "kind": "alert", "outcome": outcome} for outcome in ("firing", "resolved"))
    assert [telling.tell(row) is not None for row in (firing, resolved, firing)] == [True, True, True]


def test_the_same_denial_is_told_once(telling):
    """A guard that goes on saying no is told once, another guard again."""
    rows = [{**ROW, "kind": "decision", "decision": "DENY", "guard": guard} for guard in ("coverage", "coverage", "cooldown")]
    assert [telling.tell(row) is not None for row in rows] == [True, False, True]


def test_what_has_no_process_is_named_by_its_target(telling):
    """A row about something else than a process falls back to the target's name."""
    line = telling.tell({**ROW, "kind": "intent", "stage": "TERM", "entity": "push"})
    assert line is not None
    assert "vm/demo[push]" in line.text
