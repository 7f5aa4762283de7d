"""The users that packaging/redis.acl gives Redis, by name: the words that make their rights."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.service.conftest import RedisServer

FILE: Final = Path(__file__).parents[2] / "packaging" / "redis.acl"
USERS: Final[dict[str, str]] = dict(re.findall(r"^user (\S+) (.*)$", FILE.read_text(), re.MULTILINE))


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[RedisServer]:
    """A Redis that has read the file; its first user is on, with the password `secret`. `folder` is empty."""
    acl = folder / "redis.acl"
    acl.write_text(FILE.read_text().replace("user watchdog-observe off", "user watchdog-observe on >secret"))
    (folder / "redis").mkdir()
    one = RedisServer(folder / "redis", "--include", str(acl))
    await one.start()
    try:
        yield one
    finally:
        await one.close()


async def observer(server: RedisServer) -> str:
    """Have that server know the user who may only observe; the URL with which to come as this user."""
    return await _known(server, "watchdog-observe")


async def actor(server: RedisServer) -> str:
    """The same of the user who may put jobs back."""
    return await _known(server, "watchdog-act")


async def _known(server: RedisServer, user: str) -> str:
    await server.client().execute_command("ACL", "SETUSER", user, *USERS[user].split()[1:], "on", ">secret")
    return f"redis://{user}:secret@127.0.0.1:{server.port}/0"
