"""The list of incidents: what fits, newest first, piece by piece."""

import msgspec
import orjson
import pytest

from tests.scenario.conversation import WALL
from tests.unit.timeline.kept import change
from watchdog.timeline.listing import Asked, page


def add(folder, number, *, opened, closed=None, outcome="open", rule="stuck-job", target="web1/app"):
    """One more incident."""
    row = {"id": f"{number}.0", "rule": rule, "entity": f"web1:{number}:x", "target": target, "action": "a", "opened": opened, "closed": closed,
           "outcome": outcome, "account": []}  # fmt: skip
    change(
        folder,
        f"INSERT INTO incidents VALUES ('{number}.0', {opened}, {'NULL' if closed is None else closed}, CAST('{orjson.dumps(row).decode()}' AS BLOB))",
    )


@pytest.fixture
def folder(copied):
    """The one of the story, and five of later."""
    folder = copied("recovered")
    for number in range(20, 25):
        add(
            folder,
            number,
            opened=WALL + number * 60_000,
            closed=None if number == 24 else WALL + number * 60_000 + 30_000,
            outcome="open" if number == 24 else "failed",
        )
    return folder


def ids(listed):
    """Which they are."""
    return [one.id for one in listed.items]


def test_the_newest_comes_first(folder):
    """With how many there are."""
    listed = page(folder)
    assert ids(listed) == ["24.0", "23.0", "22.0", "21.0", "20.0", "9.1"]
    assert (listed.total, listed.next) == (6, "")
    assert listed.items[-1].last == '+40.0 s: it helped: queue("push").size < 10'


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"open_only": True}, ["24.0"]),
        ({"outcome": "verified"}, ["9.1"]),
        ({"outcome": "none"}, []),
        ({"rule": "stuck-job"}, ["24.0", "23.0", "22.0", "21.0", "20.0", "9.1"]),
        ({"rule": "stuck"}, []),
        ({"target": "web1/app["}, ["9.1"]),
        ({"entity": "web1:2"}, ["24.0", "23.0", "22.0", "21.0", "20.0"]),
        ({"since": WALL + 22 * 60_000}, ["24.0", "23.0", "22.0"]),
        ({"since": WALL + 22 * 60_000 + 30_001}, ["24.0", "23.0"]),
        ({"until": WALL + 21 * 60_000}, ["20.0", "9.1"]),
        ({"since": WALL + 20 * 60_000, "until": WALL + 21 * 60_000 + 1}, ["21.0", "20.0"]),
    ],
)
def test_what_is_asked_for(folder, asked, expected):
    """All of it must fit; what went on in a time fits the time."""
    listed = page(folder, Asked(**asked))
    assert ids(listed) == expected
    assert listed.total == len(expected)


@pytest.mark.parametrize("asked", [Asked(), Asked(rule="stuck-job"), Asked(alerts=True), Asked(since=0)])
def test_pieces_follow_each_other(folder, asked):
    """Whatever comes meanwhile moves nobody's place."""
    first = page(folder, asked, limit=2)
    assert (ids(first), first.total) == (["24.0", "23.0"], 6)
    add(folder, 30, opened=WALL + 30 * 60_000)
    second = page(folder, asked, after=first.next, limit=2)
    assert ids(second) == ["22.0", "21.0"]
    change(folder, "DELETE FROM incidents WHERE id = '21.0'")
    third = page(folder, asked, after=second.next, limit=2)
    assert (ids(third), third.next) == (["20.0", "9.1"], "")


@pytest.mark.parametrize("after", ["x", "5", "-1/x", "٣/x", f"{'9' * 40}/x"])
def test_a_place_that_is_none_is_refused(folder, after):
    """Nobody is shown something else than he asked for."""
    with pytest.raises(ValueError, match="is not what an earlier piece"):
        page(folder, after=after)


def test_alerts_that_led_to_nothing_are_listed_where_they_are_asked_for(made):
    """By the number of their row; what led to an incident stands there as that alone."""
    assert ids(page(made("observed"))) == []
    (one,) = page(made("observed"), Asked(alerts=True)).items
    assert (one.id, one.outcome, one.began, one.ended) == ("alert:3", "resolved", WALL + 22_000, WALL + 52_000)
    assert ids(page(made("recovered"), Asked(alerts=True))) == ["9.1"]
    assert ids(page(made("left_out"), Asked(alerts=True))) == ["7.1"]


def test_an_alert_that_still_fires_is_open(copied):
    """Until there is a row that says that it is over."""
    folder = copied("observed")
    change(folder, "DELETE FROM audit WHERE json_extract(body, '$.outcome') = 'resolved'")
    (one,) = page(folder, Asked(alerts=True, open_only=True)).items
    assert (one.outcome, one.ended) == ("firing", None)
    assert ids(page(folder, Asked(alerts=True, rule="other"))) == []


def test_strangers_text_is_harmless(folder):
    """On a list, too."""
    row = msgspec.json.encode(
        {
            "id": "1.0",
            "rule": "r",
            "entity": "a\u001b[2J",
            "target": "b\nc",
            "action": "a",
            "opened": 1,
            "closed": 2,
            "outcome": "ended",
            "account": ["x\ny"],
        }
    )
    change(folder, f"INSERT INTO incidents VALUES ('1.0', 1, 2, CAST('{row.decode()}' AS BLOB))")
    one = page(folder).items[-1]
    assert all(text.isprintable() for text in (one.entity, one.target, one.last))
