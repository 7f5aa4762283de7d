"""
All processes of a host turn sick at once, or the host stands still: one message that names the cause, and nobody is sent a signal. What is really stuck is ended afterwards.

All stories are told at the same time, each with servers of its own, and the tests ask how they ended.
"""

import asyncio
from pathlib import Path

import pytest

from tests.service.storm_stories import STORIES, Story
from tests.service.storms import Storm

pytestmark = [pytest.mark.needs("redis-server", "sidekiq"), pytest.mark.timeout(400)]
NEEDS = {"postgres_is_gone": ("asyncpg", "postgres"), "postgres_has_no_room": ("asyncpg", "postgres"), "a_migration": ("ruby", "setuid")}


@pytest.fixture(scope="module")
def ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    """Name of each story that is asked for → what went wrong in it."""
    wanted = [
        name
        for name in STORIES
        if any(item.name == f"test_a_storm[{name}]" and item.get_closest_marker("skip") is None for item in request.session.items)
    ]
    folder = tmp_path_factory.mktemp("storms")

    async def tell(number: int, story: Story) -> None:
        # The path of a unix socket has no room for the name.
        async with Storm(Path(folder / str(number))) as storm:
            await story(storm)

    async def tell_all() -> list[BaseException | None]:
        return await asyncio.gather(*(tell(number, STORIES[name]) for number, name in enumerate(wanted)), return_exceptions=True)

    return dict(zip(wanted, asyncio.run(tell_all()), strict=True))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.needs(*NEEDS.get(name, ()))) for name in STORIES])
def test_a_storm(ends, name):
    """What each story says; see there."""
    if (error := ends[name]) is not None:
        raise error
