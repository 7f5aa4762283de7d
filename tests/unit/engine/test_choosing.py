"""Which instance of a template is started next, which is stopped, and why none."""

from typing import Any

import pytest

from tests.scenario.conversation import found, process
from tests.unit.engine.conftest import AT
from watchdog.engine.ledger import Ledger, decode, encode, rebase
from watchdog.engine.scaled import MOST, Scaled, Stopped, stopped_by_us, with_stopped
from watchdog.engine.scaling.choosing import Choice, to_start, to_stop, unwilling
from watchdog.engine.unit_past import UnitPast
from watchdog.engine.world import World
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import UnitLook
from watchdog.model.template_names import instance_of, is_template, number_of, template_of

TEMPLATE = "ingress@.service"


def unit(number: object, state: str = "active", **more: object) -> Delta:
    """What systemd tells of that instance."""
    name = f"ingress@{number}.service"
    return Delta(Kind.UNIT, name, {"name": name, "state": state, "exit": "", **more})


def living(number: object, *, pid: int = 0, queues: tuple[str, ...] | None = ("ingress",)) -> tuple[Delta, Delta]:
    """A process that lives in that instance: as Redis and as the host show it."""
    identity = f"web1:{pid or 100 + int(str(number))}:abc"
    seen = process(identity, AT, queues=queues or ())
    if queues is None:
        seen = Delta(Kind.PROCESS, identity, {**seen.fields, "queues": None})
    return seen, found(identity, unit=f"ingress@{number}.service")


def world_of(*units: Delta, there: tuple[tuple[Delta, Delta], ...] = ()) -> World:
    """A picture of these units and processes."""
    world = World()
    world.take(Observed(Source.REDIS, tuple(one for one, _ in there), complete=True), AT)
    world.take(Observed(Source.HOST, tuple(one for _, one in there)), AT)
    world.take(Observed(Source.SYSTEMD, units, complete=True), AT)
    return world


def started(*units: Delta, most: int = 3, there: tuple[tuple[Delta, Delta], ...] = (), **ledger: Any) -> Choice:
    """What is started next, with this remembered."""
    return to_start(world_of(*units, there=there), TEMPLATE, most=most, ledger=Ledger(**ledger))


@pytest.mark.parametrize(
    ("units", "chosen"),
    [
        ((), "ingress@1.service"),
        ((unit(1),), "ingress@2.service"),
        ((unit(2),), "ingress@1.service"),
        ((unit(1), unit(2)), "ingress@3.service"),
        ((unit(1), unit("blue"), unit("02")), "ingress@2.service"),
        ((unit(1), unit(2, "inactive")), "ingress@2.service"),
        ((unit(1), unit(2, "inactive", file_state="disabled", load_state="loaded")), "ingress@2.service"),
        ((unit(1), unit(2, "inactive", entered_at=5)), "ingress@3.service"),
        ((unit(1), unit(2, "inactive", exit="exited")), "ingress@3.service"),
        ((unit(1), unit(2, "failed", result="exit-code")), "ingress@3.service"),
        ((unit(1), unit(2, "inactive", file_state="masked")), "ingress@3.service"),
        ((unit(1), unit(2, "inactive", file_state="masked-runtime")), "ingress@3.service"),
        ((unit(1), unit(2, "inactive", load_state="masked")), "ingress@3.service"),
        ((unit(1), unit(2, "inactive", load_state="bad-setting")), "ingress@3.service"),
        ((unit(1), unit(2, "inactive", job="start")), "ingress@3.service"),
        ((unit(1), unit(2, "activating")), "ingress@3.service"),
        ((unit(1), unit(2, "deactivating")), "ingress@3.service"),
        ((unit(1), unit(2, "reloading")), "ingress@3.service"),
        ((unit(1), Delta(Kind.UNIT, "ingress@2.service", {"restarts": 1})), "ingress@3.service"),
    ],
)
def test_the_lowest_that_nobody_wants_to_stand_still(units, chosen):
    """Plain numbers alone; one that has not run since the boot is a spare, whether systemd holds it or not."""
    assert started(*units).unit == chosen


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ((unit(1), unit(2), unit(3)), "3 of ingress@.service run already, and 'max' is 3"),
        ((unit(1), unit(2), unit(7)), "3 of ingress@.service run already, and 'max' is 3"),
        (
            (unit(1), unit(2, "failed", result="oom-kill"), unit(3, "inactive", file_state="masked")),
            "of ingress@.service none is left to be started: 2 has failed (oom-kill); 3 is masked",
        ),
        (
            (unit(1), unit(2, "inactive", entered_at=5), unit(3, "inactive", job="start")),
            (
                "of ingress@.service none is left to be started: 2 was stopped, and not by the agent; "
                "3 is about to be changed: somebody has asked systemd to start it"
            ),
        ),
        (
            (unit(1), unit(2, "failed"), unit(3, "inactive", load_state="error")),
            "of ingress@.service none is left to be started: 2 has failed; 3 can't be read by systemd",
        ),
    ],
)
def test_why_none_is_started(units, why):
    """Each one that was passed over is named, with the reason."""
    assert started(*units) == Choice(why_none=why)


