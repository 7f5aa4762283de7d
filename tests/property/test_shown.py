"""Whatever Redis says of itself, and whatever stands in the hashes of metrics: readings that every store can hold, or nothing, and never an exception."""

from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.kinds import Kind
from watchdog.model.rows import ROW_TYPES
from watchdog.sidekiq.decode import Info, decode_info
from watchdog.sidekiq.fleet import served
from watchdog.sidekiq.metrics import decode_bucket
from watchdog.sidekiq.serverinfo import garbage, last_save, parse_info, readings

NAMES = st.sampled_from(
    [
        "used_memory", "used_memory_rss", "maxmemory", "maxmemory_policy", "mem_fragmentation_ratio", "instantaneous_ops_per_sec", "loading", "role",
        "master_last_io_seconds_ago", "master_link_status", "rdb_last_save_time", "slave0", "slave1", "uptime_in_seconds", "evicted_keys", "run_id",
    ]
)  # fmt: skip
NUMBERS = st.integers(-(2**80), 2**80) | st.floats()
SAID = st.lists(st.tuples(NAMES, NUMBERS.map(str) | st.text(max_size=30) | st.just("ip=1,lag=9,x=lag=2")), max_size=12)


@given(SAID)
def test_info(said):
    """Well-typed, bounded, and only slots that there are."""
    info = parse_info("\r\n".join(f"{name}:{value}" for name, value in said).encode("utf-8", "replace"))
    slots = readings(info)
    garbage(info)
    saved = last_save(info)

    assert slots.keys() <= set(ROW_TYPES[Kind.REDIS].slots)
    assert all(0 <= value < 2**63 for value in slots.values() if isinstance(value, int | float))
    assert saved is None or 0 < saved < 2**53


@given(
    st.dictionaries(
        st.binary(max_size=20) | st.sampled_from([b"A|p", b"A|f", b"A|ms", b"|p"]),
        st.binary(max_size=25) | NUMBERS.map(lambda n: str(n).encode()),
    )
)
def test_metrics(fields):
    """Counts by class, each below 2^53, and reasons without content."""
    found, wrong = decode_bucket(fields)

    assert all(0 <= value < 2**53 for counts in found.values() for value in (counts.processed, counts.failed, counts.took))
    assert len(wrong) <= 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["default", "push", "concurrency", "weights", "a\n"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, JSON, JSON)
def test_capsules(capsules, weights, labels):
    """Threads by queue are counts, whatever a process says of its parts."""
    import json

    raw = json.dumps({"hostname": "w", "pid": 1, "queues": ["push"], "capsules": capsules, "weights": weights, "labels": labels}).encode()
    info = decode_info("w:1:a", raw)

    assert isinstance(info, Info)
    assert all(type(threads) is int and threads >= 0 for threads in served(info, 5).values())
    assert all("\n" not in text for text in (*info.weights, *info.labels))
