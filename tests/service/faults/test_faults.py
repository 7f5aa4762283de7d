"""Receivers under faults: what was told arrives, in order, and comes twice only where it can't be known, and no more often than is counted. `make trial ARGS=receivers` has every receiver under every fault."""

import pytest

from tests.service.faults import mortal, stories
from tests.service.faults.sides import NEEDS, SIDES
from watchdog.model.receivers import RECEIVERS

FEW = ("answers with errors", stories.SEQUENCE)


def receivers():
    """Every far side, skipped by name where this machine lacks what it needs."""
    return [pytest.param(name, marks=pytest.mark.needs(*NEEDS.get(name, ()))) for name in SIDES]


def lend(request, name):
    """What a far side shares with others."""
    if name == "matrix":
        request.getfixturevalue("lent_synapse")


@pytest.mark.parametrize("name", receivers())
async def test_an_hour_of_trouble(name, tmp_path, request):
    """An hour of errors; one of answers that are lost, and then one without a server: afterwards all stands as it should."""
    lend(request, name)
    for number, fault in enumerate(FEW):
        row = await stories.under(name, fault, tmp_path / str(number))
        assert row["broken"] == "", row


@pytest.mark.parametrize(
    "fault", ["never answers", "a byte a second", "reset in the middle of the request", "answer cut off", "answer is garbage"]
)
async def test_a_rude_server(fault, tmp_path):
    """Each other way to fail, for the simplest of receivers."""
    row = await stories.under("webhook", fault, tmp_path)
    assert row["broken"] == "", row


@pytest.mark.needs("openssl")
async def test_a_certificate_that_is_no_good(tmp_path):
    """Nothing is sent to who can't show who he is; it is said why, and told once he can."""
    row = await stories.under("webhook", "certificate expired yesterday", tmp_path)
    assert row["broken"] == "", row
    assert "certificate" in row["said"]
    assert row["came twice"] == 0


@pytest.mark.parametrize("name", [one for one in receivers() if one.values[0] in {"webhook", "email", "matrix", "slack"}])
async def test_killed_between_sending_and_recording(name, tmp_path, request):
    """A deliverer that is killed at once after the server has it, and one that goes on: nothing is lost or out of order, and what came twice was counted."""
    lend(request, name)
    row = await mortal.killed_at(name, "after send 1", tmp_path)
    assert row["broken"] == "", row
    assert row["died"]


def test_every_type_of_receiver_has_a_far_side():
    """Whoever adds a type adds who is told by it."""
    assert {make(lambda: 0).name for make in SIDES.values()} == {spec.type for spec in RECEIVERS}
