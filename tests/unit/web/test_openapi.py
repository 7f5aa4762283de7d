"""The OpenAPI document and what is served are made of one table: neither has what the other has not."""

import re

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.unit.web.served import served
from watchdog.web.endpoint import Method
from watchdog.web.endpoints import ENDPOINTS, ROOT
from watchdog.web.openapi import described, document
from watchdog.web.stream.events import FORMATS, Name
from watchdog.web.texts import DOCUMENTS


def operations():
    """Method and path of each in the document."""
    return {(method, path) for path, methods in described()["paths"].items() for method in methods}


def test_every_endpoint_stands_there_once():
    """With its parameters, all of which have a sentence."""
    named = [(endpoint.method.value, ROOT + endpoint.path) for endpoint in ENDPOINTS] + [("get", ROOT + one.path) for one in DOCUMENTS]
    assert len(named) == len(set(named))
    assert operations() == set(named)
    for path, params in [(one.path, one.params) for one in ENDPOINTS] + [(one.path, one.params) for one in DOCUMENTS]:
        assert [param.name for param in params if param.in_path] == re.findall(r"{(\w+)}", path)
        assert len({param.name for param in params}) == len(params)
        for param in params:
            assert param.doc.endswith("."), (path, param.name)
            Draft202012Validator.check_schema(dict(param.schema))


async def test_every_endpoint_is_served_and_nothing_else(spoken, until):
    """The router has each of them, and beside them only what is no part of the API."""
    async with served(spoken, until) as here:
        await here.local.get("/healthz")
        assert here.server._runner is not None
        routes = {(route.method.lower(), route.resource.canonical) for route in here.server._runner.app.router.routes()}
    assert {(method, path) for method, path in routes if path.startswith(ROOT) and method != "head"} == operations()


def test_schemas_are_schemas():
    """Each of them, and every reference leads somewhere."""
    whole = described()
    schemas = whole["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    refs = set(re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', document().decode()))
    assert refs <= set(schemas)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in schemas)


def test_names_of_operations_are_their_own():
    """A client is generated of them."""
    names = [operation["operationId"] for methods in described()["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


async def test_the_document_is_served(spoken, until):
    """By both doors, as JSON."""
    async with served(spoken, until) as here:
        for caller in (here.local, here.afar):
            status, answer = await caller.get("/api/v1/openapi.json")
            assert (status, answer) == (200, msgspec.json.decode(document()))


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.method is Method.POST], ids=lambda one: one.path)
def test_what_is_said_is_described(endpoint):
    """What a body may hold, what must stand in it, and that a refusal is told as such."""
    operation = described()["paths"][ROOT + endpoint.path]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {param.name for param in endpoint.params}
    assert set(schema["required"]) == {param.name for param in endpoint.params if param.required}
    assert {"200", "400", "401", "403", "409", "413", "415"} <= set(operation["responses"])


def test_events_are_described():
    """Each kind with a sentence and the form of its data, for programs and for people, and how to go on after the last one."""
    operation = described()["paths"][f"{ROOT}/events"]["get"]
    events = operation["responses"]["200"]["content"]["text/event-stream"]["x-events"]
    assert list(events) == [name.value for name in Name] == [name.value for name in FORMATS]
    for name, event in events.items():
        assert f"* `{name}`: {event['description']}" in operation["description"].splitlines()
        assert event["description"].endswith(".")
        Draft202012Validator.check_schema(event["data"])
    assert [(one["name"], one["in"]) for one in operation["parameters"]] == [("Last-Event-ID", "header")]
