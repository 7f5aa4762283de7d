"""
A process that looks like a Sidekiq to the kernel and has children; started by test_child_end.py, not a test.

Arguments: its title, and a JSON list of the command lines of its children; at last a long filler that makes room for the title. Says `here` and the pids of its children, then
`PID CODE` for each that ends, as `subprocess` tells it. A line `NUMBER` on its standard input gives that child (from 0) a byte; with the end of that input it kills them and ends.
"""

import json
import subprocess
import sys
import threading

from tests.host.worker import say, wear


def wait(child: "subprocess.Popen[bytes]") -> None:
    """As a thread that runs a job does."""
    say(f"{child.pid} {child.wait()}")


def main(title: str, children: str) -> None:
    """Until nobody is there any more to whom it matters."""
    wear(title)
    started = [subprocess.Popen(one, stdin=subprocess.PIPE) for one in json.loads(children)]
    say(" ".join(("here", *(str(child.pid) for child in started))))
    for child in started:
        threading.Thread(target=wait, args=(child,), daemon=True).start()
    for line in sys.stdin:
        pipe = started[int(line)].stdin
        assert pipe is not None
        pipe.write(b"x")
        pipe.flush()
    for child in started:
        child.kill()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
