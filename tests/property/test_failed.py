"""Whatever stands in the retry set, in arguments or in errors: a value or nothing, never an exception, and nothing private."""

import json

from hypothesis import given
from hypothesis import strategies as st

from watchdog.sidekiq.causes import Cause, classify
from watchdog.sidekiq.failed import Failed, FailedReader
from watchdog.sidekiq.hosts import domain, host_of_args, host_of_url, last_host
from watchdog.sidekiq.inbound import sender
from watchdog.sidekiq.retry_book import Book

SCALARS = st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=10
)
URLS = st.builds(
    "{}://{}{}".format, st.sampled_from(["https", "HTTP", "ftp", ""]), st.text(max_size=30), st.sampled_from(["", "/inbox", ":443/"])
)
FIELDS = {
    "class": st.sampled_from(["ActivityPub::DeliveryWorker", "ThreadResolveWorker", "A", "", "\n"]) | VALUES,
    "queue": st.sampled_from(["push", "pull"]) | VALUES,
    "args": st.lists(URLS | VALUES, max_size=4) | VALUES,
    "error_class": st.sampled_from(["Mastodon::UnexpectedResponseError", "HTTP::TimeoutError"]) | VALUES,
    "error_message": st.text(max_size=40) | URLS.map("{} returned code 503".format) | VALUES,
    "failed_at": VALUES,
    "retried_at": VALUES,
    "wrapped": VALUES,
}
MEMBERS = st.fixed_dictionaries({}, optional=FIELDS).map(lambda job: json.dumps(job, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@given(st.lists(MEMBERS | st.binary(max_size=60), max_size=8))
def test_entries(members):
    """Each gives one answer, and all that are not broken can be counted and taken off again."""
    found = FailedReader().read(members)
    book = Book()
    broken = book.add(found)

    assert len(found) == len(members)
    assert book.total == len(members) - broken == sum(waiting.size for waiting in book.groups.values())
    for entry in found:
        if isinstance(entry, Failed):
            assert entry.group.id.isprintable()
            assert entry.domain is None or (entry.domain.isascii() and entry.domain.isprintable() and len(entry.domain) <= 253)
            book.take(entry.group, entry.domain)
    assert (book.total, book.groups, book.domains, sum(book.by_part)) == (0, {}, {}, 0)


@given(st.text(max_size=80), st.text(max_size=200) | URLS)
def test_causes(error_class, message):
    """Some kind, and a status only with the kind that has one."""
    found = classify(error_class, message)

    assert isinstance(found, Cause)
    assert (found.kind == "status") is (100 <= found.status <= 599)


@given(URLS | st.text(max_size=100), VALUES)
def test_hosts(text, value):
    """An address gives a host or nothing, a host gives a domain or nothing."""
    for host in (text, host_of_url(text), last_host(text), host_of_args("ActivityPub::DeliveryWorker", value)):
        found = domain(host) if host is not None else None
        assert found is None or (found.isascii() and found.isprintable() and "/" not in found and "(" not in found)


@given(
    st.binary(max_size=80) | st.builds(lambda args: json.dumps({"class": "ActivityPub::ProcessingWorker", "args": args}).encode(), VALUES)
)
def test_senders(job):
    """A waiting job came from somebody, from nobody, or is broken."""
    sender(job)
