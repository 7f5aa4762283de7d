"""
The address of Redis as the settings give it: checked before anything connects, shown without its password.

Accepts what redis-py's `from_url` accepts (its docstring is the source): redis://, rediss:// and unix://.
"""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

_OPTIONS: Final = frozenset(
    {"db", "username", "password", "ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}
)
_HINT: Final = "redis://HOST:6379/0, rediss://HOST:6379/0 or unix:///PATH/redis.sock?db=0"
_MASTER_HINT: Final = "user, password and database alone: redis://USER:PASSWORD@/0, or rediss://…"
_NOBODY: Final = re.compile(r"^(rediss?://(?:[^/?#@]*@)?)")
_ESCAPE_HINT: Final = "write the special characters of a password as %XX: '/' is %2F, '#' is %23, '@' is %40"


def wrong_with_redis_url(url: str) -> tuple[str, str]:
    """What is wrong with the address as the end of a sentence, and a hint; both empty if nothing is. Never quotes it."""
    if any(char.isspace() or not char.isprintable() for char in url):
        return "has blanks in it", _HINT
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "has a host or port that can't be read", _ESCAPE_HINT
    if parts.scheme not in ("redis", "rediss", "unix"):
        return "must begin with redis://, rediss:// or unix://", _HINT
    if parts.fragment:
        return "has a '#' in it", _ESCAPE_HINT
    unknown = sorted(name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if name not in _OPTIONS)
    if unknown:
        return "has an option that is not known", "one of: " + ", ".join(sorted(_OPTIONS))
    return _wrong_socket(parts) if parts.scheme == "unix" else _wrong_host(parts, port)


def wrong_with_master_url(url: str, master: str) -> tuple[str, str]:
    """The same for the address of a server that Sentinel knows: it names nobody, or the master by its name, as Ruby's clients have it."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return wrong_with_redis_url(url)
    if url.startswith("unix:"):
        return "names a socket, where Sentinel is asked for the server", _MASTER_HINT
    if host is None:
        # Whole but for the host, which Sentinel will name.
        return wrong_with_redis_url(_NOBODY.sub(r"\1master", url, count=1))
    if host != master.lower():
        return "names a host, where Sentinel is asked for it", _MASTER_HINT
    return wrong_with_redis_url(url)


def wrong_with_sentinel(text: str) -> str:
    """What is wrong with `HOST[:PORT]` as the end of a sentence; empty if nothing is."""
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError:
        return "has a host or port that can't be read"
    strange = any(char.isspace() or not char.isprintable() for char in text)
    if strange or not parts.hostname or port == 0 or parts.netloc != text or "@" in text:
        return "is not a host with a port"
    return ""


def without_password(url: str) -> str:
    """The address fit to be shown: scheme, host or socket, database."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "?"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    databases = [value for name, value in parse_qsl(parts.query) if name == "db" and value.isdecimal()]
    database = f"?db={databases[-1]}" if databases else ""
    return f"{parts.scheme}://{host}{port}{parts.path}{database}"


def has_password(url: str) -> bool:
    """Whether the address holds a password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.password) or any(name == "password" for name, _ in parse_qsl(parts.query))


def _wrong_host(parts: SplitResult, port: int | None) -> tuple[str, str]:
    if not parts.hostname:
        return "has no host", _HINT
    if port == 0:
        return "has port 0", _HINT
    database = parts.path.removeprefix("/")
    if database and not (database.isascii() and database.isdecimal()):
        return "must end with the number of the database", _HINT
    return "", ""


def _wrong_socket(parts: SplitResult) -> tuple[str, str]:
    if len(parts.path) > 1 and not parts.netloc.rpartition("@")[2]:
        return "", ""
    return "must give the whole path of the socket", "unix:///run/redis/redis.sock: three slashes"
