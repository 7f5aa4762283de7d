"""
`page:` in the config → where the agent is seen by a browser and by programs, who may say anything there, and who may look.

Without it nothing listens on TCP. Secrets are never shown; a reference to one is fetched by `config`.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from watchdog.errors import Span
from watchdog.lang.text import Text
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, choice_of, items_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.proxied import HEADER_NAME, ProxySettings, wrong_with_secret
from watchdog.rulefile.secrets import SecretRef
from watchdog.rulefile.tokens import READERS, TOKENS, check_own, read_token, read_tokens
from watchdog.rulefile.values import wrong_with_url

SECTION: Final = "page"
PROXY: Final = "proxy"
SECRET: Final = "secret"
PORT: Final = 7655
"""Where nothing else is said."""
ANYONE: Final = "anyone"
NAMED: Final = "named"
READING: Final = (ANYONE, NAMED)
"""Who may look: whoever reaches the port, or only who says by a token or through the proxy who it is."""
_KEYS: Final = Keys("'page'", required=("listen",), optional=(TOKENS, READERS, PROXY, "reading", "metrics", "origin"))
_PROXY_KEYS: Final = Keys("'proxy'", required=("header", "from"), optional=(SECRET,))
_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}
_EXAMPLE: Final = "for instance listen: 127.0.0.1:7655"


class PageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    Listens on `address` and `port`. `tokens` is the secret of each person by name, `readers` that of each who only looks; `reading` and `metrics` say who else may look, `origin` under which address
    browsers see the page, empty where it is only this one.
    """

    address: str
    port: int = PORT
    tokens: dict[str, str] = {}
    readers: dict[str, str] = {}
    proxy: ProxySettings | None = None
    reading: str = ANYONE
    metrics: str = ANYONE
    origin: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return ip_address(self.address).is_loopback

    @property
    def where(self) -> str:
        """As it is written."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def named(self) -> dict[str, str]:
        """Everybody who comes by a secret, whether they may say anything or only look: name → secret."""
        return {**self.readers, **self.tokens}

    def __repr__(self) -> str:
        return f"PageSettings({self.where!r}, tokens of {sorted(self.tokens)}, readers {sorted(self.readers)}, proxy={self.proxy!r}, reading={self.reading!r}, metrics={self.metrics!r}, origin={self.origin!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            ("listen", self.where),
            (TOKENS, sorted(self.tokens)),
            (READERS, sorted(self.readers)),
            (PROXY, self.proxy),
            ("reading", self.reading),
            ("metrics", self.metrics),
        ]


def read_page(node: Node, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> PageSettings | None:
    """What was written; None if it is not said where to listen. References are added to `secrets`, the places of secrets that are written out to `bare`."""
    values = _KEYS.read(node, findings) or {}
    listen = _listen(values["listen"], findings) if "listen" in values else None
    tokens = read_tokens(values[TOKENS], (SECTION, TOKENS), {}, secrets, bare, findings) if TOKENS in values else {}
    readers = read_tokens(values[READERS], (SECTION, READERS), tokens, secrets, bare, findings) if READERS in values else {}
    proxy = _proxy(values[PROXY], (*tokens.values(), *readers.values()), secrets, bare, findings) if PROXY in values else None
    origin = _origin(values["origin"], findings) if "origin" in values else ""
    if listen is None:
        return None
    usual = ANYONE if ip_address(listen[0]).is_loopback else NAMED
    reading = _reading(values, "reading", usual, listen[0], findings)
    metrics = _reading(values, "metrics", reading, listen[0], findings)
    if reading == NAMED and not tokens and not readers and proxy is None:
        findings.add(
            "E533", values.get("reading", node).span, "nobody could look at it: only who is named may, and nobody is",
            hint='name people under \'tokens\', for instance tokens: {ada: "${file:ada-token}"}',
        )  # fmt: skip
    return PageSettings(
        address=listen[0], port=listen[1], tokens=tokens, readers=readers, proxy=proxy, reading=reading, metrics=metrics, origin=origin
    )


def page_with(settings: PageSettings | None, where: tuple[str, ...], text: Text, content: str, findings: Findings) -> PageSettings | None:
    """The settings with the secret that belongs to `where` (`tokens` or `readers` and a name, or `proxy`, `secret`), which is checked."""
    span = text.span(0, len(text.value))
    if wrong := wrong_with_secret(content):
        findings.add("E533", span, f"the secret {wrong}", hint="correct it where the reference points to; `openssl rand -hex 24` makes one")
    if settings is None:
        return None
    match where:
        case (section, name) if section in (TOKENS, READERS):
            check_own(content, _others(settings, where), f"the token of {quoted(name)}", span, findings)
            of: dict[str, str] = {**getattr(settings, section), name: content}
            return msgspec.structs.replace(settings, **{section: of})
        case (section, key) if (section, key) == (PROXY, SECRET) and settings.proxy is not None:
            check_own(content, _others(settings, where), "the secret of the proxy", span, findings)
            return msgspec.structs.replace(settings, proxy=msgspec.structs.replace(settings.proxy, secret=content))
        case _:
            return settings


def _others(settings: PageSettings, where: tuple[str, ...]) -> set[str]:
    """Every secret but that which belongs to `where`."""
    found = {(section, name): secret for section in (TOKENS, READERS) for name, secret in getattr(settings, section).items()}
    if settings.proxy is not None:
        found[PROXY, SECRET] = settings.proxy.secret
    return {secret for place, secret in found.items() if place != where}


def page_seen_at(settings: PageSettings | None, url: str) -> PageSettings | None:
    """The settings with the origin of that address, which messages name the page by, where nothing else was said."""
    return settings if settings is None or settings.origin or not url else msgspec.structs.replace(settings, origin=origin_of(url))


def origin_of(url: str) -> str:
    """What a browser sends as `Origin` from a page at that address: `https://watchdog.example.org`, without a port that goes without saying; empty of an empty one."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].removesuffix(_USUAL_PORTS.get(parts.scheme.lower(), ""))
    return f"{parts.scheme}://{host}".lower() if host else ""


