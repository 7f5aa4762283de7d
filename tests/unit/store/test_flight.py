"""Flight records: kept until the incident is over, over a crash of the agent, and gone then."""

from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.store.store import Commit, Store

ONE = Finding(
    jid="a", certainty=Certainty.PROVEN, origin=Origin.WORK_HASH, job_class="Job", queue="push", tid="t1", payload=b"\xff exact" * 1000
)
TWO = Finding(jid="b", certainty=Certainty.LIKELY, origin=Origin.LOG)


async def test_what_is_kept_is_there_after_a_restart(state, store, clock):
    """Byte for byte, also what has no payload."""
    await store.keep_flight("1.0", [ONE, TWO])
    await store.close()
    again = await Store.open(state, clock=clock)

    assert await again.flight("1.0") == [ONE, TWO]
    await again.close()


async def test_a_later_record_takes_the_place_of_the_one_before(store):
    """Of that incident alone."""
    await store.keep_flight("1.0", [ONE])
    await store.keep_flight("2.0", [ONE])
    await store.keep_flight("1.0", [TWO])

    assert (await store.flight("1.0"), await store.flight("2.0")) == ([TWO], [ONE])


async def test_it_goes_with_the_end_of_the_incident(store):
    """In the transaction that ends it, and not before."""
    await store.keep_flight("1.0", [ONE])
    await store.keep_flight("2.0", [TWO])
    await store.commit(Commit(seq=1))
    assert await store.flight("1.0") == [ONE]
    await store.commit(Commit(seq=2, landed=("1.0",)))

    assert (await store.flight("1.0"), await store.flight("2.0")) == ([], [TWO])
