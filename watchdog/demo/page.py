"""The page of the demo's agent: on a free port of this machine alone, with a token that is made up for it."""

import random
import secrets
import socket
from typing import Final

import msgspec

from watchdog.errors import WatchdogError

PERSON: Final = "you"
"""As whom somebody acts who has the token; so the audit trail calls him."""
PORTS: Final = range(20_000, 32_000)
"""Below those that the kernel gives to connections by itself: of these none is taken by chance before the agent has it."""
_TRIES: Final = 100
_SECTION: Final = """\
page: {{listen: "127.0.0.1:{port}", tokens: {{{person}: "{token}"}}}}
alerts: {{page: "{url}"}}
"""


class NoPortError(WatchdogError):
    """All ports that were tried are taken."""


class Page(msgspec.Struct, frozen=True):
    """Where it is, and what has to be shown there before anything can be changed."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """What a browser is to open."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> str:
        """What the agent's config says of it."""
        return _SECTION.format(port=self.port, person=PERSON, token=self.token, url=self.url)


def new_page() -> Page:
    """On a port that nobody has in this moment. Raises `NoPortError`."""
    return Page(free_port(), secrets.token_hex(12))


def free_port() -> int:
    """One of `PORTS` at which nobody listens. Raises `NoPortError`."""
    for port in random.sample(PORTS, _TRIES):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NoPortError(f"of {_TRIES} ports from {PORTS.start} to {PORTS.stop} none is free")