def test_a_process_tells_what_systemd_has_not_told_yet():
    """An instance in which a process lives runs, whatever is known of the unit."""
    assert started(unit(2, "inactive"), there=(living(1), living(2))).unit == "ingress@3.service"


@pytest.mark.parametrize("state", ["inactive", "failed"])
@pytest.mark.parametrize(("stopped_at", "chosen"), [(5, 2), (6, 2), (4, 3)])
def test_what_the_agent_has_stopped_it_starts_again(state, stopped_at, chosen):
    """Unless it was started since, and ended after that: then somebody else had it in hand."""
    scaled = Scaled({"ingress@2.service": Stopped(stopped_at, "r", "1.0")})

    assert started(unit(1), unit(2, state, entered_at=5), scaled=scaled).unit == f"ingress@{chosen}.service"


@pytest.mark.parametrize(("stopped_at", "ours", "chosen"), [(5, None, 3), (5_005, 5, 2), (5_006, 5, 3), (None, 5, 2)])
def test_who_had_it_stopped_is_remembered(stopped_at, ours, chosen):
    """Systemd forgets a unit that is stopped: what was seen of its stop counts on, but for the agent's own, which is seen as well."""
    units = {"ingress@2.service": UnitPast(stopped_at=stopped_at)}
    scaled = Scaled({"ingress@2.service": Stopped(ours, "r", "1.0")} if ours is not None else {})

    assert started(unit(1), unit(2, "inactive"), scaled=scaled, units=units).unit == f"ingress@{chosen}.service"


def test_a_template_that_serves_the_scheduler_has_no_second():
    """Whoever of them runs tells it; one that does not tell is not trusted."""
    assert started(there=(living(1, queues=("default", "scheduler")),)).why_none == (
        "web1:101:abc serves the queue scheduler, which there must be once and not twice"
    )
    assert started(there=(living(1, queues=None),)).why_none == "which queues web1:101:abc serves is not known"


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (UnitLook(load_state="loaded", state="inactive"), ""),
        (UnitLook(load_state="", state="inactive", file_state="static"), ""),
        (UnitLook(load_state="masked", state="inactive"), "is masked"),
        (UnitLook(load_state="not-found", state="inactive"), "can't be read by systemd"),
        (UnitLook(load_state="loaded", state="failed", result="signal"), "has failed (signal)"),
        (UnitLook(load_state="loaded", state="active"), "is active"),
        (UnitLook(load_state="loaded", state="inactive", job="start"), "is about to be changed: somebody has asked systemd to start it"),
    ],
)
def test_the_look_is_newer_than_the_picture(look, reason):
    """What stands in the picture, where anything does, is that of a spare that nobody has touched."""
    for row in (None, world_of(unit(2, "inactive")).find(Kind.UNIT, "ingress@2.service")):
        assert unwilling("ingress@2.service", row, Ledger(), look) == reason


