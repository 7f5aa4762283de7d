"""Which process is meant, under which name, and why it can't be reached."""

import pytest

from tests.scenario.conversation import found, process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.reaching import find_target, name_of
from watchdog.engine.world import World
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.targets import ProcessRef


def with_host(*deltas: Delta) -> World:
    """One process in Redis, and what the host says of it."""
    world = picture(process(ONE, AT))
    world.take(Observed(Source.HOST, deltas), AT)
    return world


def test_a_process_of_this_host_can_be_reached():
    """All that makes it one process and no other is in the reference."""
    target = find_target(with_host(found(ONE, unit="mastodon-sidekiq.service")), ONE)
    unit = "mastodon-sidekiq.service"

    assert target.ref == ProcessRef(f"web1/{unit}", ONE, "web1", 10, 77, "boot-1", "app", unit)
    assert (target.name, target.unreachable) == (f"web1/{unit}", "")


@pytest.mark.parametrize(
    ("world", "process_id", "reason"),
    [
        (World(), ONE, "the process is no longer known"),
        (World(), "", "no process is known for it"),
        (with_host(), ONE, "it has not been found among the processes of this host"),
        (with_host(Delta(Kind.PROCESS, ONE, {"local": False, "mismatch": "it runs on host web2"})), ONE, "it runs on host web2"),
        (with_host(Delta(Kind.PROCESS, ONE, {"local": False})), ONE, "it is not a process of this host"),
        (with_host(found(ONE), Delta(Kind.PROCESS, ONE, {"start_ticks": None})), ONE, "its start is not known"),
        (with_host(found(ONE), Delta(Kind.PROCESS, ONE, {"boot_id": None})), ONE, "its start is not known"),
        (
            with_host(found(ONE), Delta(Kind.PROCESS, ONE, {"queues": None})),
            ONE,
            "its queues are not known, so cooldowns can't be kept for it",
        ),
    ],
)
def test_without_certainty_there_is_no_reference(world, process_id, reason):
    """Whatever is not known for certain makes the process unreachable, with the reason."""
    target = find_target(world, process_id)

    assert (target.ref, target.unreachable) == (None, reason)


def test_its_unit_is_name_enough():
    """A process whose unit is known needs no queues for its name."""
    world = with_host(found(ONE, unit="u.service"), Delta(Kind.PROCESS, ONE, {"queues": None}))

    assert find_target(world, ONE).ref is not None


def test_the_name_outlives_a_restart():
    """Another run of the same unit, or of the same tag and queues in whatever order, has the same name; another host or tag has not."""

    def named(identity: str, queues: tuple[str, ...], **more) -> str:
        return name_of(picture(process(identity, AT, queues=queues, **more)).find(Kind.PROCESS, identity))

    assert named(ONE, ("push", "pull")) == named("web1:77:zzz", ("pull", "push")) == "web1/app[pull,push]"
    assert named(ONE, ("push",), unit="u") == named("web1:78:yyy", ("mail",), unit="u") == "web1/u"
    assert named("web2:10:abc", ("push",)) == "web2/app[push]"
    assert named(ONE, ("push",), tag="other") == "web1/other[push]"
