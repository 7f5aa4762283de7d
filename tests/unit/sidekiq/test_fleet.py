"""All processes taken together: threads by queue, versions, and who is not counted."""

import orjson
import pytest

from watchdog.sidekiq.decode import Capsule, Info, decode_info
from watchdog.sidekiq.fleet import Listening, Member, gather, release, served

PLAIN = Info(host="web1", pid=1, version="7.3.2", queues=("push", "pull"))
SPLIT = Info(
    host="web1",
    pid=2,
    version="8.1.7",
    queues=("push", "single"),
    capsules=(Capsule("default", 4, ("push",)), Capsule("one", 1, ("single", "push"))),
)


def member(info: Info | None = PLAIN, *, threads: int | None = 5, busy: int = 0, quiet: bool = False, **runs: int) -> Member:
    """A process that is heard."""
    return Member(info, threads, busy, quiet, runs)


def test_all_threads_of_a_process_fetch_from_each_of_its_queues():
    """Before 8.0.9 nothing tells which of them serve which queue."""
    assert served(PLAIN, 5) == {"push": 5, "pull": 5}
    assert served(PLAIN, None) == {"push": 0, "pull": 0}
    assert served(None, 5) == {}


def test_the_threads_of_a_capsule_fetch_from_its_queues_alone():
    """A queue of two capsules has the threads of both."""
    assert served(SPLIT, 5) == {"push": 5, "single": 1}


def test_a_quiet_process_listens_to_nothing_and_still_runs():
    """Its threads are threads, its jobs are running, and no queue is served by it."""
    fleet = gather([member(busy=2, quiet=True, push=2), member(busy=1, pull=1)], stale=0)

    assert (fleet.heard, fleet.fetching, fleet.threads, fleet.busy) == (2, 1, 10, 3)
    assert fleet.listening("push") == Listening(threads=5, processes=1, busy=2)
    assert fleet.listening("pull") == Listening(threads=5, processes=1, busy=1)
    assert (fleet.serves("push"), fleet.serves("mailers")) == (True, False)
    assert not gather([member(quiet=True)], stale=0).serves("push")


def test_versions_that_beat_side_by_side():
    """One that tells no version is one of its own, one whose info can't be read is none; numbers are compared as numbers."""
    old = Info(host="web1", pid=3, queues=("push",))
    fleet = gather([member(), member(SPLIT), member(old), member(old), member(None)], stale=3)

    assert fleet.versions == {"7.3.2", "8.1.7", ""}
    assert (fleet.newest, fleet.stale, fleet.heard) == ((8, 1, 7), 3, 5)
    assert release("7.10.0") > release("7.9.9") > release("7.0") > release("")


def test_nobody_is_there():
    """A fleet of none has no versions and serves nothing."""
    assert gather([], stale=1).newest == ()


@pytest.mark.parametrize(
    ("told", "weights", "capsules"),
    [
        ({}, (), ()),
        ({"weights": {"push": 2, "pull": 1}}, ("push,2", "pull,1"), ()),  # 7.0.2
        ({"weights": [{"push": 2}, {"single": 0}]}, ("push,2", "single,0"), ()),  # 7.0.3 … 8.0.8
        (
            {
                "weights": [{"push": 2}, {"single": 0}],
                "capsules": {
                    "default": {"concurrency": 4, "mode": "weighted", "weights": {"push": 2}},
                    "one": {"concurrency": 1, "mode": "strict", "weights": {"single": 0}},
                },
            },
            ("push,2", "single,0"),
            (Capsule("default", 4, ("push",)), Capsule("one", 1, ("single",))),
        ),
        ({"weights": "odd", "capsules": [1]}, (), ()),
        ({"weights": [1, {"push": "x", "\n": 1}]}, (), ()),
        ({"capsules": {"default": {"concurrency": 4, "weights": {"push": 0}}, "broken": {"concurrency": -1}}}, (), ()),
    ],
)
def test_what_each_version_tells_of_weights_and_capsules(told, weights, capsules):
    """Nothing before 7.0.2, then how often a queue stands in the list, then a list a capsule, then the capsules; half of them would be taken for the whole."""
    raw = b'{"hostname":"web1","pid":7,"queues":["push"],"labels":["canary",3],"embedded":true%s}' % (
        b"".join(b"," + part for part in (dumps(name, value) for name, value in told.items()))
    )
    info = decode_info("web1:7:cafe", raw)

    assert (info.weights, info.capsules, info.labels, info.embedded) == (weights, capsules, ("canary",), True)
    assert info.threads == (5 if capsules else None)


def dumps(name: str, value: object) -> bytes:
    """One field of an object."""
    return orjson.dumps({name: value})[1:-1]
