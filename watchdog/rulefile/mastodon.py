"""
`mastodon:` in the config → by which name others know our server, where its API answers, whom it watches by name, and where its web log is.

The counterpart of `watchdog.mastodon`, which asks and reads. Hosts are in ASCII and small letters from here on. The token is never shown: whoever has it
can ask what administrators can.
"""

import ipaddress
import re
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from watchdog.errors import Span
from watchdog.lang.text import Text
from watchdog.rulefile import nodes
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.keys import Keys, items_of, words_of
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.secrets import SecretRef, read_secret
from watchdog.rulefile.units import read_units
from watchdog.rulefile.values import wrong_with_url

SECTION: Final = "mastodon"
TOKEN: Final = "token"
WEB_UNITS: Final = ("mastodon-web*",)
"""The services whose journal is read where nothing is said: those of Mastodon's own guide are called so."""
NO_LOG: Final = "none"
MOST_WATCHED: Final = 100
"""So many hosts are asked by name at most: each costs our server two measures and somebody else's a request, again and again."""
_KEYS: Final = Keys("'mastodon'", required=("domain",), optional=("url", TOKEN, "watch", "web_log"))
_LOG_KEYS: Final = Keys("'web_log'", optional=("journal", "files"))
_HOST: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
_LONGEST_HOST: Final = 253
_TOKEN: Final = re.compile(r"[!-~]{16,512}")
"""What can stand in a header; Mastodon's own have 43 characters."""


class WebLog(msgspec.Struct, frozen=True):
    """Units (names or patterns) whose journal is read, or files; one of the two is empty, both where nothing is to be read."""

    journal: tuple[str, ...] = WEB_UNITS
    files: tuple[str, ...] = ()


class MastodonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    A server of Mastodon.

    `domain` is LOCAL_DOMAIN; `url` where its API answers, without a slash at its end; `token` is empty where there is none, and as long as it is a
    reference; `watch` are hosts.
    """

    domain: str
    url: str
    token: str = ""
    watch: tuple[str, ...] = ()
    web_log: WebLog = WebLog()

    def __repr__(self) -> str:
        return f"MastodonSettings({self.domain!r}, {self.url!r}, watch={self.watch!r}, web_log={self.web_log!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("domain", self.domain), ("url", self.url), ("watch", self.watch), ("web_log", self.web_log)]


def read_mastodon(node: Node, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> MastodonSettings | None:
    """What was written; None if the domain can't be known. A reference is added to `secrets`, the place of a token that is written out to `bare`."""
    values = _KEYS.read(node, findings) or {}
    domain = _host(values["domain"], "'domain'", findings) if "domain" in values else None
    url = _url(values["url"], findings) if "url" in values else None
    token = _token(values[TOKEN], secrets, bare, findings) if TOKEN in values else ""
    ours = {domain, urlsplit(url).hostname if url else None}
    watch = _watch(values["watch"], ours, findings) if "watch" in values else ()
    web_log = _web_log(values["web_log"], findings) if "web_log" in values else WebLog()
    if domain is None:
        return None
    return MastodonSettings(domain=domain, url=url or f"https://{domain}", token=token or "", watch=watch, web_log=web_log)


def mastodon_with(settings: MastodonSettings | None, text: Text, content: str, findings: Findings) -> MastodonSettings | None:
    """The settings with the token that `text` refers to, which is checked."""
    token = content.strip()
    if not _TOKEN.fullmatch(token):
        _no_token(text.span(0, len(text.value)), "correct it where the reference points to", findings)
    return None if settings is None else msgspec.structs.replace(settings, token=token)


def host_in_ascii(written: str) -> str | None:
    """A host as Mastodon writes it down: ASCII, small letters, no dot at its end. None for what can be the name of no server: a lone word, an address, anything with a port."""
    name = written.strip().lower().removesuffix(".")
    try:
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if len(name) > _LONGEST_HOST or not _HOST.fullmatch(name) or name.rpartition(".")[2].isdecimal():
        return None
    return name


def _host(node: Node, what: str, findings: Findings) -> str | None:
    text = words_of(node, what, findings)
    if text is None:
        return None
    host = host_in_ascii(text.value)
    if host is None:
        findings.add(
            "E520",
            node.span,
            f"{what} can't be {quoted(text.value)}: it is the name of a host, and nothing else",
            hint="for instance social.example.org",
        )
    return host


def _watch(node: Node, ours: Collection[str | None], findings: Findings) -> tuple[str, ...]:
    hosts: dict[str, None] = {}
    items = items_of(node, "'watch'", findings) or ()
    for item in items:
        host = _host(item, "an item of 'watch'", findings)
        if host is not None and host in ours:
            findings.add("E520", item.span, "'watch' names our own server", hint="name others: those whose people matter to yours")
        elif host is not None:
            hosts[host] = None
    if len(hosts) > MOST_WATCHED:
        findings.add("E520", node.span, f"'watch' names more than {MOST_WATCHED} hosts", hint="name those whose people matter to yours")
    return tuple(hosts)


def _url(node: Node, findings: Findings) -> str | None:
    text = words_of(node, "'url'", findings)
    if text is None:
        return None
    url = text.value.strip().rstrip("/")
    if wrong := wrong_with_url(url) or _wrong_with_ours(url):
        findings.add("E521", node.span, f"'url' {wrong}", hint="https://HOST, where browsers find the server")
        return None
    return url


def _wrong_with_ours(url: str) -> str:
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        return "must be a scheme, a host and perhaps a port"
    if parts.scheme != "https" and not _is_here(parts.hostname or ""):
        return "would send the token to another machine as everybody could read it"
    return ""


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(node: Node, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> str | None:
    text = words_of(node, f"'{TOKEN}'", findings)
    found = read_secret(text, (SECTION, TOKEN), findings) if text is not None else None
    if isinstance(found, SecretRef):
        secrets.append(found)
        return ""
    if found is None:
        return None
    if not _TOKEN.fullmatch(found.strip()):
        _no_token(node.span, 'best written as "${file:mastodon-token}"', findings)
        return None
    bare.append(node.span)
    return found.strip()


def _no_token(span: Span, hint: str, findings: Findings) -> None:
    findings.add("E522", span, "'token' can be no access token: 16 to 512 letters, digits and signs, without blanks", hint=hint)


def _web_log(node: Node, findings: Findings) -> WebLog:
    if isinstance(node, nodes.Scalar) and node.text.value.strip() == NO_LOG:
        return WebLog(journal=())
    values = _LOG_KEYS.read(node, findings) or {}
    if len(values) > 1:
        findings.add(
            "E523",
            node.span,
            "'web_log' names a journal and files: each request would be counted twice",
            hint="keep the one that is written",
        )
    if "files" in values:
        return WebLog(journal=(), files=_files(values["files"], findings))
    return WebLog(journal=read_units(values["journal"], findings, "'journal'")) if "journal" in values else WebLog()


def _files(node: Node, findings: Findings) -> tuple[str, ...]:
    files: dict[str, None] = {}
    for item in items_of(node, "'files'", findings) or ():
        path = words_of(item, "the path of a log file", findings)
        if path is not None and not path.value.startswith("/"):
            findings.add("E125", item.span, "the path of a log file must begin with '/'", hint="for instance /var/log/mastodon/web.log")
        elif path is not None:
            files[path.value] = None
    return tuple(files)
