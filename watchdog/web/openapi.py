"""The API as an OpenAPI document, made of the tables that it is served by."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from watchdog import __version__
from watchdog.web.answered import Answered
from watchdog.web.endpoint import Endpoint, Method, Param
from watchdog.web.endpoints import ENDPOINTS, ROOT
from watchdog.web.failures import Failed
from watchdog.web.stream.events import FORMATS
from watchdog.web.texts import DOCUMENTS, STREAM, Document

Schema = dict[str, Any]
_REF: Final = "#/components/schemas/{name}"
_FAILURES: Final = {
    400: "A parameter is missing, unknown or not what it must be.",
    401: "Only who says who it is may do that.",
    403: "Not by whoever this is, or not from there.",
    404: "There is nothing of that name.",
    409: "Not as things stand.",
    413: "The body is too large.",
    415: "The body is neither JSON nor a form.",
    421: "The host name is none of the agent's.",
    429: "Too much was asked in too short a time.",
    503: "The agent can't answer at present.",
}
_READ: Final = (400, 401, 403, 404, 409, 421, 429, 503)
_SAID: Final = tuple(_FAILURES)


@cache
def document() -> bytes:
    """The document as JSON."""
    return json.dumps(described(), ensure_ascii=False, indent=1).encode()


def described() -> Schema:
    """The same as plain data."""
    types = [endpoint.answer for endpoint in ENDPOINTS]
    told = [form.data for form in FORMATS.values()]
    schemas, components = msgspec.json.schema_components([*types, *told, Answered, Failed], ref_template=_REF)
    answers, events, failed = schemas[: len(types)], schemas[len(types) : -2], schemas[-1]
    paths: dict[str, Schema] = {}
    for endpoint, answer in zip(ENDPOINTS, answers, strict=True):
        paths.setdefault(f"{ROOT}{endpoint.path}", {})[endpoint.method.value] = _operation(endpoint, answer, failed)
    for text in DOCUMENTS:
        paths[f"{ROOT}{text.path}"] = {"get": _events(text, events, failed) if text.kind == STREAM else _text(text, failed)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sidekiq-watchdog",
            "version": __version__,
            "description": "What the agent sees, decides and does, and what people say to it. By the unix socket for root and the user of the agent, by TCP where the config has `page:`. Times are UTC milliseconds where they end with `wall`, durations milliseconds, sizes bytes, ratios numbers.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token of `page: tokens`, or, for whoever only looks, of `page: readers`; on the unix socket none is needed."}},
        },
    }  # fmt: skip


def _operation(endpoint: Endpoint, answer: Schema, failed: Schema) -> Schema:
    operation: Schema = {
        "operationId": f"{endpoint.method.value}{endpoint.path}".replace("/", "_").replace("{", "").replace("}", ""),
        "summary": endpoint.doc,
        "parameters": [_parameter(param) for param in endpoint.params if param.in_path or endpoint.method is Method.GET],
        "responses": {"200": _answer("What was asked.", "application/json", answer), **_failures(_READ, failed)},
        "security": [{}, {"token": []}],
    }
    if endpoint.method is Method.POST:
        # What was said and not heeded has an answer like what was.
        refused = _answer("It was heard and is not heeded, or not as things stand.", "application/json", {"anyOf": [answer, failed]})
        operation["responses"] = {**operation["responses"], **_failures(_SAID, failed), "409": refused}
        operation["requestBody"] = _body(param for param in endpoint.params if not param.in_path)
        operation["parameters"].append(
            {
                "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200},
                "description": "What is said twice with the same key and the same words is heard once.",
            }
        )  # fmt: skip
        if endpoint.machine_only:
            operation["description"] = "On the unix socket alone, by root and the user of the agent."
    return operation


def _text(text: Document, failed: Schema) -> Schema:
    return {
        "operationId": f"get{text.path}".replace("/", "_").replace("{", "").replace("}", "").replace(".", "_"),
        "summary": text.doc,
        "parameters": [_parameter(param) for param in text.params],
        "responses": {"200": _answer(text.doc, text.kind, {"type": "object"} if text.kind.endswith("json") else {"type": "string"}), **_failures(_READ, failed)},
        "security": [{}, {"token": []}],
    }  # fmt: skip


def _events(text: Document, data: Iterable[Schema], failed: Schema) -> Schema:
    """OpenAPI 3.1 has no word for what the single events of a stream hold: for people it stands in the description, for programs under `x-events`."""
    lines = [f"* `{name.value}`: {form.doc}" for name, form in FORMATS.items()]
    operation = _text(text, failed)
    stream = operation["responses"]["200"]["content"][STREAM]
    stream["schema"] = {"type": "string", "contentMediaType": STREAM}
    stream["x-events"] = {
        name.value: {"description": form.doc, "data": schema} for (name, form), schema in zip(FORMATS.items(), data, strict=True)
    }
    last = {
        "name": "Last-Event-ID", "in": "header", "schema": {"type": "string"}, "description": "The `id` of the last event that the reader has had: what came after it is told first.",
    }  # fmt: skip
    return {
        **operation,
        "description": "\n".join(
            ["Each event has `id`, `event` (which of these it is) and one line of `data`, which is JSON:", "", *lines]
        ),
        "parameters": [last],
    }


def _parameter(param: Param) -> Schema:
    return {
        "name": param.name,
        "in": "path" if param.in_path else "query",
        "description": param.doc,
        "required": param.required,
        "schema": dict(param.schema),
    }


def _body(params: Iterable[Param]) -> Schema:
    params = list(params)
    schema: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {param.name: {**param.schema, "description": param.doc} for param in params},
        "required": [param.name for param in params if param.required],
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _answer(what: str, kind: str, schema: Mapping[str, Any]) -> Schema:
    return {"description": what, "content": {kind: {"schema": dict(schema)}}}


def _failures(statuses: Iterable[int], failed: Schema) -> Schema:
    return {str(status): _answer(_FAILURES[status], "application/json", failed) for status in statuses}
