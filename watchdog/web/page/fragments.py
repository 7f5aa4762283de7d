"""
Parts of the page, drawn once for all who look.

What is drawn is kept until something in it changes, and for no longer than it takes time to be seen in it. A form's token is another one for each session, so a mark stands in its place until
the part is sent.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from typing import Final

import msgspec
from markupsafe import Markup, escape

from watchdog.store.failures import StoreError
from watchdog.web.failures import RequestError
from watchdog.web.inside import Inside
from watchdog.web.page.drawing import draw
from watchdog.web.page.sections import SECTIONS, Section

LOG: Final = logging.getLogger("watchdog")
FRESH_FOR: Final = 2_000
"""Milliseconds for which a part is as good as new where nothing has changed: ages in it go on in the browser."""


class _Drawn(msgspec.Struct, frozen=True):
    version: int
    at: int
    html: str


class Fragments:
    """The parts of one agent's page. `drawn` counts how often one had to be made."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._mark: Final = escape(f"token-{secrets.token_hex(12)}")
        self._kept: dict[tuple[str, bool], _Drawn] = {}
        self._making: dict[tuple[str, bool], asyncio.Lock] = {}
        self.drawn = 0

    def forget(self) -> None:
        """Whoever has said something sees what came of it, whatever the stream has told by then."""
        self._kept.clear()

    async def get(self, section: Section, *, versions: Mapping[str, int], may_change: bool, token: str) -> Markup:
        """That part as it is now, for one who may, or may not, say something by it."""
        key = (section.name, may_change)
        # Those who come while it is being made have the one that is made.
        async with self._making.setdefault(key, asyncio.Lock()):
            version = sum(versions.get(name, 0) for name in section.of)
            kept = self._kept.get(key)
            if kept is None or kept.version != version or not 0 <= self._inside.at() - kept.at < FRESH_FOR:
                kept = _Drawn(version, self._inside.at(), await self._draw(section, may_change=may_change))
                self._kept[key] = kept
        return Markup(kept.html.replace(self._mark, escape(token)))  # noqa: S704  (what templates have quoted)

    async def _draw(self, section: Section, *, may_change: bool) -> str:
        self.drawn += 1
        seen = await section.look(self._inside)
        return draw(
            f"sections/{section.name}.html",
            section=section,
            now=self._inside.wall(),
            may_change=may_change,
            form_token=self._mark,
            back="/",
            **seen,
        )

    async def all(self, *, versions: Mapping[str, int], may_change: bool, token: str) -> dict[str, Markup]:
        """
        All of them, by name, made together: a slow disk is waited for once, and not by one after the other.

        One that can't be made has its place taken by why: the pause must be there whatever else is broken.
        """
        made = await asyncio.gather(
            *(self._whatever(section, versions=versions, may_change=may_change, token=token) for section in SECTIONS)
        )
        return {section.name: part for section, part in zip(SECTIONS, made, strict=True)}

    async def _whatever(self, section: Section, *, versions: Mapping[str, int], may_change: bool, token: str) -> Markup:
        try:
            return await self.get(section, versions=versions, may_change=may_change, token=token)
        except (RequestError, StoreError) as error:
            return _absent(section, str(error))
        except Exception:
            LOG.exception("the part %s of the page could not be drawn", section.name)
            return _absent(section, "a fault of this program; its log says more")


def _absent(section: Section, why: str) -> Markup:
    return Markup(draw("absent.html", section=section, why=why))  # noqa: S704  (what templates have quoted)
