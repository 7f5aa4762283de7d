"""A thousand alerts in a minute, and over again: a handful of messages each, all of them accounted for. `make trial ARGS=alert_storms` has ten thousand, for every receiver."""

import pytest

from tests.service.faults import storm

MOST = 100
"""Megabytes by which the whole process may grow, the engine and the far sides included: ten times what it does."""


@pytest.mark.timeout(300)
async def test_a_thousand_alerts_in_a_minute(tmp_path):
    """Nobody is called more often than he allows, cards and audit log have every alert, and all of it takes little memory."""
    row = await storm.apart(tmp_path / "storm", 1_000, ["webhook", "email", "slack"])
    assert row["broken"] == "", row
    assert row["grown by MB"] < MOST, row
