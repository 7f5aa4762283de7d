"""Stories out of folders that earlier versions have left, and nobody has brought up to date: a command looks, and changes nothing."""

import sqlite3

import pytest

from tests.unit.store.test_formats import KNOWN
from watchdog.timeline.assembling import of
from watchdog.timeline.listing import Asked, page
from watchdog.timeline.markdown import written


@pytest.mark.parametrize("number", sorted(KNOWN))
def test_an_incident_of_an_earlier_version_is_told(number, tmp_path):
    """Its list, its story and its report, as far as that version has written it down."""
    connection = sqlite3.connect(tmp_path / "watchdog.db")
    connection.executescript(KNOWN[number].read_text())
    connection.close()
    (one,) = page(tmp_path, Asked(open_only=True)).items
    assert (one.rule, one.outcome) == ("stuck-job", "open")
    story = of(tmp_path, one.id)
    assert story.entries
    assert story.missing == ()
    assert bool(story.evidence) is (number >= 5)
    assert "| rule | stuck-job fires" in written(story, host="", now=story.began)
    assert len(page(tmp_path, Asked(alerts=True)).items) == 1, "the alert led to the incident"
