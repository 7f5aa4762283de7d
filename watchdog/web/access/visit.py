"""A request as far as it matters for who may do what: nothing of HTTP's library, so that every rule can be tested with a few words."""

from collections.abc import Mapping
from ipaddress import ip_address

import msgspec

SAFE = frozenset({"GET", "HEAD"})
"""Methods that change nothing."""


class Peer(msgspec.Struct, frozen=True):
    """Who is at the other end: on the unix socket the kernel says which user that is (`uid`, None on TCP), on TCP its `address`."""

    uid: int | None = None
    address: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it came by the unix socket."""
        return self.uid is not None

    @property
    def key(self) -> str:
        """By which what it asks for is counted; a household has a whole network of IPv6."""
        if self.uid is not None:
            return f"uid {self.uid}"
        address = ip_address(self.address.partition("%")[0])
        return self.address if address.version == 4 else address.exploded[:19]


NOBODY = Peer(address="::")
"""Who has gone before it was known who that was."""


class Visit(msgspec.Struct, frozen=True):
    """`headers` by names in small letters, the first of each; `path` without the query; `token` is what the form or the header says to prove that it is ours."""

    peer: Peer
    method: str
    path: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str] = {}

    @property
    def is_safe(self) -> bool:
        """Whether it changes nothing."""
        return self.method in SAFE
