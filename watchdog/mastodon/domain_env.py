"""From the environment of Mastodon to the names by which it is known (config/initializers/1_hosts.rb). Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from watchdog.rulefile.mastodon import host_in_ascii

_LOCAL: Final = "LOCAL_DOMAIN"
_WEB: Final = "WEB_DOMAIN"


class DomainEnv(msgspec.Struct, frozen=True):
    """By `domain` others know it, at `host` browsers find it; `names` are the variables that say so."""

    domain: str
    host: str
    names: tuple[str, ...]


def domain_of(env: Mapping[str, str]) -> DomainEnv | None:
    """None where nothing is said that could be a name: in production Mastodon wants one."""
    domain = host_in_ascii(env.get(_LOCAL, ""))
    if domain is None:
        return None
    # An empty value is one to Ruby, and no host to anybody.
    host = host_in_ascii(env.get(_WEB, ""))
    return DomainEnv(domain, host or domain, (_LOCAL, _WEB) if host else (_LOCAL,))
