"""The users that packaging/redis.acl gives Redis, by name: the words that make their rights."""

import re
from pathlib import Path
from typing import Final

from tests.service.conftest import RedisServer

FILE: Final = Path(__file__).parents[2] / "packaging" / "redis.acl"
USERS: Final[dict[str, str]] = dict(re.findall(r"^user (\S+) (.*)$", FILE.read_text(), re.MULTILINE))


async def observer(server: RedisServer) -> str:
    """Have that server know the user who may only observe; the URL with which to come as this user."""
    await server.client().execute_command("ACL", "SETUSER", "watchdog-observe", *USERS["watchdog-observe"].split()[1:], "on", ">secret")
    return f"redis://watchdog-observe:secret@127.0.0.1:{server.port}/0"
