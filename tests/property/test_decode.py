"""Whatever stands in Redis, decoding gives a value or says what is broken; it never raises and never quotes."""

import msgspec
import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from watchdog.sidekiq.decode import Beat, Broken, Info, Work, decode_beat, decode_enqueued_at, decode_info, decode_work

IDENTITY = "web1:42:0123456789ab"
SCALARS = st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=10
)
KNOWN = st.sampled_from(
    [
        "queue",
        "payload",
        "run_at",
        "jid",
        "class",
        "wrapped",
        "retry_count",
        "args",
        "hostname",
        "pid",
        "queues",
        "tag",
        "concurrency",
        "started_at",
        "enqueued_at",
        "created_at",
    ]
)


def dumped(value: object) -> bytes:
    """JSON as lax writers make it: with NaN, and with whole numbers of any size."""
    import json

    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


OBJECTS = st.dictionaries(KNOWN, VALUES, max_size=8)
JSONS = OBJECTS.map(dumped)
NESTED = st.builds(lambda outer, inner: dumped(outer | {"payload": inner.decode("utf-8", "replace")}), OBJECTS, JSONS)
BYTES = st.binary(max_size=200) | JSONS | NESTED | st.none()


@given(BYTES)
def test_info(raw):
    """Info is well-typed or broken."""
    found = decode_info(IDENTITY, raw)

    assert isinstance(found, Info | Broken)
    if isinstance(found, Info):
        assert (found.host, found.pid) == ("web1", 42)


@given(st.binary(max_size=30), BYTES)
@example(b"t", b'{"payload":"{\\"jid\\":\\"a\\",\\"class\\":\\"B\\"}","queue":"q","run_at":1e308}')
def test_work(thread, raw):
    """An entry is well-typed, with a start that every store can hold, or broken."""
    found = decode_work("k", thread, raw)

    assert isinstance(found, Work | Broken)
    if isinstance(found, Work):
        assert 0 < found.run_at < 2**53
        assert msgspec.convert(msgspec.to_builtins(found), Work) == found
        assert orjson.dumps(found.run)


@given(
    *[
        st.none()
        | st.binary(max_size=30)
        | st.integers().map(lambda number: str(number).encode())
        | st.floats().map(lambda number: repr(number).encode())
    ]
    * 6
)
def test_beat(beat, busy, quiet, rss, rtt_us, concurrency):
    """A beat is well-typed, its numbers not negative, or broken."""
    found = decode_beat(IDENTITY, beat=beat, busy=busy, quiet=quiet, rss=rss, rtt_us=rtt_us, concurrency=concurrency)

    assert isinstance(found, Beat | Broken)
    if isinstance(found, Beat):
        assert all(0 <= number < 2**53 for number in (found.at, found.busy, found.rss, found.rtt, found.threads) if number is not None)


@given(BYTES)
def test_enqueued_at(raw):
    """A time that every store can hold, or broken."""
    found = decode_enqueued_at("queue:push", raw)

    assert isinstance(found, Broken) or 0 < found < 2**53


@given(st.text(alphabet="PRIVATE", min_size=6, max_size=40), BYTES)
def test_reasons_do_not_quote(secret, rest):
    """Whatever a broken entry holds, its complaint holds nothing of it."""
    raw = dumped({"queue": 1, "payload": dumped({"args": [secret], "jid": secret, "class": secret}).decode(), "run_at": 1}) + (rest or b"")
    found = decode_work("k", b"t", raw)

    assert isinstance(found, Broken)
    assert secret not in found.reason
