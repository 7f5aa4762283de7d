"""To how many domains deliveries fail, whatever is seen in which order, beside a list of all failures that is gone through each time."""

from hypothesis import given
from hypothesis import strategies as st

from watchdog.sidekiq.breadth import NEW, RECENT, Breadth
from watchdog.sidekiq.failed import Failed, Group

NOW = 1_790_000_000.0
DOMAINS = st.sampled_from(["a.example", "b.example", "c.example"])
KINDS = st.sampled_from(["timeout", "tls", "refused", "other"])
AGES = st.integers(0, int(NEW) - 1)
FAILURES = st.lists(st.tuples(DOMAINS, KINDS, AGES, st.integers(0, 200_000)), max_size=30)


def failed(domain: str, kind: str, ago: int, longer: int) -> Failed:
    """A delivery that failed last so long ago, and first so much longer."""
    return Failed(Group("push", "ActivityPub::DeliveryWorker", kind), domain, NOW - ago, NOW - ago - longer)


@given(failures=FAILURES, cuts=st.sets(st.integers(0, 30)))
def test_each_domain_counts_by_its_last_failure(failures, cuts):
    """However the entries come in pieces, and however often they are counted meanwhile."""
    seen = Breadth()
    entries = [failed(*one) for one in failures]
    for number, entry in enumerate(entries):
        seen.saw([entry])
        if number in cuts:
            seen.readings(NOW)
    found = seen.readings(NOW + 60)

    last = {name: max(entry.failed_at for entry in entries if entry.domain == name) for name in {entry.domain for entry in entries}}
    first = {name: min(entry.first_failed_at for entry in entries if entry.domain == name) for name in last}
    recent = {name for name, at in last.items() if at >= NOW + 60 - RECENT}
    assert found["failing_domains"] == len(recent)
    assert found["newly_failing_domains"] == len({name for name in recent if first[name] >= NOW + 60 - NEW})
    assert found["newly_unreachable_domains"] <= min(found["unreachable_domains"], found["newly_failing_domains"])
    ways = {name: [entry.group.kind for entry in entries if entry.domain == name and entry.failed_at == last[name]][-1] for name in recent}
    assert found["tls_domains"] == sum(kind == "tls" for kind in ways.values())
    assert found["unreachable_domains"] == sum(kind in {"timeout", "refused"} for kind in ways.values())


@given(failures=FAILURES)
def test_a_census_taken_twice_changes_nothing(failures):
    """What is seen again is no new failure."""
    once, twice = Breadth(), Breadth()
    entries = [failed(*one) for one in failures]
    once.saw(entries)
    twice.saw(entries)
    twice.readings(NOW)
    twice.saw(entries)

    assert twice.readings(NOW + 60) == once.readings(NOW + 60)
