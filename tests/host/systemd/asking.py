"""
Asks the program that inspects, as the agent would and by its shipped socket, and prints each answer with its kind: `asking.py PID JID…`.

test_inspect.py runs it inside a booted machine, since the program must see who asks.
"""

import asyncio
import sys

import msgspec

from watchdog.host.boot import boot_id
from watchdog.host.proc import read_process
from watchdog.model.targets import ProcessRef
from watchdog.recovery.inspecting import Inspector


async def ask(pid: int, jids: list[str]) -> None:
    """Everything that can be asked."""
    facts = read_process(pid)
    assert facts is not None
    process = ProcessRef("", f"web1:{pid}:abc", "web1", pid, facts.start_ticks, boot_id())
    inspector = Inspector()
    for answer in (await inspector.memory(process, jids), await inspector.sockets(process), await inspector.facts(process)):
        sys.stdout.write(msgspec.json.encode((type(answer).__name__, answer)).decode() + "\n")


asyncio.run(ask(int(sys.argv[1]), sys.argv[2:]))
