"""To whom a job was going, whatever stands in its arguments or in its error."""

import pytest

from watchdog.sidekiq.hosts import domain, host_of_args, host_of_url, last_host


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.social/inbox", "example.social"),
        ("HTTPS://Example.Social:8443/inbox", "Example.Social"),
        ("http://user:pass@example.social/inbox", "example.social"),
        ("https://example.social", "example.social"),
        ("https://example.social?x", "example.social"),
        ("https://[2001:db8::1]:443/inbox", "[2001:db8::1]"),
        ("https://bücher.example/inbox", "bücher.example"),
        ("ftp://example.social/", None),
        ("https:///inbox", None),
        ("https://", None),
        ("", None),
        ("javascript:alert(1)", None),
    ],
)
def test_the_host_of_an_address(url, host):
    """Port, user and path are no part of it."""
    assert host_of_url(url) == host


@pytest.mark.parametrize(
    ("host", "registrable"),
    [
        ("example.social", "example.social"),
        ("a.b.Example.CO.UK.", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("someone.github.io", "someone.github.io"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("www.食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn"),
        ("abcdefghij.onion", "abcdefghij.onion"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::0001]", "2001:db8::1"),
        ("[not an address]", None),
        ("1.2.3", None),
        ("999.0.2.1", None),
        ("a..b", None),
        ("-a.example", None),
        (".example", None),
        ("(others)", None),
        ("evil\nname.example", None),
        ("\u202eexample", None),
        ("x" * 64 + ".example", None),
        ("a." * 200 + "example", None),
        ("", None),
        ("   ", None),
    ],
)
def test_the_domain_of_a_host(host, registrable):
    """What somebody could have registered, in ASCII; nothing for what can't be a host."""
    assert domain(host) == registrable


def test_the_last_address_of_a_message_counts():
    """The http gem writes the address that it failed on at the end."""
    assert last_host("https://first.example/a redirected: failed on https://last.example/inbox") == "last.example"
    assert last_host("no address") is None
    assert last_host("x" * 100_000 + "https://last.example") == "last.example"


@pytest.mark.parametrize(
    ("job_class", "args", "host"),
    [
        ("ActivityPub::DeliveryWorker", ["{}", 1, "https://a.example/inbox", {}], "a.example"),
        ("ActivityPub::LowPriorityDeliveryWorker", ["{}", 1, "https://a.example/inbox"], "a.example"),
        ("ThreadResolveWorker", [1, "https://a.example/1"], "a.example"),
        ("FetchReplyWorker", ["https://a.example/1"], "a.example"),
        ("ActivityPub::DeliveryWorker", ["{}", 1], None),
        ("ActivityPub::DeliveryWorker", ["{}", 1, None], None),
        ("ActivityPub::DeliveryWorker", "https://a.example", None),
        ("ActivityPub::DeliveryWorker", None, None),
        ("DistributionWorker", [1, 2, "https://a.example"], None),
    ],
)
def test_the_addressee_of_a_job(job_class, args, host):
    """Known for the classes of the table, and for no other."""
    assert host_of_args(job_class, args) == host
