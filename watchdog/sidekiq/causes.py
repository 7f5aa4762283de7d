"""
Why a job failed, told from the class and the message of its error: one table.

The counterpart of `hosts`, which tells to whom it was going. The formats are those of Mastodon 3.5 and later (`request.rb`,
`delivery_worker.rb`, the http gem 5) and of Ruby, Rails, pg and redis as any application raises them. What comes out is a kind and a number, never a
word of the message: that may hold somebody's private post.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple


class FailureKind(StrEnum):
    """What kept a job from being done."""

    STATUS = "status"  # another server answered, with that HTTP status
    TIMEOUT = "timeout"
    DNS = "dns"
    TLS = "tls"
    REFUSED = "refused"  # nothing listens there
    UNREACHABLE = "unreachable"  # no route, or the connection was cut
    CIRCUIT_OPEN = "circuit_open"  # not tried, because too many tries before it failed
    LOCAL_DATABASE = "local_database"
    LOCAL_REDIS = "local_redis"
    LOCK = "lock"  # another job held what it needed
    STORAGE = "storage"  # where the application keeps its files
    SEARCH = "search"  # its search engine
    MAIL = "mail"  # the server that takes its mail
    CODE = "code"  # a name that is not there, or a table: the code and its database are of two versions, or it is wrong
    OTHER = "other"


class Cause(NamedTuple):
    """`status` is the HTTP status where there is one, else 0."""

    kind: FailureKind
    status: int = 0


_ANY: Final = ""
_TABLE: Final[tuple[tuple[str, str, FailureKind], ...]] = (
    (r"Stoplight::Error::RedLight", r"\Aobject-storage\b", FailureKind.STORAGE),
    (r"Stoplight::Error::RedLight|Circuitbox::\w+|Semian::OpenCircuitError", _ANY, FailureKind.CIRCUIT_OPEN),
    (r"(Aws|Seahorse|Azure|Fog)::.*", _ANY, FailureKind.STORAGE),
    (r"(Elastic|Elasticsearch|OpenSearch|Chewy)::.*", _ANY, FailureKind.SEARCH),
    (r"Net::SMTP\w+", _ANY, FailureKind.MAIL),
    # What Ruby or PostgreSQL does not find by its name: the database works, and so does the network.
    (r"NameError|NoMethodError|LoadError|Zeitwerk::\w+|PG::Undefined\w+|ActiveModel::(UnknownAttribute|MissingAttribute)Error", _ANY, FailureKind.CODE),
    (r"ActiveRecord::(StatementInvalid|UnknownAttributeError|\w*Migration\w*)", r"PG::Undefined|unknown attribute|[Mm]igrations? (is|are) pending", FailureKind.CODE),
    # What is not there any more, or may not be written, was found out by a database that works.
    (r"ActiveRecord::Record\w+", _ANY, FailureKind.OTHER),
    # The application's own stores come before the network: what times out towards the database says nothing about another server.
    (r"(ActiveRecord|PG|Mysql2|SQLite3|Sequel|Trilogy)\b.*", _ANY, FailureKind.LOCAL_DATABASE),
    (r"Mastodon::RaceConditionError|RedisMutex::LockError|Redlock::LockError|With(Advisory)?Lock::\w+", _ANY, FailureKind.LOCK),
    (r"(Redis|RedisClient)\b.*", _ANY, FailureKind.LOCAL_REDIS),
    # A pool of this process was empty; of what, the error does not say.
    (r"ConnectionPool::TimeoutError", _ANY, FailureKind.OTHER),
    (r"SocketError|Socket::ResolutionError|Resolv::\w+|.*NameResolutionError|.*Host(Not)?Resol\w*Error", _ANY, FailureKind.DNS),
    (_ANY, r"getaddrinfo|No address for |[Nn]ame or service not known|nodename nor servname|[Nn]ame resolution", FailureKind.DNS),
    (r"OpenSSL::.*|.*\bSSLError", _ANY, FailureKind.TLS),
    (_ANY, r"SSL_connect|certificate verify failed", FailureKind.TLS),
    (r".*Time(d)?out(Error)?|.*TimeoutError|Timeout::.*|Errno::ETIMEDOUT|Net::(Open|Read|Write)Timeout", _ANY, FailureKind.TIMEOUT),
    (_ANY, r"timed out (after|on)|execution expired|Connection timed out", FailureKind.TIMEOUT),
    (r"Errno::ECONNREFUSED", _ANY, FailureKind.REFUSED),
    (_ANY, r"[Cc]onnection refused", FailureKind.REFUSED),
    (r"Errno::E(HOSTUNREACH|NETUNREACH|HOSTDOWN|NETDOWN|CONNRESET|CONNABORTED|PIPE|ADDRNOTAVAIL)|EOFError", _ANY, FailureKind.UNREACHABLE),
    (r"HTTP::(ConnectionError|ResponseHeaderError)|Faraday::ConnectionFailed|Excon::Error::Socket", _ANY, FailureKind.UNREACHABLE),
    (_ANY, r"No route to host|[Nn]etwork is unreachable|[Cc]onnection reset|couldn't read response headers", FailureKind.UNREACHABLE),
)  # fmt: skip
"""Error class (whole), what stands in the message, kind; the first line that fits counts. Empty: whatever it is."""

_STATUS: Final = re.compile(
    r"returned code ([1-5]\d\d)\b"  # Mastodon::UnexpectedResponseError, and whoever writes as it does
    r"|\bstatus(?: code)?:? ([1-5]\d\d)\b"  # Faraday, RestClient
    r"|\A([1-5]\d\d) (?=[\"A-Z])"  # Net::HTTP and OpenURI: `404 "Not Found"`
)
_COMPILED: Final = tuple((re.compile(name), re.compile(words), kind) for name, words, kind in _TABLE)
_LOOKED_AT: Final = 2_000
_LONGEST_CLASS: Final = 200


def classify(error_class: str, message: str) -> Cause:
    """The cause of a failure; `other` for whatever the table does not know."""
    name = error_class[:_LONGEST_CLASS]
    words = message if len(message) <= _LOOKED_AT else message[: _LOOKED_AT // 2] + message[-_LOOKED_AT // 2 :]
    for by_name, by_words, kind in _COMPILED:
        if by_name.pattern and not by_name.fullmatch(name):
            continue
        if not by_words.pattern or by_words.search(words):
            return Cause(kind)
    return _status(words) or Cause(FailureKind.OTHER)


def _status(words: str) -> Cause | None:
    found = _STATUS.search(words)
    return Cause(FailureKind.STATUS, int(next(filter(None, found.groups())))) if found else None
