"""A look at a child begins with what Redis says of its process."""

from watchdog.clock import Clock
from watchdog.daemon.children import ChildKeeper
from watchdog.host.sampling import Sampler
from watchdog.host.watch import LocalProcesses
from watchdog.model.effects import EndChild, LookAtChild
from watchdog.model.events import Body
from watchdog.model.results import ChildEnded, ChildLook, Refused
from watchdog.model.targets import ChildRef, ProcessRef
from watchdog.sidekiq.failures import SourceUnavailableError

REF = ChildRef("web1/s child sh", ProcessRef("web1/s", "web1:10:abc", "web1", 10, 77, "a boot before"), 90, 6_000, "sh")
GONE = "its process has ended: it ran before the last boot of this host"


def keeper(tmp_path, reread) -> ChildKeeper:
    """One of a host on which no process was found."""
    clock = Clock()
    said: list[Body] = []
    processes = LocalProcesses(host="web1", clock=clock, emit=said.append)
    sampler = Sampler(processes, host="web1", folder=tmp_path, clock=clock, emit=said.append)
    return ChildKeeper(sampler=sampler, processes=processes, host="web1", reread=reread)


async def test_redis_is_asked_first(tmp_path):
    """Then the kernel; what is to be ended is looked at by the kernel alone."""
    asked: list[str] = []

    async def reread(identity: str) -> None:
        asked.append(identity)

    children = keeper(tmp_path, reread)

    assert await children.look(LookAtChild("1.0", REF)) == ChildLook(alive=False, against=GONE)
    assert asked == ["web1:10:abc"]
    assert await children.end(EndChild("1.1", REF, 120_000)) == ChildEnded(was_gone=True, detail=GONE)
    assert asked == ["web1:10:abc"]


async def test_redis_does_not_answer(tmp_path):
    """Which jobs wait is not known then, and nothing is said of the child."""

    async def reread(_: str) -> None:
        raise SourceUnavailableError("timeout", "Redis does not answer")

    result = await keeper(tmp_path, reread).look(LookAtChild("1.0", REF))
    assert isinstance(result, Refused)
    assert "Redis does not answer" in result.reason
