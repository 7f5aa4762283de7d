"""
What a Redis may answer that holds anything at all: replies of every shape, with Sidekiq's own among them.

Shared by the property tests of reading and by the coverage-guided trial. A server can hold any bytes in any key of any type, refuse
any command, and be no Redis at all.
"""

import json
from typing import Any

from hypothesis import strategies as st

from watchdog.sidekiq.failures import SENTENCES, ServerError

IDENTITY = "web1:42:0123456789ab"
WRONGTYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"
SCALARS = st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=10
)
WORDS = (
    "queue", "payload", "run_at", "jid", "class", "wrapped", "retry_count", "args", "hostname", "pid", "queues", "tag", "concurrency", "started_at",
    "enqueued_at", "created_at",
)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=8)


def dumped(value: object) -> bytes:
    """JSON as lax writers make it: with NaN, and with whole numbers of any size."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


JSONS = OBJECTS.map(dumped)
NESTED = st.builds(lambda outer, inner: dumped(outer | {"payload": inner.decode("utf-8", "replace")}), OBJECTS, JSONS)
NUMBERS = st.integers(-(2**70), 2**70).map(lambda number: str(number).encode()) | st.floats().map(lambda number: repr(number).encode())
BYTES = st.binary(max_size=60) | NUMBERS | JSONS | NESTED
NAMES = st.sampled_from([b"a", b"push", IDENTITY.encode(), b"web1:42:x", b"", b"\xff", b"a\nb"]) | st.binary(max_size=20)
TIMES = st.integers(1_699_999_000, 1_700_000_000)

INFO = st.builds(
    lambda **said: dumped({"hostname": "web1", "pid": 42, **said}),
    queues=st.lists(st.sampled_from(["push", "pull"]), max_size=3),
    started_at=TIMES,
    concurrency=st.integers(0, 30),
)
ENTRY = st.builds(
    lambda jid, at: dumped({"queue": "push", "payload": dumped({"jid": jid, "class": "C", "args": ["PRIVATE"]}).decode(), "run_at": at}),
    st.sampled_from(["j1", "j2", "j3"]),
    TIMES,
)
REFUSALS = st.sampled_from(
    [WRONGTYPE, "NOPERM this user has no permissions", "LOADING Redis is loading", "ERR no such thing", ""]
) | st.text(max_size=30)
ERRORS = REFUSALS.map(ServerError)

_LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | BYTES | ERRORS
# Keys of a map as hiredis can give them: whatever can be hashed.
_KEYS = NAMES | st.integers(-9, 9) | st.none() | st.booleans()
REPLIES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=7) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)
"""Anything that can come over a connection, of either protocol."""

WORK_HASHES: st.SearchStrategy[Any] = (
    st.dictionaries(NAMES, ENTRY | BYTES, max_size=5)
    | st.lists(NAMES | BYTES, max_size=4).map(lambda part: [*part, *part])
    | st.sampled_from([{}, [], ServerError(WRONGTYPE)])
)
IDENTITY_HASHES: st.SearchStrategy[Any] = st.tuples(
    INFO | BYTES | st.none(),
    TIMES.map(lambda at: b"%d.5" % at) | BYTES | st.none(),
    st.sampled_from([b"0", b"1", b"2", None]) | BYTES,
    st.sampled_from([b"true", b"false", None]) | BYTES,
    *([NUMBERS | st.none()] * 3),
).map(list)


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What such a reply usually is, and in one case of five anything."""
    return st.integers(0, 4).flatmap(lambda chance: usual if chance else REPLIES)


PROCESS_REPLIES = st.tuples(
    mostly(IDENTITY_HASHES), mostly(st.integers(-2, 60_000)), mostly(WORK_HASHES), mostly(WORK_HASHES), mostly(st.integers(0, 1))
).map(list)
"""Answers to what is asked of one process."""

PAGES: st.SearchStrategy[Any] = st.lists(NAMES, max_size=5).map(lambda members: [b"0", members])
SERVER_INFO = st.lists(
    st.tuples(
        st.sampled_from(["redis_version", "role", "used_memory", "maxmemory", "connected_clients", "uptime_in_seconds", "aof_enabled"]),
        st.sampled_from(["1", "master", "slave", "7.0.15", "9" * 5_000, "٣", "²", "-1", "1e9"]) | st.text(max_size=10),
    ),
    max_size=8,
).map(lambda lines: "\r\n".join(f"{name}:{value}" for name, value in lines).encode("utf-8", "surrogatepass"))


def answers(command: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """What may be answered to a command of the sampler."""
    match command[0]:
        case "TIME":
            return st.just([b"1700000000", b"5"]) | st.tuples(NUMBERS, NUMBERS).map(list)
        case "GET":
            return NUMBERS | st.none() | ERRORS
        case "ZCARD" | "LLEN":
            return st.integers(0, 9) | ERRORS
        case "LINDEX":
            return ENTRY | BYTES | st.none() | ERRORS
        case "HSCAN":
            return st.lists(st.tuples(NAMES, NUMBERS | BYTES), max_size=3).map(
                lambda pairs: [b"0", [part for pair in pairs for part in pair]]
            )
        case "ZRANGE":
            return st.lists(st.tuples(NAMES, st.floats() | NUMBERS).map(list), max_size=2)
        case "SSCAN":
            return PAGES | st.just(ServerError(WRONGTYPE))
        case "INFO":
            return SERVER_INFO | ERRORS
        case _:
            return REPLIES


CODES = frozenset(SENTENCES)
"""Every code that a failure may have."""