def test_what_was_stopped_is_remembered():
    """Over a restart and a reboot of the machine, one entry a unit, and so many at most."""
    scaled = with_stopped(Scaled(), "a", Stopped(5, "r", "1.0"))
    scaled = with_stopped(scaled, "a", Stopped(9, "r", "1.1"))
    ledger = rebase(decode(encode(Ledger(scaled=scaled))), -100)
    assert ledger.scaled == Scaled({"a": Stopped(-91, "r", "1.1")})
    assert stopped_by_us(ledger.scaled, "a", ended_at=None, stopped_at=None)
    assert not stopped_by_us(ledger.scaled, "b", ended_at=None, stopped_at=None)
    for number in range(2 * MOST):
        scaled = with_stopped(scaled, str(number), Stopped(number, "r", "1.0"))
    assert list(scaled.stopped) == [str(number) for number in range(MOST, 2 * MOST)]


@pytest.mark.parametrize(
    ("there", "least", "expected"),
    [
        ((living(1), living(2)), 1, Choice("ingress@2.service", "web1:102:abc")),
        ((living(2), living(10)), 1, Choice("ingress@10.service", "web1:110:abc")),
        ((living(1),), 0, Choice("ingress@1.service", "web1:101:abc")),
        ((living(1), living(2)), 2, Choice(why_none="2 of ingress@.service run, and 'min' is 2")),
        ((), 0, Choice(why_none="0 of ingress@.service run, and 'min' is 0")),
        ((living(1), living(2, queues=("scheduler", "default"))), 1,
         Choice(why_none="web1:102:abc serves the queue scheduler, which there must be once and not twice")),
        ((living(1), living(2, queues=None)), 1, Choice(why_none="which queues web1:102:abc serves is not known")),
        ((living(1), living(2), living(2, pid=7)), 1,
         Choice(why_none="2 Sidekiq processes run in ingress@2.service, which systemd would stop together")),
    ],
)  # fmt: skip
def test_the_highest_is_stopped(there, least, expected):
    """By number and not by its letters, if more than `min` run; never who serves the scheduler, nor one whose process is not known."""
    units = tuple(unit(number) for number in dict.fromkeys(one.fields["unit"].split("@")[1].split(".")[0] for _, one in there))

    assert to_stop(world_of(*units, there=there), TEMPLATE, least=least) == expected


def test_an_instance_without_a_process_is_not_stopped():
    """It boots, or something is wrong with it: nothing is known of what it would lose."""
    assert (
        to_stop(world_of(unit(1), unit(2), there=(living(1),)), TEMPLATE, least=1).why_none
        == "no Sidekiq process is known in ingress@2.service"
    )


def test_a_process_of_another_host_is_none_of_ours():
    """Units have the same names everywhere."""
    identity = "web2:5:abc"
    elsewhere = (process(identity, AT, queues=("ingress",)), Delta(Kind.PROCESS, identity, {"local": False, "unit": "ingress@2.service"}))

    assert started(unit(1), there=(living(1), elsewhere)).unit == "ingress@2.service"


@pytest.mark.parametrize(
    ("name", "template", "number"),
    [
        ("a@1.service", "a@.service", 1),
        ("a@17.service", "a@.service", 17),
        ("a-b@x@2.service", "a-b@.service", None),
        ("a@01.service", "a@.service", None),
        ("a@0.service", "a@.service", None),
        ("a@push.service", "a@.service", None),
        ("a@-1.service", "a@.service", None),
        ("a@²٣.service", "a@.service", None),
        ("a@12345.service", "a@.service", None),
        ("a@.service", "a@.service", None),
        ("a.service", "", None),
    ],
)
def test_names(name, template, number):
    """What is a number for people is one here; all else is a name that somebody has given."""
    assert template_of(name)[0] == template
    assert number_of(template_of(name)[1]) == number
    assert number is None or instance_of(template, number) == name
    assert is_template(name) is (name == "a@.service")


def test_names_of_no_template():
    """An ending alone is none."""
    assert [name for name in ("@.service", "a@b@.service", "a@.timer", "") if is_template(name)] == []
