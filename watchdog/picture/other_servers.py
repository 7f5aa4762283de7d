"""What is followed of other servers, where this one is Mastodon: how the picture of `status` tells of it."""

import msgspec


class OtherServers(msgspec.Struct, frozen=True):
    """How many are told one by one, and what of them can't be known, each as a sentence."""

    told: int = 0
    troubles: tuple[str, ...] = ()
