"""
Ports of the loopback for servers that tests start: each is given away once, to one process of tests.

That nobody listens at a port says nothing about the next moment: several processes of tests look for one at the same time, and between looking and the server's
first breath lies half a second. So whoever is given a port holds a name beside it for as long as he lives: a socket in the abstract namespace, of which there
can be one, and which goes with its process.
"""

import random
import socket
from typing import Final

PORTS: Final = range(12_000, 20_000)
"""Below those that the kernel gives to connections, and beside those of the demo's page."""
_HELD: Final[list[socket.socket]] = []


def free_port() -> int:
    """One of `PORTS` at which nobody listens, and that no other test is given while this process lives."""
    for port in random.sample(PORTS, len(PORTS)):
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0sidekiq-watchdog tests {port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        _HELD.append(name)
        return port
    msg = f"none of the ports from {PORTS.start} to {PORTS.stop} is free"
    raise RuntimeError(msg)
