"""A request of the HTTP library → what it asks; and what was found out → an answer of that library."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from watchdog.store.encoding import encode
from watchdog.web.access.access import Access, Known
from watchdog.web.access.visit import Peer, Visit
from watchdog.web.connections import Connection, Pace
from watchdog.web.endpoint import Param
from watchdog.web.failures import NotUnderstoodError, WrongKindError
from watchdog.web.inside import Inside
from watchdog.web.limits import Limits
from watchdog.web.parameters import checked, from_text

INSIDE: Final = web.AppKey("inside", Inside)
ACCESS: Final = web.AppKey("access", Access)
LIMITS: Final = web.AppKey("limits", Limits)
VISIT: Final = web.RequestKey("visit", Visit)
KNOWN: Final = web.RequestKey("known", Known)
END: Final = web.RequestKey("end", asyncio.Timeout)
CONNECTION: Final = web.RequestKey("connection", Connection)
"""Of a connection that is gone already there is none."""
FORM_TOKEN: Final = "form_token"
"""The hidden field of every form."""
FORM_HEADER: Final = "X-Watchdog-Form-Token"
"""The same for what a script of the page sends."""
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
_ENCODER: Final = msgspec.json.Encoder()


def visit_of(request: web.BaseRequest, peer: Peer) -> Visit:
    """
    The request as far as it matters for who may do what.

    A header that is there twice is none: one of the two was sent by somebody else, before or behind what a proxy has added, and nobody can tell which.
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name.lower()] = value if name.lower() not in headers else ""
    return Visit(peer, request.method, request.path, headers, dict(request.cookies))


def visit_of_request(request: web.Request) -> Visit:
    """The same, as the application has noted it."""
    return request[VISIT]


def known_of(request: web.Request) -> Known:
    """Who asks."""
    return request[KNOWN]


def endless(request: web.Request) -> None:
    """From now on its answer may take for ever: an event stream. Whoever sends it looks itself that nobody reads too slowly."""
    request[END].reschedule(None)
    if (connection := request.get(CONNECTION)) is not None:
        connection.pace(Pace.STREAM)


async def body_of(request: web.Request) -> Mapping[str, Any] | list[tuple[str, str]]:
    """The fields of a form in their order, or the members of an object of JSON. Raises `NotUnderstoodError` or `WrongKindError`."""
    kind = request.content_type if request.can_read_body or request.content_length else ""
    if kind in (FORM, ""):
        try:
            form = await request.post()
        except (ValueError, LookupError):
            # A character set that is none, or more fields than anybody would send.
            raise NotUnderstoodError("the form can't be read") from None
        return [(name, value) for name, value in form.items() if isinstance(value, str)]
    if kind != JSON:
        raise WrongKindError("send JSON or a form", hint=f"Content-Type: {JSON}")
    try:
        said = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotUnderstoodError("the body is no JSON") from None
    if not isinstance(said, dict):
        raise NotUnderstoodError("the body must be an object: {…}")
    return said


async def form_token_of(request: web.Request) -> str:
    """What the request holds to prove that it comes from a form of ours; empty where it holds nothing."""
    if said := request.headers.get(FORM_HEADER, ""):
        return said
    body = await body_of(request)
    found = dict(body).get(FORM_TOKEN, "")
    return found if isinstance(found, str) else ""


async def values_of(request: web.Request, params: tuple[Param, ...]) -> dict[str, Any]:
    """The parameters of a call, checked. Raises `NotUnderstoodError` or `WrongKindError`."""
    in_path = tuple(param for param in params if param.in_path)
    rest = tuple(param for param in params if not param.in_path)
    values = from_text(in_path, request.match_info.items())
    if request.method in ("GET", "HEAD"):
        return values | from_text(rest, request.query.items())
    if request.query_string:
        raise NotUnderstoodError("parameters stand in the body here, not behind the path")
    body = await body_of(request)
    if isinstance(body, list):
        # A form of the page sends what was left empty, too.
        return values | from_text(rest, [(name, text) for name, text in body if name != FORM_TOKEN and text])
    return values | checked(rest, {name: value for name, value in body.items() if name != FORM_TOKEN})


def json_answer(answer: Any, *, status: int = 200) -> web.Response:
    """As JSON; whatever a name holds that no text can is spelled out, as in the store and the stream."""
    try:
        body = _ENCODER.encode(answer)
    except UnicodeEncodeError:
        body = encode(msgspec.to_builtins(answer))
    return web.Response(body=body, status=status, content_type=JSON)
