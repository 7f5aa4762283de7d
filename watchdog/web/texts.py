"""What the API answers with that is no JSON of a view: the events, a post-mortem to read, and the document that describes all of it."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import msgspec
from aiohttp import web

from watchdog.timeline.markdown import written
from watchdog.web.aside import aside
from watchdog.web.asking import JSON, endless, values_of
from watchdog.web.endpoint import Param
from watchdog.web.endpoints import ROOT
from watchdog.web.failures import NotReadyError
from watchdog.web.reception import Reception
from watchdog.web.stream.serving import serve
from watchdog.web.views.incidents import incident

Handler = Callable[[web.Request, Reception], Awaitable[web.StreamResponse]]
_ID: Final = Param("id", "Its id.", {"type": "string", "minLength": 1, "maxLength": 300}, required=True, in_path=True)
STREAM: Final = "text/event-stream"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One of them: `kind` is the content type of what it answers with."""

    path: str
    doc: str
    kind: str
    run: Handler
    params: tuple[Param, ...] = ()


async def _events(request: web.Request, reception: Reception) -> web.StreamResponse:
    hub = reception.hub
    if hub is None:
        raise NotReadyError("there are no events here")
    endless(request)
    return await serve(request, hub, may=partial(reception.may_still_look, request))


async def _post_mortem(request: web.Request, reception: Reception) -> web.StreamResponse:
    values = await values_of(request, (_ID,))
    timeline = await incident(reception.inside, values["id"])
    text = await aside(written, timeline, host=reception.inside.host, now=reception.inside.wall())
    return web.Response(text=text, content_type="text/markdown", charset="utf-8")


async def _openapi(_request: web.Request, _reception: Reception) -> web.StreamResponse:
    from watchdog.web.openapi import document

    return web.Response(body=await aside(document), content_type=JSON)


DOCUMENTS: Final[tuple[Document, ...]] = (
    Document(
        path="/events", kind=STREAM, run=_events,
        doc="What happens, as server-sent events: which sections have changed, and rows of the audit log, of very many at once the first; goes on after `Last-Event-ID`.",
    ),
    Document(path="/incidents/{id}.md", kind="text/markdown", run=_post_mortem, params=(_ID,), doc="The story of one as a text to keep: a post-mortem in Markdown."),
    Document(path="/openapi.json", kind=JSON, run=_openapi, doc="This API, for programs."),
)  # fmt: skip


def add(router: web.UrlDispatcher, reception: Reception) -> None:
    """Their routes."""
    for document in DOCUMENTS:
        router.add_get(f"{ROOT}{document.path}", _serve(document, reception), allow_head=False)


def _serve(document: Document, reception: Reception) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await document.run(request, reception)

    return answer
