"""Where the agent is seen, in a few words."""

import io

import pytest

from watchdog.cli.doors_view import show_doors
from watchdog.cli.output import Plain
from watchdog.picture.doors import Door

SOCKET = Door("/var/lib/sidekiq-watchdog/api.sock", 1)


@pytest.mark.parametrize(
    ("doors", "streams", "shown"),
    [
        ({}, 0, ""),
        ({"api": SOCKET}, 3, ""),
        ({"api": SOCKET, "page": Door("127.0.0.1:7655", 1)}, 0, "page: http://127.0.0.1:7655\n"),
        ({"api": SOCKET, "page": Door("127.0.0.1:7655", 1)}, 1, "page: http://127.0.0.1:7655, 1 stream open\n"),
        ({"page": Door("127.0.0.1:7655", None, "address already in use")}, 0, "page: not open at 127.0.0.1:7655: address already in use\n"),
        ({"page": Door("127.0.0.1:7655")}, 0, "page: not open at 127.0.0.1:7655: not yet\n"),
        ({"api": Door("/run/a.sock", 1, "there is no group adm")}, 0, "socket: there is no group adm (/run/a.sock)\n"),
    ],
)
def test_what_is_said_of_the_doors(doors, streams, shown):
    """The page and who watches it; of a socket that is open nothing, unless it is not as the config wants it."""
    out = io.StringIO()
    show_doors(Plain(out), doors, streams=streams)
    assert out.getvalue() == shown
