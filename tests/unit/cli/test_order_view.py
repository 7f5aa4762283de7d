"""How an order is told."""

import pytest

from watchdog.cli.order_view import is_fine, is_over, lines_of
from watchdog.cli.output import text_of


def told(**row) -> list[str]:
    """The lines of that row, without their time."""
    return ["".join(map(text_of, line))[10:] for line in lines_of({"at": "2026-03-01T02:03:04.567Z", **row})]


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (
            {
                "kind": "order",
                "outcome": "taken",
                "action": "recover_process",
                "target": "web1/x",
                "reason": "fat",
                "detail": {"by": "ada"},
            },
            ["recover_process on web1/x is to be done for ada: fat"],
        ),
        (
            {"kind": "order", "outcome": "refused", "guard": "cooldown", "reason": "a moment ago"},
            ["refused by cooldown: a moment ago; --force cooldown overrules it"],
        ),
        ({"kind": "order", "outcome": "refused", "guard": "blind", "reason": "no redis"}, ["refused by blind: no redis"]),
        ({"kind": "order", "outcome": "too late", "reason": "it goes on"}, ["too late: it goes on"]),
        (
            {
                "kind": "decision",
                "mode": "act",
                "detail": {"coverage": "PASS", "blind": "PASS", "cooldown": "PASS: overruled: a moment ago"},
            },
            ["cooldown     PASS: overruled: a moment ago"],
        ),
        (
            {"kind": "decision", "mode": "dry-run", "detail": {"coverage": "DENY: too few", "blind": "PASS"}},
            ["blind        PASS", "coverage     DENY: too few"],
        ),
        (
            {"kind": "would", "stage": "in flight", "detail": {"jid": "j1", "class": "Job", "elapsed_ms": 1500}},
            ["in flight: Job j1 for 1.5 s"],
        ),
        (
            {"kind": "would", "stage": "TERM", "would_at": "2026-03-01T02:03:09.000Z", "reason": "if so"},
            ["would SIGTERM at 02:03:09 if so"],
        ),
        ({"kind": "intent", "stage": "TSTP"}, ["SIGTSTP"]),
        (
            {"kind": "intent", "stage": "put_back", "reason": "why", "detail": {"jid": "j1", "class": "Job", "place": "retry"}},
            ["Job j1 into retry: why"],
        ),
        ({"kind": "outcome", "stage": "start", "outcome": "done"}, ["start: done"]),
        ({"kind": "incident", "stage": "KILL", "outcome": "held", "guard": "paused", "reason": "eve"}, ["held at KILL by paused: eve"]),
        ({"kind": "incident", "stage": "", "outcome": "ended", "reason": "said by the order"}, []),
    ],
)
def test_rows_as_lines(row, lines):
    """What was decided, is done and came of it; of guards those that have something to say, or all in a dry run, as they are asked."""
    assert told(**row) == lines


def test_how_it_ended():
    """Over is over; fine is what has a successor, or was only to be looked at."""
    assert is_over({"kind": "order", "outcome": "ended"})
    assert not is_over({"kind": "order", "outcome": "too late"})
    assert not is_over({"kind": "incident", "outcome": "ended"})
    assert is_fine({"outcome": "would"})
    assert is_fine({"outcome": "ended", "detail": {"successor": "web1:11:def"}})
    assert not is_fine({"outcome": "ended", "detail": {"successor": ""}})
    assert not is_fine({"outcome": "refused"})
