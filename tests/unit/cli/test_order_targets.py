"""From what a person calls a process or a service to the one that is meant."""

import pytest

from watchdog.cli.exits import UsageError
from watchdog.cli.order_targets import of_units, one_process
from watchdog.picture.picture import Picture, Process, Unit

PUSH, PULL = "mastodon-sidekiq@push.service", "mastodon-sidekiq@pull.service"


def process(pid: int, *, unit: str = "", local: bool = True, host: str = "web1", **more) -> Process:
    """One of this host, if nothing else is said."""
    return Process(
        id=f"{host}:{pid}:abc", host=host, pid=pid, unit=unit, local=local, alive=True if local else None, target=f"{host}/app", **more
    )


PICTURE = Picture(
    processes=(process(10, unit=PUSH), process(11, unit=PULL), process(12), process(10, host="web2", local=False)),
    units=(Unit(name=PUSH, sidekiq_timeout=25_000), Unit(name=PULL), Unit(name="mastodon-sidekiq.service"), Unit(name="mastodon-sidekiq@none.service")),
)  # fmt: skip


@pytest.mark.parametrize("name", ["web1:10:abc", "10", PUSH, "mastodon-sidekiq@push"])
def test_one_process(name):
    """By its identity, pid or unit; how long its Sidekiq waits comes with it."""
    meant = one_process(PICTURE, name)
    assert (meant.process.id, meant.timeout, meant.called) == ("web1:10:abc", 25_000, name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("web2:10:abc", "web2:10:abc runs on web2: order it there"),
        ("99", "there is no Sidekiq process 99; here run\n  web1:10:abc  pid 10"),
        ("mastodon-sidekiq@none", "there is no Sidekiq process mastodon-sidekiq@none"),
    ],
)
def test_no_process(name, says):
    """Said where it is, or what there is instead."""
    with pytest.raises(UsageError, match=says.replace("(", r"\(")):
        one_process(PICTURE, name)


def test_which_of_several():
    """Two processes in one unit are listed, and none of them is taken."""
    swarm = Picture(processes=(process(10, unit=PUSH), process(13, unit=PUSH)))
    with pytest.raises(UsageError, match=r"can be 2 processes; say which:\n  web1:10:abc .*\n  web1:13:abc"):
        one_process(swarm, PUSH)
    with pytest.raises(UsageError, match="holds 2 Sidekiq processes; `recover` them one by one"):
        of_units(swarm, [PUSH])


def test_what_is_not_looked_for_yet_or_a_stranger():
    """A process whose pid belongs to something else is not ended, and why is said."""
    odd = Picture(processes=(process(10, local=False, mismatch="process 10 is called nginx"),))
    with pytest.raises(UsageError, match="web1:10:abc process 10 is called nginx"):
        one_process(odd, "web1:10:abc")


@pytest.mark.parametrize(
    ("names", "units"),
    [
        (["mastodon-sidekiq@push"], [PUSH]),
        (["mastodon-sidekiq@*"], [PULL, PUSH]),
        (["mastodon-sidekiq*.service"], [PULL, PUSH]),
        ([PUSH, "mastodon-sidekiq@p*"], [PUSH, PULL]),
    ],
)
def test_units(names, units):
    """Names in their order, patterns in that of the alphabet, each once; those in which nothing runs are passed over by a pattern."""
    assert [meant.called for meant in of_units(PICTURE, names)] == units


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mastodon-sidekiq", "no Sidekiq process runs in mastodon-sidekiq.service"),
        ("sidekiq@*", "there is no unit sidekiq@\\*; here run"),
    ],
)
def test_no_unit(name, says):
    """One that does not run is left to systemctl; one that is not there is said, with those that are."""
    with pytest.raises(UsageError, match=says):
        of_units(PICTURE, [PUSH, name])
