"""Options of orders: those of the table, no more and no less."""

import inspect
from typing import Any

import pytest

from watchdog.cli.app import command
from watchdog.cli.exits import UsageError
from watchdog.cli.order_options import flag_of, overruled, read_arguments
from watchdog.engine.order_check import wrong_with
from watchdog.model.actions import BY_NAME
from watchdog.model.guards import GUARDS
from watchdog.model.told import OperatorAsked

COMMON = {"--reason", "--config", "--json", "--dry-run", "--force"}


@pytest.mark.parametrize(("name", "action"), [("recover", "recover_process"), ("restart", "restart_unit")])
def test_the_options_are_those_of_the_table(name, action):
    """A parameter that is added there must be one here."""
    options = {one.opts[0] for one in command().commands[name].params if one.param_type_name == "option"}
    assert options - {"--help"} - COMMON == {flag_of(one) for one in BY_NAME[action].arguments()}


def test_what_is_written_counts_and_the_table_else():
    """As in a rule."""
    read = read_arguments("restart_unit", {"drain": "5s", "stuck_jobs.strikes": "3"})
    assert (read["drain"], read["stuck_jobs.strikes"], read["grace"], read["rescue"]) == (5_000, 3, 30_000, "proven")


@pytest.mark.parametrize(
    ("written", "says"),
    [({"drain": "5"}, "--drain: .*"), ({"rescue": "all"}, "--rescue: .*"), ({"stuck_jobs.strikes": "-"}, "--strikes: .*")],
)
def test_what_is_wrong_is_said(written, says):
    """With the name of the option."""
    with pytest.raises(UsageError, match=says):
        read_arguments("recover_process", written)


def order(action: str, **more: Any) -> OperatorAsked:
    """With all that an order of that action says."""
    whole = {"arguments": read_arguments(action, {}) if action in BY_NAME else {}, **more}
    return OperatorAsked(id="1", by="ada", reason="", asked=0, action=action, process="web1:1:a", **whole)


@pytest.mark.parametrize("action", ["recover_process", "restart_unit", "terminate_process"])
def test_every_order_that_is_made_is_one_that_is_taken(action):
    """Its arguments are what the engine asks for; what lacks one, or holds something else, is refused with its name."""
    assert wrong_with(order(action)) == ""
    said = read_arguments(action, {})
    assert "it lacks grace" in wrong_with(order(action, arguments={key: value for key, value in said.items() if key != "grace"}))
    assert "grace is no" in wrong_with(order(action, arguments={**said, "grace": "x"}))


def test_an_action_that_is_none():
    """As another version may know it."""
    assert wrong_with(order("stop_delivery")) == "there is no action stop_delivery on a process"


def test_what_can_be_overruled():
    """Each guard that does not bind people; not the others, and none that is not there."""
    for spec in GUARDS:
        if spec.binds_people:
            with pytest.raises(UsageError, match=f"nobody can overrule {spec.name}"):
                overruled([spec.name])
        else:
            assert overruled([spec.name, spec.name]) == (spec.name,)
    with pytest.raises(UsageError, match="there is no such guard"):
        overruled(["everything"])
    assert {spec.name for spec in GUARDS if spec.binds_people} >= {"blind", "in_flight", "last_look"}


def test_both_commands_can_be_read():
    """Each says in its help what it ends with."""
    for name in ("recover", "restart"):
        assert "Ends with 0" in inspect.cleandoc(command().commands[name].help)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("recover",), "PROCESS"),
        (("restart",), "UNIT"),
        (("recover", "12"), "say in a few words why"),
        (("recover", "12", "--reason", " "), "say in a few words why"),
        (("recover", "12", "--reason", "x", "--force", "last_look"), "nobody can overrule last_look"),
        (("recover", "12", "--reason", "x", "--drain", "5"), "--drain"),
        (("restart", "a", "--reason", "x", "--force", "odd"), "there is no such guard"),
    ],
)
def test_what_can_not_be_asked(ask, config, arguments, says):
    """Ends with 2 before an agent is looked for, or begun."""
    answer = ask(*arguments, "-c", "config.yml")
    assert answer.code == 2
    assert says in answer.err
    assert not (config.parent / "state").exists()
