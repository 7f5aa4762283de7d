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
MESSAGES = st.builds(
    lambda words, host: words.replace("HOST", host),
    st.sampled_from(
        (
            "https://HOST/inbox returned code 503", "HTTPS://HOST returned code 410", "https://HOST:99/a?b", "Connect timed out on https://HOST/a",
            "failed to connect: No address for HOST on https://HOST/inbox", "x (https://HOST/) y", "ftp://HOST/a", "a://HOST", "://HOST/ b", "HOST",
        )
    ),
    st.sampled_from(("a.example", "b.a.example", "getaddrinfo.example", "503", "10.0.0.1", "[::1]", "-", "", "x y")),
)  # fmt: skip


def entry(job: object) -> bytes:
    """A member of the set that says this."""
    return json.dumps(job, ensure_ascii=False).encode("utf-8", "surrogatepass")


MEMBERS = st.fixed_dictionaries({}, optional=FIELDS).map(entry)


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


@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional=FIELDS | {"class": st.just("ThreadResolveWorker"), "queue": st.just("pull"), "error_message": MESSAGES}
        ).map(entry),
        max_size=20,
    )
)
def test_what_is_remembered(members):
    """Of errors and hosts that were seen before, nothing else is said than at first sight."""
    assert FailedReader().read(members) == [FailedReader().read([member])[0] for member in members]


@given(MESSAGES, st.sampled_from(["HTTP::ConnectionError", "JSON::ParserError"]))
def test_a_host_that_an_error_names(message, error_class):
    """The last address in it; where an argument says it, too, whoever the cause allows to."""
    read = FailedReader().read(
        [entry({"class": "ThreadResolveWorker", "queue": "pull", "error_class": error_class, "error_message": message})]
    )
    host = last_host(message.partition(" y")[0])

    assert read[0] is not None
    assert read[0].domain == (domain(host) if host else None)


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
