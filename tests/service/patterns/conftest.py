"""A Mastodon server for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.service.conftest import RedisServer
from tests.service.patterns.neighbours import Neighbours
from tests.service.patterns.server import MastodonServer


@pytest.fixture
async def mastodon(redis_server: RedisServer, tmp_path: Path) -> AsyncIterator[MastodonServer]:
    """A server (see `MastodonServer`). Mark the test with `needs("redis-server", "sidekiq")`."""
    folder = tmp_path / "mastodon"
    folder.mkdir()
    async with Neighbours() as neighbours:
        server = MastodonServer(folder, redis_server, neighbours)
        yield server
        await server.close()
