"""
The application: every route, and before each of them the same questions, in this order: is there time, who is it, may it, does it come from our page.

Loaded only once somebody asks: whoever looks at nothing pays for nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from watchdog.lang.harmless import harmless
from watchdog.store.failures import StoreError
from watchdog.web import texts
from watchdog.web.access.access import LOGIN, METRICS, Access
from watchdog.web.access.visit import NOBODY, SAFE
from watchdog.web.answered import Answered
from watchdog.web.arriving import comes_by_a_link, once_more
from watchdog.web.asking import (
    ACCESS,
    CONNECTION,
    END,
    INSIDE,
    KNOWN,
    LIMITS,
    VISIT,
    form_token_of,
    json_answer,
    known_of,
    values_of,
    visit_of,
)
from watchdog.web.connections import Connection, Pace
from watchdog.web.endpoint import Call, Endpoint, Method
from watchdog.web.endpoints import ENDPOINTS, ROOT
from watchdog.web.failures import Failed, Fault, NoSuchEndpointError, NotReadyError, RequestError, TooMuchError, UnknownCallerError
from watchdog.web.inside import Inside
from watchdog.web.limits import Limits
from watchdog.web.metrics import serving as metrics
from watchdog.web.page import routes as page
from watchdog.web.reception import Reception, check_may_say
from watchdog.web.stream.hub import Hub
from watchdog.web.turnstile import my_turn

LOG: Final = logging.getLogger("watchdog")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: a browser would hide from us, too, that a form is ours (it sends `Origin: null`).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Server": "sidekiq-watchdog",
}
"""Of every answer."""
BESIDE: Final[tuple[Callable[[web.UrlDispatcher, Reception], None], ...]] = (texts.add, metrics.add, page.add)
"""What else is served, each by routes that it adds itself: the page, the events, the metrics."""
_KEY: Final = "Idempotency-Key"
_LONGEST_KEY: Final = 200


def build(
    inside: Inside, access: Access, limits: Limits, hub: Hub | None, connection_of: Callable[[object], Connection | None]
) -> web.Application:
    """Of one server. `connection_of` gives the connection of one of the library's protocols, `hub` tells of events."""

    @web.middleware
    async def paced(request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = connection_of(request.protocol)
        peer = connection.peer if connection is not None else NOBODY
        request[VISIT] = visit_of(request, peer)
        if connection is None:
            return await handler(request)
        request[CONNECTION] = connection
        connection.pace(Pace.ANSWER)
        try:
            return await handler(request)
        finally:
            connection.pace(Pace.IDLE)

    app = web.Application(middlewares=[paced, _answered, _admitted], client_max_size=limits.body)
    app[INSIDE], app[ACCESS], app[LIMITS] = inside, access, limits
    app.on_response_prepare.append(_dress)
    reception = Reception(inside, access, limits, hub)
    # First: `/incidents/{id}.md` fits `/incidents/{id}` as well.
    for beside in BESIDE:
        beside(app.router, reception)
    for endpoint in ENDPOINTS:
        add = app.router.add_get if endpoint.method is Method.GET else app.router.add_post
        add(f"{ROOT}{endpoint.path}", _serve(endpoint))
    app.router.add_get("/healthz", _healthz)
    return app


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered with a sentence, and nothing of the inside."""
    try:
        async with asyncio.timeout(request.app[LIMITS].whole) as end:
            request[END] = end
            return await handler(request)
    except RequestError as error:
        return _failed(request, error)
    except StoreError as error:
        return _failed(request, NotReadyError(str(error), after=5))
    except TimeoutError:
        # What was said waits for its turn: an agent that can't write anything down has not forgotten it.
        later = "" if request.method in SAFE else "; what was said may still be heard: look before you say it again"
        return _failed(request, NotReadyError(f"it took too long{later}", after=5))
    except web.HTTPRequestEntityTooLarge:
        return _failed(request, TooMuchError(f"at most {request.app[LIMITS].body} bytes are taken"))
    except web.HTTPNotFound:
        return _failed(request, NoSuchEndpointError("there is nothing at this address"))
    except web.HTTPMethodNotAllowed as error:
        answer = json_answer(Failed(Fault("wrong_method", f"this is asked by {', '.join(sorted(error.allowed_methods))}")), status=405)
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except web.HTTPException:
        raise
    except ConnectionError:
        raise
    except Exception:
        LOG.exception("%s could not be answered", harmless(f"{request.method} {request.path}", 200))
        return json_answer(Failed(Fault("fault", "a fault of this program; its log says more")), status=500)


@web.middleware
async def _admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
    access = request.app[ACCESS]
    try:
        known = request[KNOWN] = access.admit(request[VISIT])
    except UnknownCallerError:
        if comes_by_a_link(request[VISIT], access):
            return once_more()
        raise
    if not known.caller.name and comes_by_a_link(request[VISIT], access):
        return once_more()
    if not request[VISIT].is_safe:
        access.check_form(known, await form_token_of(request) if known.bound_to else "")
    elif not known.caller.may_arm:
        # Whoever says something, or is the machine itself, waits for no reader.
        await my_turn()
    return await handler(request)


def _serve(endpoint: Endpoint) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        caller = known_of(request).caller
        if endpoint.method is Method.POST:
            check_may_say(caller, endpoint)
        key = request.headers.get(_KEY, "")[:_LONGEST_KEY]
        found = await endpoint.run(Call(request.app[INSIDE], caller, await values_of(request, endpoint.params), key))
        # What is not heeded is an answer all the same; a program should see at a glance that nothing has come of it.
        return json_answer(found, status=409 if isinstance(found, Answered) and found.refused else 200)

    return answer


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _dress(_request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")


def _failed(request: web.Request, error: RequestError) -> web.Response:
    if not request.path.startswith((ROOT, METRICS)) and "text/html" in request.headers.get("Accept", ""):
        if error.status == UnknownCallerError.status and request.method in SAFE:
            return web.Response(status=303, headers={"Location": f"{LOGIN}?{urlencode({'back': request.path_qs})}"})
        answer = web.Response(text=f"{error}\n{error.hint}\n", status=error.status)
    else:
        answer = json_answer(error.failed, status=error.status)
    if error.after:
        answer.headers["Retry-After"] = str(error.after)
    if error.status == UnknownCallerError.status:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="sidekiq-watchdog"'
    return answer
