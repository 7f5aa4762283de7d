"""The keys by which a config says that the application is Mastodon. A part of the tables of `keys.py`."""

from typing import Final

from watchdog.model.keys import KeySpec

MASTODON: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "domain",
        "host",
        "The name by which other servers know this one: `LOCAL_DOMAIN`. Letters outside of ASCII are written as they are, or as `xn--…`.",
    ),
    KeySpec(
        "url",
        "address",
        "Where browsers find it, where that is another name (`WEB_DOMAIN`): its API is asked there. `https://`, or `http://` on a loopback address.",
        "`https://` and the domain",
    ),
    KeySpec(
        "token",
        "secret",
        "An access token of an administrator for the API, best as `${file:PATH}`. `admin:read` is enough to count who follows whom (permission to view the dashboard); `admin:write:domain_blocks` and `admin:read:domain_blocks` are needed only where a rule limits a domain (permission to manage federation).",
        "nothing is asked there",
    ),
    KeySpec(
        "watch",
        "list of hosts",
        "Other servers that are looked at by name, as it stands behind the @ of their people, at most 100: how many there are followed from here and the other way round is asked of our server every few hours, and what they publish of whom they block is asked of themselves once a day. Their people can see in their logs that they are asked.",
        "none",
    ),
    KeySpec(
        "web_log",
        "`journal` or `files`, or `none`",
        "Where Mastodon's web processes write their log: who has delivered to us is read there, and nothing else.",
        "the journal of `mastodon-web*`",
    ),
)
WEB_LOG: Final[tuple[KeySpec, ...]] = (
    KeySpec("journal", "list of names", "Units of systemd, as names or with `*`, whose journal has it."),
    KeySpec("files", "list of paths", "Files that it is written into instead. Only absolute paths."),
)
