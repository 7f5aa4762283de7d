"""
Where Redis is: the configured URL as what a connection needs.

`redis://[user][:password]@host[:port][/db]`, `rediss://…` (TLS, with the query parameters `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`,
`ssl_cert_reqs=none|optional|required`, `ssl_check_hostname=false` of redis-py), `unix://[user:password@]/path[?db=0]`. The password never shows: not in `where`, not in a repr.
Where Sentinel says which server it is, the URL has no host: `Sentinels`.
"""

import ssl
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from watchdog.errors import WatchdogError

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379


class AddressError(WatchdogError):
    """The URL can't be understood; the text says what is wrong and repeats no secret."""


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """How to check the server and who we are; empty strings stand for the system's defaults."""

    ca_certs: str = ""
    certfile: str = ""
    keyfile: str = ""
    verify: ssl.VerifyMode = ssl.CERT_REQUIRED
    check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """A context for one connection; raises `OSError` or `ssl.SSLError` if a file can't be used."""
        context = ssl.create_default_context(cafile=self.ca_certs or None)
        context.check_hostname = self.check_hostname and self.verify == ssl.CERT_REQUIRED
        context.verify_mode = self.verify
        if self.certfile:
            context.load_cert_chain(self.certfile, self.keyfile or None)
        return context


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One Redis database. A `path` stands for a unix socket; then host and port mean nothing."""

    host: str = "localhost"
    port: int = _PORT
    path: str = ""
    db: int = 0
    user: str = ""
    password: str = ""
    tls: Tls | None = None

    @property
    def where(self) -> str:
        """For people, without user and password."""
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"<Address {self.where} db {self.db}>"


class Sentinels(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who knows where the master called `name` is, and what must be known of it beside that.

    `master` holds user, password, database and TLS; its host and port mean nothing.
    """

    name: str
    at: tuple[Address, ...]
    master: Address

    @property
    def where(self) -> str:
        """For people."""
        return f"the master {self.name} of the Sentinels {', '.join(one.where for one in self.at)}"


def sentinels(at: Sequence[str], *, master: str, url: str = "", user: str = "", password: str = "") -> Sentinels:
    """
    The Sentinels at these `HOST[:PORT]`; raises `AddressError`.

    `url` is that of the master without a host; TLS is that of the master for both. `user` and `password` are for the Sentinels themselves.
    """
    address = parse(url or "redis://")
    if address.path:
        msg = "a master that Sentinel names has no unix socket"
        raise AddressError(msg)
    return Sentinels(name=master, at=tuple(_sentinel(one, user, password, address.tls) for one in at), master=address)


def _sentinel(text: str, user: str, password: str, tls: Tls | None) -> Address:
    try:
        parts = urlsplit(f"//{text.strip()}")
        return Address(host=parts.hostname or "localhost", port=parts.port or _SENTINEL_PORT, user=user, password=password, tls=tls)
    except ValueError:
        msg = "the address of a Sentinel is HOST or HOST:PORT"
        raise AddressError(msg) from None


def parse(url: str) -> Address:
    """The address that a URL names; raises `AddressError`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORT
        options = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    except ValueError:
        msg = "the Redis URL can't be read: is there an unescaped character in the password, or a port that is not a number?"
        raise AddressError(msg) from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    match parts.scheme:
        case "unix":
            if not parts.path:
                msg = "a Redis URL for a unix socket needs a path: unix:///run/redis/redis.sock"
                raise AddressError(msg)
            return Address(path=unquote(parts.path), db=_database(options.get("db", "0")), user=user, password=password)
        case "redis" | "rediss":
            db = options.get("db") or parts.path.strip("/") or "0"
            tls = _tls(options) if parts.scheme == "rediss" else None
            return Address(host=parts.hostname or "localhost", port=port, db=_database(db), user=user, password=password, tls=tls)
        case _:
            msg = "a Redis URL begins with redis://, rediss:// or unix://"
            raise AddressError(msg)


def _database(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        msg = "the database in the Redis URL is not a number"
        raise AddressError(msg)
    return int(text)


def _tls(options: dict[str, str]) -> Tls:
    levels = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}
    level = options.get("ssl_cert_reqs", "required")
    if level not in levels:
        msg = f"ssl_cert_reqs in the Redis URL is one of {', '.join(levels)}"
        raise AddressError(msg)
    return Tls(
        ca_certs=options.get("ssl_ca_certs", ""),
        certfile=options.get("ssl_certfile", ""),
        keyfile=options.get("ssl_keyfile", ""),
        verify=levels[level],
        check_hostname=options.get("ssl_check_hostname", "true").lower() not in ("false", "no", "0"),
    )
