"""The page of the demo's agent: on a free port of this machine alone, with a token that is made up for it."""

import secrets
import socket
from typing import Final

import msgspec

PERSON: Final = "you"
"""As whom somebody acts who has the token; so the audit trail calls him."""
_SECTION: Final = """\
page: {{listen: "127.0.0.1:{port}", tokens: {{{person}: "{token}"}}}}
alerts: {{page: "{url}"}}
"""


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
    """On a port that nobody has in this moment. Who takes it in between is told by the agent, which tries again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Page(probe.getsockname()[1], secrets.token_hex(12))
