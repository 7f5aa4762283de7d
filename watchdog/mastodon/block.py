"""A rule of Mastodon about a domain, and which of them holds for a host. Pure; after app/models/domain_block.rb of 4.0 and later."""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

Severity = Literal["noop", "silence", "suspend"]
SEVERITIES: Final[tuple[Severity, ...]] = ("noop", "silence", "suspend")
"""From the mildest on."""


class Block(msgspec.Struct, frozen=True):
    """One rule as Admin::DomainBlock has it, without what people wrote about it."""

    id: str
    domain: str
    severity: Severity
    reject_media: bool = False
    reject_reports: bool = False
    obfuscate: bool = False

    def is_at_least(self, severity: Severity, *, reject_media: bool = False) -> bool:
        """Whether it does to that domain what this severity does, or more; and rejects media where that is wanted, as `suspend` does in effect: nothing of it is fetched."""
        media = not reject_media or self.reject_media or self.severity == "suspend"
        return media and SEVERITIES.index(self.severity) >= SEVERITIES.index(severity)


def above(domain: str) -> Iterator[str]:
    """The domain itself and all that it lies in, the narrowest first: `a.b.c`, `b.c`, `c`."""
    parts = domain.split(".")
    return (".".join(parts[place:]) for place in range(len(parts)))


def rule_for(domain: str, blocks: Iterable[Block]) -> Block | None:
    """The one that Mastodon applies: of the domain itself, else of the narrowest that it lies in."""
    by_domain = {block.domain: block for block in blocks}
    return next((by_domain[one] for one in above(domain) if one in by_domain), None)
