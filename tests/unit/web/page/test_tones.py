"""How outcomes are coloured."""

from watchdog.model.records import INCIDENT_OUTCOMES
from watchdog.web.page.assets import assets
from watchdog.web.page.tones import BAD, GOOD, TONES, WARN, tone


def test_every_outcome_of_an_incident_has_its_colour() -> None:
    """A new one is thought of; what is not known has none."""
    assert set(INCIDENT_OUTCOMES) <= set(TONES)
    assert tone("something new") == ""


def test_every_colour_is_in_the_sheet() -> None:
    """Under the name that the templates give it."""
    sheet = assets()["page.css"].body.decode()
    assert set(TONES.values()) == {"", GOOD, WARN, BAD}
    assert all(f".tag.{name}" in sheet for name in (GOOD, WARN, BAD))
