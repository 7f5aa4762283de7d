"""Where the page answers. The rest of the HTTP, who may come in and what a browser is told, is the application's."""

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from watchdog.store.failures import StoreError
from watchdog.web.asking import FORM_TOKEN, body_of
from watchdog.web.failures import NotReadyError, RequestError
from watchdog.web.page.assets import asset_at
from watchdog.web.page.drawing import draw
from watchdog.web.page.fragments import Fragments
from watchdog.web.page.links import is_here
from watchdog.web.page.notices import Notice, Notices
from watchdog.web.page.saying import notice_of
from watchdog.web.page.sections import SECTIONS, section
from watchdog.web.page.stories import PAGES, Story
from watchdog.web.reception import Reception

STREAM: Final = "/api/v1/events"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_LONGEST_FIELD: Final = 2_000
SAID: Final = "said"
"""Behind an address: which notice is to be shown."""
_TITLES: Final = {400: "That can’t be asked", 404: "That is not there"}


def add(router: web.UrlDispatcher, reception: Reception) -> None:
    """Every path of the page."""
    page = _Page(reception)
    router.add_get("/", page.all)
    router.add_get("/fragments/{name}", page.fragment)
    router.add_get("/static/{name}", page.static)
    router.add_get("/login", page.login)
    router.add_post("/login", page.log_in)
    router.add_post("/logout", page.log_out)
    router.add_post("/say/{order}", page.say)
    for path, story in PAGES.items():
        router.add_get(path, partial(page.story, story))


class _Page:
    """The handlers, and what is kept between two requests."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._fragments = Fragments(reception.inside)
        self._notices = Notices()

    async def all(self, request: web.Request) -> web.Response:
        """The one screen."""
        caller, versions = self._reception.caller(request), self._reception.versions()
        parts = await self._fragments.all(versions=versions, may_change=caller.may_change, token=self._reception.form_token(request))
        return self._html(request, "all.html", versions, sections=SECTIONS, parts=parts, title="")

    async def fragment(self, request: web.Request) -> web.Response:
        """One part of it; 304 where the browser has that very one."""
        found = section(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="no such part of the page")
        caller = self._reception.caller(request)
        html = await self._fragments.get(
            found, versions=self._reception.versions(), may_change=caller.may_change, token=self._reception.form_token(request)
        )
        tag = f'"{hashlib.sha256(html.encode()).hexdigest()[:24]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(text=html, content_type="text/html", headers={"ETag": tag})

    async def story(self, story: Story, request: web.Request) -> web.Response:
        """A page about one thing."""
        versions = self._reception.versions()
        try:
            given = await story.look(self._reception.inside, dict(request.match_info), dict(request.query))
        except StoreError as error:
            return self._problem(request, NotReadyError(str(error)))
        except RequestError as error:
            return self._problem(request, error)
        return self._html(request, story.template, versions, story_page=story, **given)

    async def static(self, request: web.Request) -> web.Response:
        """The sheet, the script, the icon."""
        found = asset_at(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="no such file")
        return web.Response(body=found.body, content_type=found.type, charset="utf-8", headers={"Cache-Control": _FOR_EVER})

    async def login(self, request: web.Request) -> web.Response:
        """The form."""
        return self._login(request, "", request.query, 200)

    async def log_in(self, request: web.Request) -> web.Response:
        """What the form brings."""
        form = await _form(request)
        answer = _go(_back(form))
        try:
            name = self._reception.log_in(request, form.get("token", "").strip(), answer)
        except RequestError as error:
            return self._login(request, str(error), form, error.status)
        return answer if name else self._login(request, "That token is nobody’s.", form, 403)

    async def log_out(self, request: web.Request) -> web.Response:
        """The end of the session."""
        answer = _go("/")
        self._reception.log_out(request, answer)
        return answer

    async def say(self, request: web.Request) -> web.Response:
        """A form is said on the way of the API, and what came of it is shown on the page that it came from."""
        form = await _form(request)
        order = request.match_info["order"]
        back = _back(form)
        values = {name: value for name, value in form.items() if name not in (FORM_TOKEN, "back") and value.strip()}
        try:
            notice = notice_of(order, await self._reception.say(request, order, values))
        except (RequestError, StoreError) as error:
            notice = Notice(good=False, title="Nothing was said", text=str(error))
        self._fragments.forget()
        return _go(f"{back}{'&' if '?' in back else '?'}{SAID}={self._notices.keep(notice)}")

    def _problem(self, request: web.Request, error: RequestError) -> web.Response:
        title = _TITLES.get(error.status, "That can’t be shown at present")
        return self._html(request, "problem.html", {}, error.status, title=title, text=str(error))

    def _login(self, request: web.Request, problem: str, given: Mapping[str, str], status: int) -> web.Response:
        return self._html(request, "login.html", {}, status, title="Log in", problem=problem, back=_back(given))

    def _html(self, request: web.Request, template: str, versions: Mapping[str, int], status: int = 200, **given: Any) -> web.Response:
        """A whole page, as of these versions of the sections of the stream."""
        caller = self._reception.caller(request)
        inside = self._reception.inside
        given.setdefault("back", _here(request))
        text = draw(
            template,
            host=inside.host,
            now=inside.wall(),
            caller=caller,
            may_change=caller.may_change,
            form_token=self._reception.form_token(request),
            theme=theme if (theme := request.cookies.get("theme", "")) in ("dark", "light") else "",
            path=request.path,
            stream=STREAM,
            versions=json.dumps(versions),
            notice=self._notices.find(request.query.get(SAID, "")),
            **given,
        )
        return web.Response(text=text, status=status, content_type="text/html")


async def _form(request: web.Request) -> dict[str, str]:
    """What it brings, of fields that are given twice the last. Raises `NotUnderstoodError` or `WrongKindError`."""
    return {name: value for name, value in dict(await body_of(request)).items() if isinstance(value, str) and len(value) <= _LONGEST_FIELD}


def _back(given: Mapping[str, str]) -> str:
    back = given.get("back", "/")
    return back if is_here(back) else "/"


def _here(request: web.Request) -> str:
    """The address of this page without what was said on it."""
    asked = [(name, value) for name, value in request.query.items() if name != SAID]
    return f"{request.rel_url.raw_path}{'?' if asked else ''}{urlencode(asked)}"


def _go(where: str) -> web.Response:
    return web.Response(status=303, headers={"Location": where})
