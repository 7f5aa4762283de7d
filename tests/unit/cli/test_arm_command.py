"""`arm`: what is shown before, what is left for the agent, what is refused on the command line."""

import json

import msgspec
import pytest

from tests.unit.cli.test_would import ROWS
from watchdog.model.told import OperatorArmed, Told
from watchdog.model.verdicts import Mode


def lying(folder):
    """The only command that was left."""
    (path,) = (folder / "orders").iterdir()
    return msgspec.json.decode(path.read_bytes(), type=Told)


@pytest.mark.parametrize("mode", ["dry-run", "observe"])
def test_the_record_is_shown_and_the_command_left(ask, leave, mode):
    """What the rule would have done is printed first; without an agent the command stays for the next one. To go less far needs no question."""
    folder = leave(*ROWS)
    answer = ask("arm", "stuck-job", "-c", "config.yml", "--mode", mode, "--reason", "let us see")

    assert answer.code == 3
    assert "would terminate_process" in answer.out
    assert "it would have acted 1 time; stopped by budget 1, cooldown 1" in answer.out
    assert "the command stays" in answer.err
    told = lying(folder)
    assert isinstance(told, OperatorArmed)
    assert (told.rule, told.mode, told.reason) == ("stuck-job", Mode(mode), "let us see")
    assert told.by


def test_scripts_say_yes(ask, leave):
    """Then nobody is asked, and programs read the record as one object."""
    folder = leave(*ROWS)
    answer = ask("arm", "stuck-job", "-c", "config.yml", "--mode", "act", "--reason", "x", "--yes", "--json")

    assert json.loads(answer.out) == {
        "rule": "stuck-job",
        "would": 1,
        "since": json.loads(answer.out)["since"],
        "denied": {"cooldown": 1, "budget": 1},
    }
    assert lying(folder).mode is Mode.ACT


def test_where_nobody_can_be_asked_nothing_is_armed(ask, leave, monkeypatch):
    """A pipe is no person."""
    folder = leave(*ROWS)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    answer = ask("arm", "stuck-job", "-c", "config.yml", "--mode", "act", "--reason", "x")

    assert answer.code == 2
    assert "--yes" in answer.err
    assert not (folder / "orders").exists()


@pytest.mark.parametrize("meant", [True, False])
def test_somebody_at_a_terminal_is_asked(ask, leave, monkeypatch, meant):
    """After the record was shown; without a yes nothing is left for the agent."""
    folder = leave(*ROWS)
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return meant

    monkeypatch.setattr("typer.confirm", confirm)
    answer = ask("arm", "stuck-job", "-c", "config.yml", "--mode", "act", "--reason", "x")

    assert asked == ["Put stuck-job into act?"]
    assert answer.code == (3 if meant else 2)
    assert (folder / "orders").exists() is meant


def test_it_is_taken_back_without_a_record(ask, leave):
    """`--clear` shows nothing and asks nothing."""
    folder = leave(*ROWS)
    answer = ask("arm", "stuck-job", "-c", "config.yml", "--clear", "--reason", "x")

    assert (answer.code, answer.out) == (3, "")
    assert lying(folder).mode is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--reason", "x"], "--mode or --clear"),
        (["--mode", "act", "--clear", "--reason", "x"], "--mode or --clear"),
        (["--mode", "act", "--yes"], "--reason is empty"),
        (["--mode", "kill", "--reason", "x"], "kill"),
    ],
)
def test_what_the_command_line_refuses(ask, leave, options, said):
    """Neither a mode nor its end, both, no reason, no such mode: nothing is left for the agent."""
    folder = leave(*ROWS)
    answer = ask("arm", "stuck-job", "-c", "config.yml", *options)

    assert answer.code == 2
    assert said in answer.err
    assert not (folder / "orders").exists()


def test_a_rule_without_a_record_is_said_to_have_none(ask, leave):
    """Whoever arms it knows that it was never tried."""
    leave(*ROWS)
    answer = ask("arm", "unheard", "-c", "config.yml", "--mode", "dry-run", "--reason", "x")

    assert "nothing that unheard would have done" in answer.out
