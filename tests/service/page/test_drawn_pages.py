"""Every page, drawn from views made by hand, in a real browser: what keeps people from using it, under its policy, in light and dark and on a telephone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route

from tests.service.page.looking import DESK, PHONE, Window
from tests.unit.web.page import seen
from watchdog.web.application import HEADERS
from watchdog.web.page.assets import assets

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.asyncio(loop_scope="module")]

HOST = "http://localhost:7655"
TEMPLATES = ("all.html", *seen.stories(), "login.html")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "size": DESK},
    "dark": {"color_scheme": "dark", "size": DESK},
    "phone": {"color_scheme": "light", "size": PHONE},
}
OFTEN = ("all.html", "incident.html", "why.html")
"""Between them they have every colour."""
HOSTILE = '<script>alert(1)</script>\u202e"onload=x ' + "w" * 400


async def _answer(route: Route) -> None:
    path = route.request.url.removeprefix(HOST)
    asset = next((one for one in assets().values() if one.path == path), None)
    if asset is not None:
        await route.fulfill(body=asset.body, content_type=asset.type)
    else:
        name, _, called = path.removeprefix("/").partition("/")
        template = name.replace("%20", " ")
        given = {"title": "Log in", "problem": "That token is nobody’s."} if template == "login.html" else None
        await route.fulfill(
            body=seen.page(template, name=HOSTILE if called else "web1", given=given, may_change=template != "login.html"),
            content_type="text/html",
            headers=HEADERS,
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def windows(browser: Browser) -> AsyncIterator[dict[str, Window]]:
    """One for each look."""
    opened = {look: await Window.open(browser, **given) for look, given in LOOKS.items()}
    for window in opened.values():
        # Nobody tells these pages of anything, and they are not to look as if the agent were gone.
        await window.context.add_init_script("window.EventSource = class { addEventListener() {} close() {} };")
        await window.page.route("**/*", _answer)
    yield opened
    for window in opened.values():
        await window.close()


@pytest.mark.parametrize(
    ("template", "look"), [*((one, "light") for one in TEMPLATES), *((one, "dark") for one in OFTEN), ("all.html", "phone")]
)
async def test_nothing_keeps_people_from_using_it(windows: dict[str, Window], screenshots: Path, template: str, look: str) -> None:
    """No serious or critical fault for those who read with a screen reader, by keyboard, or badly; nothing is said in the console; nothing goes sideways."""
    window = windows[look]
    window.faults.clear()
    await window.page.goto(f"{HOST}/{template}")
    await window.page.screenshot(path=screenshots / f"drawn-{template.replace(' ', '-').replace('.html', '')}-{look}.png", full_page=True)

    assert window.faults == []
    assert not await window.goes_sideways()
    assert await window.barriers() == []


@pytest.mark.parametrize("template", TEMPLATES[:-1])
async def test_hostile_names_break_nothing(windows: dict[str, Window], template: str) -> None:
    """No dialog opens, nothing is fetched, and however long a name is the page is no wider than a telephone."""
    window = windows["phone"]
    window.faults.clear()
    await window.page.goto(f"{HOST}/{template}/hostile")

    assert window.faults == []
    assert not await window.goes_sideways()
