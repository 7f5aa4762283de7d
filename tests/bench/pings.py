"""What another client of a Redis waits: `python -m tests.bench.pings SOCKET`, until its input ends; then longest and 99.9 % wait in milliseconds."""

import select
import socket
import sys
import time


def main(path: str) -> None:
    """Ask each millisecond."""
    waits = []
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        while not select.select([sys.stdin], [], [], 0.001)[0]:
            began = time.perf_counter()
            client.sendall(b"PING\r\n")
            client.recv(64)
            waits.append(1000 * (time.perf_counter() - began))
    waits.sort()
    print(waits[-1], waits[int(len(waits) * 0.999)])


if __name__ == "__main__":
    main(sys.argv[1])
