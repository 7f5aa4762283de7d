"""A Redis URL becomes an address; its password never shows."""

import ssl

import pytest

from watchdog.sidekiq.address import Address, AddressError, Tls, parse


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://127.0.0.1:6379/0", Address(host="127.0.0.1")),
        ("redis://redis", Address(host="redis")),
        ("redis://", Address()),
        ("redis://:p%40ss@h:1/3", Address(host="h", port=1, db=3, password="p@ss")),
        ("redis://agent:x@[::1]:7000?db=2", Address(host="::1", port=7000, db=2, user="agent", password="x")),
        ("unix:///run/redis/redis.sock?db=4", Address(path="/run/redis/redis.sock", db=4)),
        ("unix://:x@/run/r.sock", Address(path="/run/r.sock", password="x")),
        ("rediss://h", Address(host="h", tls=Tls())),
        (
            "rediss://h/1?ssl_ca_certs=/ca.pem&ssl_cert_reqs=none&ssl_check_hostname=False",
            Address(host="h", db=1, tls=Tls(ca_certs="/ca.pem", verify=ssl.CERT_NONE, check_hostname=False)),
        ),
    ],
)
def test_what_a_url_names(url, address):
    """Every form that redis-py and Sidekiq take."""
    assert parse(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://h",
        "redis://h:port",
        "redis://h:99999",
        "redis://:s3cret@h/zero",
        "unix://",
        "redis://:s3cret@h/-1",
        "redis://[h:s3cret",
        "rediss://h?ssl_cert_reqs=s3cret",
    ],
)
def test_a_url_that_can_not_be_understood(url):
    """The complaint repeats nothing of a URL that may hold a password."""
    with pytest.raises(AddressError) as caught:
        parse(url)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis://agent:s3cret@h:1/0", "unix://agent:s3cret@/run/r.sock"])
def test_a_password_does_not_show(url):
    """Neither where an address is printed nor where it is named."""
    address = parse(url)

    assert "s3cret" not in f"{address!r} {address} {address.where}"


def test_where():
    """What a message calls an address."""
    assert parse("redis://h:1").where == "h:1"
    assert parse("redis://[::1]:1").where == "[::1]:1"
    assert parse("unix:///run/r.sock").where == "/run/r.sock"


def test_a_tls_context_checks_the_server_by_default():
    """Only an explicit setting turns the check off, and then the host name is not checked either."""
    assert Tls().context().verify_mode == ssl.CERT_REQUIRED
    assert Tls().context().check_hostname
    assert not Tls(verify=ssl.CERT_NONE).context().check_hostname
