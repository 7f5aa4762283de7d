"""The examples of the table, which the reference shows: each of them is sent."""

import json

import pytest

from tests.unit.web.served import served
from watchdog.web.endpoint import Method
from watchdog.web.endpoints import ENDPOINTS, LOOKS, ROOT


async def test_each_example_is_understood(spoken, until):
    """What it asks for may not be there, or not be readable without a database; it is never misunderstood, nor a fault of ours."""
    async with served(spoken, until) as here:
        for endpoint in LOOKS:
            status, answer = await here.local.get(ROOT + endpoint.called)
            assert status in (200, 404, 409, 503), (endpoint.called, answer)
            assert status != 404 or answer["error"]["code"] == "not_there", endpoint.called


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.method is Method.POST], ids=lambda one: one.path)
async def test_each_example_is_said(spoken, until, endpoint):
    """It reaches the engine, be it that nothing comes of it here."""
    async with served(spoken, until) as here:
        status, answer = await here.local.post(ROOT + endpoint.path, json=json.loads(endpoint.called))
        assert (status, len(spoken.told)) in ((200, 1), (409, 1)), answer


def test_what_needs_a_parameter_has_an_example_with_it():
    """Nobody has to guess."""
    for endpoint in LOOKS:
        for param in endpoint.params:
            assert not param.required or (
                "{" + param.name + "}" not in endpoint.called and (param.in_path or f"{param.name}=" in endpoint.called)
            )
