"""The keys by which a config says who may look at the agent, where, and who may say anything there. A part of the tables of `keys.py`."""

from typing import Final

from watchdog.model.keys import KeySpec

API: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "socket",
        "path",
        "Its file, at most 100 bytes; a relative path begins at the state folder. Give it a folder of its own if `group` is to reach it.",
        "`api.sock`",
    ),
    KeySpec("group", "name", "Whoever is in this group may look as well, and say nothing. The user of the agent must be in it.", "nobody"),
)
PAGE: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "listen",
        "address, port",
        "An address of this machine: `127.0.0.1:7655`, `[::1]:7655`. It speaks HTTP without TLS: what is to be reached from elsewhere belongs behind a reverse proxy, or an SSH tunnel.",
    ),
    KeySpec(
        "tokens",
        "names with secrets",
        "Who may say anything by the page and the API, each with a secret of at least 20 characters. Under `ask: people:` they are called `page:NAME`; where anybody is named there, only who is may say anything.",
        "nobody",
    ),
    KeySpec(
        "readers",
        "names with secrets",
        "Who only looks, with secrets as those of `tokens`: at the page, the API, the events and `/metrics`. Whatever they would say is refused. So a scraper, or a screen on a wall, has a token that does no harm in other hands.",
        "nobody",
    ),
    KeySpec("proxy", "`header`, `from`, `secret`", "A reverse proxy that has logged people in, and names them in a header.", "none"),
    KeySpec(
        "reading",
        "choice",
        "Who may look: `anyone` who reaches the address, or only who is `named` by a token (of `tokens` or `readers`) or the proxy.",
        "`anyone` on a loopback address, `named` elsewhere",
    ),
    KeySpec(
        "metrics",
        "choice",
        "The same for `/metrics`; a scraper sends a token, best one of `readers`, as `Authorization: Bearer`.",
        "as `reading`",
    ),
    KeySpec(
        "origin",
        "address",
        "Where browsers see the page, if that is not what they ask here: `https://watchdog.example.org`. Other names are refused, and so is what other pages have a browser send.",
        "that of `alerts: {page}`",
    ),
)
PROXY: Final[tuple[KeySpec, ...]] = (
    KeySpec("header", "name", "The header that names the person. The proxy must set or remove it in each request."),
    KeySpec("from", "list of addresses", "Those of the proxy: from any other the header counts nothing."),
    KeySpec(
        "secret",
        "secret",
        "What the proxy sends as `X-Watchdog-Proxy`. On a loopback address it is needed, since any user of the machine could send that header.",
        "none",
    ),
)
