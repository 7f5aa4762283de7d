"""Where a redirect of a stranger may lead, whatever is written there."""

import contextlib
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchdog.mastodon.asking_peers import PeerError, _next
from watchdog.rulefile.mastodon import host_in_ascii

HERE = "https://other.example/api/v1/instance/domain_blocks"
PARTS = st.sampled_from(
    [
        "https://",
        "http://",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "443",
        "8443",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "www.example",
        "a.",
        ".",
        "?",
        "#",
        " ",
        "\t",
        "\n",
        "%2e",
        "é",
        "xn--",
        "\uff10",
    ]
)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://www.example/x?y=1", "https://www.example/x?y=1"), ("/other", "https://other.example/other"), ("//www.example/x", "https://www.example/x"), ("https://www.example:443/", "https://www.example:443/"),
        ("https://WWW.example/", "https://WWW.example/"), ("https://bücher.example/", "https://bücher.example/"),
    ],
)  # fmt: skip
def test_where_it_may_lead(location, url):
    """Another path, or another name."""
    assert _next(HERE, location) == url


@given(st.text(max_size=60) | st.lists(PARTS, max_size=8).map("".join))
@example("https://127.0.0.1#@www.example/")
@example("https://www.example\\@127.0.0.1/")
@example("https://\uff11\uff12\uff17.0.0.1/")
def test_it_never_leads_anywhere_else(location):
    """https, a name, the usual port, nobody's password; yarl, which takes the address apart for the connection, finds the very same host."""
    from yarl import URL

    with contextlib.suppress(PeerError):
        url = _next(HERE, location)
        parts = urlsplit(url)
        assert (parts.scheme, parts.username, parts.password, parts.port in (None, 443)) == ("https", None, None, True)
        name = host_in_ascii(parts.hostname or "")
        assert name is not None
        with contextlib.suppress(ValueError):
            assert (URL(url).raw_host or "").rstrip(".") == name
