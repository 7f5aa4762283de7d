"""Whatever samples of a process hold, what is made of them can be taken in."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.readings import ACCEPTED, reading
from watchdog.host.children import Child
from watchdog.host.group_memory import GroupMemory
from watchdog.host.sample import Sample
from watchdog.host.threads import Thread
from watchdog.host.usage import readings, see
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING

NUMBERS = st.integers(0, 2**63 - 1)
NAMES = st.sampled_from(["", "ruby", "foo) Z "])
THREADS = st.builds(
    Thread,
    id=st.integers(1, 9),
    born=NUMBERS,
    name=NAMES,
    kind=st.sampled_from(["main", "other"]),
    state=st.sampled_from("RSDTZ"),
    ticks=NUMBERS,
)
CHILDREN = st.builds(Child, pid=st.integers(1, 9), born=NUMBERS, name=NAMES, ran=st.tuples(st.tuples(NUMBERS, NUMBERS)))
SAMPLES = st.builds(
    Sample,
    at=st.integers(0, 2**50),
    state=st.sampled_from("RSDTZt"),
    ticks=NUMBERS,
    native_threads=NUMBERS,
    memory=st.none() | NUMBERS,
    swap=st.none() | NUMBERS,
    tracer=st.none() | NUMBERS,
    threads=st.none() | st.lists(THREADS, max_size=3).map(tuple),
    heart=st.none() | st.lists(st.tuples(NUMBERS, NUMBERS), max_size=2).map(tuple),
    children=st.none() | st.lists(CHILDREN, max_size=3).map(tuple),
    frozen=st.booleans(),
    group=st.builds(GroupMemory, st.none() | NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS),
)


@given(st.lists(SAMPLES, min_size=1, max_size=4))
def test_whatever_was_read(samples):
    """Whatever the kernel may have written, each reading is missing or of the type of its field, and fits into an event."""
    for number in range(len(samples)):
        seen = before = None
        for sample in samples[: number + 1]:
            before, seen = seen, see(seen, sample, step=5_000)
        assert seen is not None
        told = readings(before, seen, ticks_per_second=100, since_boot=100_000)

        assert set(told) <= set(ACCEPTED[Kind.PROCESS])
        for slot, value in told.items():
            assert value is None or reading(value, ACCEPTED[Kind.PROCESS][slot]) is not MISSING, slot
        assert msgspec.json.decode(msgspec.json.encode(told)) == told
