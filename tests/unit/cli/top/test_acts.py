"""What can be said: only of what is chosen, with a reason and for a time, in the API's words."""

import pytest

from tests.unit.cli.api_world import NAME, answers
from watchdog.cli.exits import UsageError
from watchdog.cli.top.acts import ACTS, BY_KEY, body_of
from watchdog.cli.top.lines import Line
from watchdog.cli.top.sections import SECTIONS


def lines(name: str) -> list[Line]:
    """Those of a tab."""
    section = next(one for one in SECTIONS if one.name == name)
    return list(section.lines(answers()[section.path]))


def test_upper_case_acts():
    """No key is lower case, and none is there twice."""
    assert all(act.key.isupper() for act in ACTS)
    assert len(BY_KEY) == len(ACTS)


@pytest.mark.parametrize(
    ("key", "line", "body"),
    [
        ("P", None, {"reason": "disks", "for": "2h"}),
        ("R", None, {"reason": "disks"}),
        ("A", lines("approvals")[0], {"approval": "bcdfg", "reason": "disks"}),
        ("D", lines("approvals")[0], {"approval": "bcdfg", "reason": "disks"}),
        ("K", lines("alerts")[0], {"incident": "17.0", "reason": "disks", "for": "2h"}),
        ("K", lines("incidents")[0], {"incident": "12.1", "reason": "disks", "for": "2h"}),
        ("S", lines("alerts")[0], {"rule": "stuck-job", "entity": f"{NAME}|t1|j1", "reason": "disks", "for": "2h"}),
        ("S", lines("rules")[0], {"rule": "stuck-job", "entity": f"{NAME}|t1|j1", "reason": "disks", "for": "2h"}),
    ],
)
def test_what_is_sent(key, line, body):
    """The parameters are those of the endpoint."""
    act = BY_KEY[key]
    assert body_of(act, line, lasts=" 2h ", reason=" disks ") == body
    assert act.will(line)


def test_no_more_is_silenced_than_was_confirmed():
    """What it is about may be called like a pattern."""
    line = Line(key="1", cells=(), item=None, rule="a", entity="web1/app[push]*?")
    assert BY_KEY["S"].subject(line) == {"rule": "a", "entity": "web1/app[[]push][*][?]"}


@pytest.mark.parametrize(
    ("key", "of"), [("A", "alerts"), ("D", "processes"), ("K", "processes"), ("K", "queues"), ("S", "processes"), ("S", "queues")]
)
def test_nothing_is_said_of_what_it_does_not_fit(key, of):
    """And it is said what to choose."""
    act = BY_KEY[key]
    assert act.subject(lines(of)[0]) is None
    assert act.subject(None) is None
    assert act.wants


@pytest.mark.parametrize(
    ("key", "lasts", "reason", "says"),
    [
        ("P", "2h", " ", "why"),
        ("P", "", "x", "for"),
        ("P", "2", "x", "for"),
        ("P", "0s", "x", "more than nothing"),
        ("P", "8d", "x", "7 days"),
        ("D", "", "", "why"),
    ],
)
def test_what_is_missing_is_said(key, lasts, reason, says):
    """Before anything is sent."""
    line = lines("approvals")[0]
    with pytest.raises(UsageError, match=says):
        body_of(BY_KEY[key], line, lasts=lasts, reason=reason)
