"""One entry of the retry set, as the versions write it and as nobody should."""

import orjson
import pytest

from watchdog.sidekiq.failed import Failed, FailedReader, Group

ENTRY = {
    "class": "ActivityPub::DeliveryWorker",
    "queue": "push",
    "args": ['{"content": "PRIVATE https://not-this.example/"}', 1, "https://mail.example.social/inbox", {}],
    "error_class": "Mastodon::UnexpectedResponseError",
    "error_message": "https://mail.example.social/inbox returned code 503",
    "failed_at": 1_795_000_000.5,
    "retry_count": 0,
}
GROUP = Group("push", "ActivityPub::DeliveryWorker", "status", 503)


def read(**changed: object) -> Failed | None:
    """The entry with these changes; None takes a field away."""
    return FailedReader().read([orjson.dumps({key: value for key, value in (ENTRY | changed).items() if value is not None})])[0]


def test_a_first_failure():
    """Its group, the registrable domain of the inbox, and when it failed."""
    assert read() == Failed(GROUP, "example.social", 1_795_000_000.5, 1_795_000_000.5)


def test_a_later_failure_of_sidekiq_8():
    """Times in whole milliseconds; both failures are told."""
    assert read(failed_at=1_795_000_000_500, retried_at=1_795_000_900_000) == Failed(
        GROUP, "example.social", 1_795_000_900.0, 1_795_000_000.5
    )


def test_a_job_of_active_job():
    """The wrapped class is meant."""
    found = read(
        **{
            "class": "Sidekiq::ActiveJob::Wrapper",
            "wrapped": "ActionMailer::MailDeliveryJob",
            "error_class": "Net::OpenTimeout",
            "error_message": "x",
        }
    )
    assert found.group == Group("push", "ActionMailer::MailDeliveryJob", "timeout")
    assert found.domain is None


@pytest.mark.parametrize("args", [[], ["{}", 1], ["{}", 1, 7], ["{}", 1, "mailto:x"], ["{}", 1, None], None])
def test_without_an_address_in_the_arguments_the_error_names_the_host(args):
    """The last address of its message."""
    assert read(args=args, error_message="x on https://other.example:99/a").domain == "other.example"


@pytest.mark.parametrize(
    ("error_class", "message", "remote"),
    [
        ("Mastodon::UnexpectedResponseError", "https://other.example/inbox returned code 503", "other.example"),
        ("HTTP::TimeoutError", "Connect timed out after 5 seconds on https://other.example/inbox", "other.example"),
        ("JSON::ParserError", "unexpected token at 'https://other.example/'", "example.social"),
        ("PG::UniqueViolation", "Key (uri)=(https://other.example/) already exists", "example.social"),
        ("Mastodon::RaceConditionError", "Could not acquire lock for https://other.example/", "example.social"),
        ("HTTP::TimeoutError", "timed out on https://-/", "example.social"),
        ("HTTP::ConnectionError", "failed to connect", "example.social"),
    ],
)
def test_an_error_of_the_network_names_the_host_that_failed(error_class, message, remote):
    """What others may have written into an error says nothing; then the arguments do."""
    assert read(error_class=error_class, error_message=message).domain == remote


def test_errors_that_differ_only_in_the_host_are_learned_once():
    """Also where it stands twice in the message: no number of hosts pushes out what is known of other errors."""
    reader = FailedReader()
    message = "failed to connect: No address for {0} on https://{0}/inbox"
    found = reader.read(
        orjson.dumps(ENTRY | {"error_class": "HTTP::ConnectionError", "error_message": message.format(f"a{number}.example")})
        for number in range(100)
    )

    assert [entry.domain for entry in found] == [f"a{number}.example" for number in range(100)]
    assert {entry.group.kind for entry in found} == {"dns"}
    assert len(reader._groups) == 1


def test_what_a_database_quotes_is_nobody():
    """A class that goes nowhere has failed at home."""
    found = read(
        **{"class": "ActivityPub::ProcessingWorker", "error_class": "PG::UniqueViolation", "error_message": "(https://other.example/)"}
    )

    assert found.domain is None


def test_nothing_names_a_host():
    """Then it was going to nobody."""
    assert read(**{"class": "FeedInsertWorker", "error_class": None, "error_message": None}) == Failed(
        Group("push", "FeedInsertWorker", "other"), None, 1_795_000_000.5, 1_795_000_000.5
    )


def test_an_entry_that_does_not_say_when():
    """Its times are 0."""
    assert (read(failed_at=None).failed_at, read(failed_at=None).first_failed_at) == (0, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"class": 1, "queue": "push"}',
        b'{"class": "A"}',
        b'{"class": "A\\nB", "queue": "push"}',
        b'{"class": "", "queue": "push"}',
        b"{" * 5_000,
        b'{"class": "A", "queue": "push", "args": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
)
def test_what_is_no_failed_job(raw):
    """It is broken; what stands beside it is read all the same."""
    assert FailedReader().read([raw, orjson.dumps(ENTRY)]) == [None, read()]


def test_a_group_by_its_name():
    """For people to read; a name with a space in it can't be taken for two."""
    assert GROUP.id == "push ActivityPub::DeliveryWorker status 503"
    assert Group("a b", "c", "dns").id != Group("a", "b c", "dns").id
