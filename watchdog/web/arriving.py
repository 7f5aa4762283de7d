"""
Whoever follows a link from elsewhere, from a message above all, comes without their cookie: a browser sends that only to a request of our own page (`SameSite=Strict`).

So such a request is answered with a page that asks once more, which is one of ours then. Without a session nothing is lost by that but a moment.
"""

from typing import Final

from aiohttp import web

from watchdog.web.access.access import ALIVE, METRICS, Access
from watchdog.web.access.visit import Visit

_NO_PAGES: Final = ("/api/", METRICS, "/static/", ALIVE)
_AGAIN: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>sidekiq-watchdog</title>'
    '<meta http-equiv="refresh" content="0"><p><a href="">Go on to the page</a>.</p></html>\n'
)


def comes_by_a_link(visit: Visit, access: Access) -> bool:
    """Whether it is somebody who may have a cookie and could not send it."""
    page = access.page
    return (
        visit.method == "GET"
        and visit.headers.get("sec-fetch-site", "") in ("cross-site", "same-site")
        and visit.headers.get("sec-fetch-mode", "") == "navigate"
        and not visit.path.startswith(_NO_PAGES)
        and page is not None
        and bool(page.tokens)
        and not access.cookie(visit)
    )


def once_more() -> web.Response:
    """The page that asks again."""
    return web.Response(text=_AGAIN, content_type="text/html")
