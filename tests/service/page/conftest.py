"""A browser for a whole file, and folders for what is to be looked at."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.conftest import daemon
from tests.service.page.looking import SCREENSHOTS


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium. Mark the file with `needs("chromium")`."""
    async with async_playwright() as playwright:
        # Where everything is root there is no sandbox; nothing but the agent's own page is opened.
        browser = await playwright.chromium.launch(
            executable_path=daemon("chromium"), args=["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def screenshots() -> Path:
    """The folder that the variable names, or one in the cache of the checkout."""
    folder = Path(os.environ.get(SCREENSHOTS, Path(__file__).parents[3] / ".cache" / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
