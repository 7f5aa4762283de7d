"""A window of the browser that writes down whatever goes wrong in it; and what is asked of every page."""

from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.patience import PATIENCE

SCREENSHOTS: Final = "WATCHDOG_SCREENSHOTS"
"""The variable that names a folder for screenshots."""
PHONE: Final = {"width": 390, "height": 844}
DESK: Final = {"width": 1_440, "height": 900}
_POLICY: Final = (
    "addEventListener('securitypolicyviolation', (event) => console.error('POLICY', event.violatedDirective, event.blockedURI));"
)


class Window:
    """One window with a memory of its own. `faults` are errors in the console, breaches of the policy, exceptions, and dialogs that opened."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.faults: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", lambda dialog: self.faults.append(f"a dialog: {dialog.message}"))

    @classmethod
    async def open(cls, browser: Browser, *, size: dict[str, int] | None = None, **given: Any) -> "Window":
        """A new one; `given` is what the browser is to be like (`color_scheme`, `java_script_enabled`, …)."""
        context = await browser.new_context(viewport=size or DESK, **given)  # type: ignore[arg-type]  # its own type of a dict
        # An axe that is injected is none of the page's doing.
        if given.get("java_script_enabled", True):
            await context.add_init_script(_POLICY)
        context.set_default_timeout(PATIENCE * 1_000)
        return cls(context, await context.new_page())

    async def close(self) -> None:
        """It is gone."""
        await self.context.close()

    async def goes_sideways(self) -> bool:
        """Whether the page is wider than its window."""
        wide = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return bool(wide > 0)

    async def barriers(self) -> list[str]:
        """What keeps people from using it: axe's serious and critical findings, with where they are."""
        found = await Axe().run(self.page, options={"resultTypes": ["violations"]})
        return [
            f"{one['id']} ({one['impact']}): {node['target']} {node.get('failureSummary', '')}"
            for one in found.response["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.text} ({message.location.get('url', '')})")