def _listen(node: Node, findings: Findings) -> tuple[str, int] | None:
    text = words_of(node, "'listen'", findings)
    if text is None:
        return None
    written = text.value.strip()
    host, port = _parts(written)
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        findings.add(
            "E532", node.span, f"'listen' can't be {quoted(written)}: an address of this machine, and a port if you like", hint=_EXAMPLE
        )
        return None
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65_535:
        findings.add("E532", node.span, f"{quoted(port)} is no port", hint=_EXAMPLE)
        return None
    return str(address), int(port)


def _parts(written: str) -> tuple[str, str]:
    """Host and port of `127.0.0.1:7655`, `[::1]:7655`, `::1`."""
    if written.startswith("["):
        host, _, port = written[1:].partition("]")
        return host, port.removeprefix(":") if port else str(PORT)
    if written.count(":") == 1:
        host, _, port = written.partition(":")
        return host, port
    return written, str(PORT)


def _proxy(node: Node, others: Collection[str], secrets: list[SecretRef], bare: list[Span], findings: Findings) -> ProxySettings | None:
    values = _PROXY_KEYS.read(node, findings) or {}
    header = words_of(values["header"], "'header'", findings) if "header" in values else None
    addresses = [_address(item, findings) for item in items_of(values["from"], "'from'", findings) or ()] if "from" in values else []
    secret = read_token(values[SECRET], (SECTION, PROXY, SECRET), "'secret'", secrets, bare, findings) if SECRET in values else None
    if secret:
        check_own(secret, others, "the secret of the proxy", values[SECRET].span, findings)
    if header is not None and not HEADER_NAME.fullmatch(header.value):
        findings.add("E533", values["header"].span, "'header' is no name of a header", hint="for instance header: X-Remote-User")
    if "from" in values and not addresses:
        findings.add(
            "E533",
            values["from"].span,
            "'from' names no address: the header would count from nobody",
            hint="for instance from: [192.0.2.7]",
        )
    known = tuple(address for address in addresses if address)
    if SECRET not in values and any(ip_address(address).is_loopback for address in known):
        findings.add(
            "E533", values["from"].span, "any user of this machine could send that header: a proxy on it must show a secret as well",
            hint='secret: "${file:proxy-secret}", which the proxy sends as X-Watchdog-Proxy',
        )  # fmt: skip
    return None if header is None or not known else ProxySettings(header.value.lower(), known, secret or "")


def _address(node: Node, findings: Findings) -> str:
    text = words_of(node, "an address under 'from'", findings)
    if text is None:
        return ""
    try:
        return str(ip_address(text.value.strip()))
    except ValueError:
        findings.add(
            "E533", node.span, f"{quoted(text.value)} is no address", hint="the address that the proxy comes from, for instance 192.0.2.7"
        )
        return ""


def _reading(values: dict[str, Node], key: str, usual: str, address: str, findings: Findings) -> str:
    if key not in values:
        return usual
    chosen = choice_of(values[key], f"'{key}'", READING, findings) or usual
    if chosen == ANYONE and not ip_address(address).is_loopback:
        findings.add(
            "W625", values[key].span, f"whoever reaches {address} may look: at the names of hosts, queues and classes of jobs, and at what waits",
            hint=f"{key}: named",
        )  # fmt: skip
    return chosen


def _origin(node: Node, findings: Findings) -> str:
    text = words_of(node, "'origin'", findings)
    if text is None:
        return ""
    wrong = wrong_with_url(text.value)
    parts = urlsplit(text.value) if not wrong else None
    if wrong or parts is None or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        findings.add(
            "E532", node.span, f"'origin' {wrong or 'has more than a host and a port'}", hint="origin: https://watchdog.example.org"
        )
        return ""
    return origin_of(text.value)
