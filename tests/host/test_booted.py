"""The machines that tests boot: what becomes of one when the tests themselves are killed."""

import contextlib
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.suites.booted import CHECKOUT

pytestmark = pytest.mark.needs("systemd-nspawn", "mount", "trixie-systemd")

KEEPS_ONE = """\
import sys
from tests.suites.booted import boot
with boot() as machine:
    print(machine.pid, flush=True)
    sys.stdin.read()
"""


def test_a_machine_ends_with_the_tests_that_booted_it() -> None:
    """SIGKILL leaves them no time to throw it away: its first process and all services go all the same."""
    tests = subprocess.Popen([sys.executable, "-c", KEEPS_ONE], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    first = int(tests.stdout.readline())
    watched = [os.pidfd_open(first)]
    for service in Path(f"/proc/{first}/task/{first}/children").read_text().split():
        with contextlib.suppress(ProcessLookupError):  # one that ends by itself
            watched.append(os.pidfd_open(int(service)))
    try:
        tests.kill()
        tests.communicate(timeout=PATIENCE)
        assert len(watched) > 1
        for one in watched:
            assert select.select([one], [], [], PATIENCE)[0], "it still runs"
    finally:
        for one in watched:
            os.close(one)
