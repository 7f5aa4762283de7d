"""Parts of the page, drawn once for all who look; and what they weigh where Sidekiq is large."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.bench.large import Large, large
from tests.unit.web.page import seen
from tests.unit.web.page.reading import Page
from tests.unit.web.served import Spoken
from watchdog.store.failures import StoreError
from watchdog.web.inside import Inside
from watchdog.web.page.assets import assets
from watchdog.web.page.fragments import FRESH_FOR, Fragments
from watchdog.web.page.sections import SECTIONS, Section

WEIGHT = 200_000
"""Bytes of the page with all that it loads, at most; not compressed."""


class Still:
    """An inside in which nothing happens but time."""

    def __init__(self) -> None:
        self.now = 1_000

    def at(self) -> int:
        return self.now

    def wall(self) -> int:
        return seen.NOW + self.now


def _section(asked: list[int], wait: asyncio.Event | None = None) -> Section:
    async def look(inside: Inside) -> dict[str, Any]:
        asked.append(inside.at())
        if wait is not None:
            await wait.wait()
        return seen.sections()["needs"]

    return Section(name="needs", title="x", of=("alerts", "incidents"), look=look)


async def _get(fragments: Fragments, section: Section, *, may_change: bool = True, token: str = "", **versions: int) -> str:
    return await fragments.get(section, versions=versions, may_change=may_change, token=token)


async def test_it_is_drawn_once_for_all() -> None:
    """Those who come while it is made wait for the one that is made, and each has a token of his own in it."""
    asked: list[int] = []
    wait = asyncio.Event()
    fragments, section = Fragments(Still()), _section(asked, wait)  # type: ignore[arg-type]  # as much of it as is asked
    coming = [asyncio.create_task(_get(fragments, section, token=f"token of <{number}>")) for number in range(20)]
    await asyncio.sleep(0)
    wait.set()
    texts = await asyncio.gather(*coming)

    assert (len(asked), fragments.drawn) == (1, 1)
    for number, text in enumerate(texts):
        assert {one.attributes["value"] for one in Page(text).all("input", name="form_token")} == {f"token of <{number}>"}


async def test_it_is_drawn_anew_when_something_in_it_has_changed() -> None:
    """What changes elsewhere leaves it as it is; and for who only looks it is another one."""
    asked: list[int] = []
    fragments, section = Fragments(Still()), _section(asked)  # type: ignore[arg-type]  # as much of it as is asked
    for versions in ({"alerts": 1}, {"alerts": 1, "queues": 7}, {"alerts": 2}, {"alerts": 2, "incidents": 1}):
        await fragments.get(section, versions=versions, may_change=True, token="")
    assert len(asked) == 3

    await _get(fragments, section, may_change=False, alerts=2, incidents=1)
    assert len(asked) == 4


async def test_time_alone_makes_it_old() -> None:
    """Whoever has no script sees no age from an hour ago."""
    asked: list[int] = []
    still = Still()
    fragments, section = Fragments(still), _section(asked)  # type: ignore[arg-type]  # as much of it as is asked
    for still.now in (1_000, 1_000 + FRESH_FOR - 1, 1_000 + FRESH_FOR, 1_001 + FRESH_FOR):
        await _get(fragments, section)

    assert asked == [1_000, 1_000 + FRESH_FOR]


async def test_what_fails_is_tried_again() -> None:
    """One that could not be drawn is not kept, and holds nobody up."""
    asked: list[int] = []

    async def look(_inside: Inside) -> dict[str, Any]:
        asked.append(1)
        if len(asked) == 1:
            raise ZeroDivisionError
        return seen.sections()["needs"]

    fragments, section = Fragments(Still()), Section(name="needs", title="x", of=(), look=look)  # type: ignore[arg-type]  # as much of it as is asked
    with pytest.raises(ZeroDivisionError):
        await _get(fragments, section)

    assert "recover_process" in await _get(fragments, section)


@pytest.mark.parametrize(
    ("fault", "words"), [(StoreError("the disk is gone"), "the disk is gone"), (ZeroDivisionError("secret"), "a fault of this program")]
)
async def test_a_part_that_is_broken_takes_no_other_along(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, spoken: Spoken, fault: Exception, words: str
) -> None:
    """In its place stands why; the pause is there, and what was no failing of the world is in the log."""

    async def look(_inside: Inside) -> dict[str, Any]:
        raise fault

    broken = [msgspec.structs.replace(one, look=look) if one.name == "matrix" else one for one in SECTIONS]
    monkeypatch.setattr("watchdog.web.page.fragments.SECTIONS", broken)
    parts = await Fragments(spoken).all(versions={}, may_change=True, token="t")

    assert words in parts["matrix"]
    assert Page(parts["matrix"]).all("section", id="matrix")
    assert "/say/pause" in parts["standing"]
    assert bool(caplog.records) is isinstance(fault, ZeroDivisionError)


async def test_a_thousand_processes_weigh_no_more_than_three() -> None:
    """With 25,000 jobs in flight the one screen and all that it loads stay below 200 kB, and every section has something in it."""
    inside = Large(*large())
    parts = await Fragments(inside).all(versions={}, may_change=True, token="t" * 64)
    frame = len(seen.page("all.html", given={"sections": (), "parts": {}, "title": ""}).encode())
    weight = frame + sum(len(one.encode()) for one in parts.values()) + sum(len(one.body) for one in assets().values())

    assert set(parts) == {section.name for section in SECTIONS}
    assert "1,000 processes" in parts["processes"]
    assert Page(parts["processes"]).all("tr")[20:]
    assert weight <= WEIGHT
