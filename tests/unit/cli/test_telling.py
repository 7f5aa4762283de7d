"""Commands of people, from the command line to the answer of an agent that the test plays; and without one."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from watchdog.cli import telling
from watchdog.cli.silence import read_matches
from watchdog.cli.telling import new_id
from watchdog.engine.switches import LONGEST
from watchdog.model.records import AuditRow
from watchdog.model.told import (
    OperatorAcknowledged,
    OperatorClosed,
    OperatorPaused,
    OperatorResumed,
    OperatorSilenced,
    OperatorUnsilenced,
    OperatorWentOn,
)
from watchdog.store.orders import claim, lay_down, lying, read_order
from watchdog.store.store import Commit, Store

WHY = ("--reason", "why not", "-c", "config.yml")


class Agent:
    """One that holds the folder, takes what lies there, and answers with an outcome and a reason."""

    def __init__(self, state: Path, outcome: str, *, is_silent: bool) -> None:
        self.taken: list[Any] = []
        self._state, self._outcome, self._is_silent = state, outcome, is_silent
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self._ready.wait()

    def end(self) -> None:
        """It is gone afterwards."""
        self._over.set()
        self._thread.join()

    async def _run(self) -> None:
        store = await Store.open(self._state)
        seq = store.last_seq + 1
        await store.commit(Commit(seq, audit=(AuditRow(kind="operator", wall=1, outcome="paused", detail={"told": "another"}),)))
        self._ready.set()
        while not self._over.is_set():
            await asyncio.to_thread(self._over.wait, 0.01)
            for path in [] if self._is_silent else lying(self._state):
                claimed = claim(path)
                assert claimed is not None
                self.taken.append(told := read_order(claimed))
                claimed.unlink()
                seq += 1
                row = AuditRow(kind="operator", wall=2, outcome=self._outcome, reason="so it is", detail={"told": told.id})
                await store.commit(Commit(seq, audit=(row,)))
        await store.close()


@pytest.fixture
def agent(config) -> Iterator[Callable[..., Agent]]:
    """`agent(outcome)`: one that runs, and answers so."""
    agents: list[Agent] = []

    def start(outcome: str = "done", *, is_silent: bool = False) -> Agent:
        agents.append(Agent(config.parent / "state", outcome, is_silent=is_silent))
        return agents[-1]

    yield start
    for one in agents:
        one.end()


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        (("pause", "--for", "2h"), OperatorPaused, {"rule": "", "target": ""}),
        (("pause", "--for", "2h", "--rule", "a*", "--target", "web1/*"), OperatorPaused, {"rule": "a*", "target": "web1/*"}),
        (("resume",), OperatorResumed, {"rule": "", "target": ""}),
        (("resume", "--rule", "a*"), OperatorResumed, {"rule": "a*"}),
        (
            ("silence", "stuck-*", "target=web1/*", "label.team=mail", "--for", "1d"),
            OperatorSilenced,
            {"rule": "stuck-*", "target": "web1/*", "labels": {"team": "mail"}},
        ),
        (("silence", "--end", "7.0"), OperatorUnsilenced, {"silence": "7.0"}),
        (("ack", "7.0", "--for", "2h"), OperatorAcknowledged, {"incident": "7.0", "rule": "", "target": ""}),
        (
            ("ack", "stuck-job", "web1/app", "--for", "2h"),
            OperatorAcknowledged,
            {"incident": "", "rule": "stuck-job", "target": "web1/app"},
        ),
        (("go-on", "7.0"), OperatorWentOn, {"incident": "7.0", "overruled": ()}),
        (("go-on", "7.0", "--force", "paused"), OperatorWentOn, {"incident": "7.0", "overruled": ("paused",)}),
        (("close", "7.0"), OperatorClosed, {"incident": "7.0"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_typed_is_what_the_agent_hears(ask, agent, line, kind, said):
    """With who and why, and for a time with its end; what the agent answers is printed."""
    one = agent("done")
    answer = ask(*line, *WHY)
    assert (answer.code, answer.out, answer.err) == (0, "done: so it is\n", "")
    (told,) = one.taken
    assert isinstance(told, kind)
    assert told.by
    assert told.reason == "why not"
    for name, value in said.items():
        assert getattr(told, name) == value
    if "--for" in line:
        assert told.asked < told.until <= told.asked + LONGEST


def test_a_refusal_ends_with_1(ask, agent):
    """For people on standard error, for programs as the row that the agent wrote."""
    agent("refused")
    answer = ask("resume", *WHY)
    assert (answer.code, answer.out, answer.err) == (1, "", "sidekiq-watchdog: refused: so it is\n")
    answer = ask("resume", "--json", *WHY)
    row = json.loads(answer.out)
    assert (answer.code, row["kind"], row["outcome"], row["reason"]) == (1, "operator", "refused", "so it is")


def test_without_an_agent_it_stays(ask, leave):
    """It ends with 3; the next agent finds what was said, in the order in which it was."""
    state = leave()
    for line in (("pause", "--for", "2h"), ("resume",), ("silence", "a", "--for", "2h")):
        answer = ask(*line, *WHY)
        assert (answer.code, answer.out) == (3, "")
        assert "no agent runs; the command stays" in answer.err
    assert [type(read_order(path)) for path in lying(state)] == [OperatorPaused, OperatorResumed, OperatorSilenced]


def test_an_agent_that_says_nothing(ask, agent, config, monkeypatch):
    """What it has not taken is taken back: nobody is surprised by it an hour later."""
    monkeypatch.setattr(telling, "TAKEN_WITHIN", 0.1)
    agent(is_silent=True)
    answer = ask("pause", "--for", "2h", *WHY)
    assert (answer.code, lying(config.parent / "state")) == (3, [])
    assert "has not answered within" in answer.err
    assert "taken back" in answer.err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (("pause", *WHY), "say for how long"),
        (("pause", "--for", "2h", "-c", "config.yml"), "--reason is empty"),
        (("pause", "--for", "2h", "--fleet", "--rule", "a", *WHY), "--fleet is for everything"),
        (("resume", "--fleet", "--target", "a", *WHY), "--fleet is for everything"),
        (("silence", "--for", "2h", *WHY), "say what is to be silent"),
        (("silence", "a", "--list", *WHY), "say what is to be silent"),
        (("silence", "a", *WHY), "say for how long"),
        (("silence", "colour=red", "--for", "2h", *WHY), "colour=red: write rule=…, target=…, entity=… or label.KEY=…"),
        (("silence", "rule=a[", "--for", "2h", *WHY), "rule a[: '[' is never closed"),
        (("silence", "label.team=[z-a]", "--for", "2h", *WHY), "label.team [z-a]: the range z-a is backwards"),
        (("pause", "--target", "a[", "--for", "2h", *WHY), "--target a[: '[' is never closed"),
        (("adopt", "-c", "config.yml"), "--reason is empty"),
        (("ack", "7.0", *WHY), "say for how long"),
        (("go-on", "7.0", "--force", "last_look", *WHY), "nobody can overrule last_look"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_wrong_on_the_line_is_said(ask, config, line, says):
    """Before an agent is looked for; it ends with 2, and nothing is left lying."""
    answer = ask(*line)
    assert answer.code == 2
    assert says in answer.err
    assert not (config.parent / "state").exists()


@pytest.mark.parametrize("wrong", [["=a"], ["rule="], ["label.=a"], ["rule=a", "b"], ["label.x=1", "label.x=2"]])
def test_matches_that_are_none(wrong):
    """No name, no pattern, or one name twice."""
    from watchdog.cli.exits import UsageError

    with pytest.raises(UsageError):
        read_matches(wrong)


def test_silences_are_listed(ask, leave):
    """For people by line, for programs by object; and that there are none."""
    one = {"id": "7.0", "by": "ada", "reason": "known", "matches": "rule=a*", "until_ms": 65_000}
    leave(status={"silences": [one]})
    assert ask("silence", "--list", "-c", "config.yml").out == "Silenced 7.0 by ada: rule=a*, for 1m 5s more: known\n"
    assert json.loads(ask("silence", "--list", "--json", "-c", "config.yml").out) == one
    leave(status={})
    assert ask("silence", "--list", "-c", "config.yml").out == "no silence holds\n"


def test_status_shows_what_people_have_said(ask, leave):
    """Pauses in all ways, what was seen, and silences, with who, for what and for how much longer."""
    leave(
        status={
            "pauses": [
                {"by": "ada", "reason": "deploy", "source": "command", "rule": "a*", "target": "web1/*", "until_ms": 3_600_000},
                {"by": "the pause file", "reason": "x", "source": "", "rule": "", "target": "", "until_ms": None},
                {"by": "eve", "reason": "y", "source": "fleet", "rule": "", "target": "", "until_ms": None},
            ],
            "acks": [{"by": "ada", "reason": "seen", "rule": "a", "target": "web1/app", "until_ms": 60_000}],
            "silences": [{"id": "7.0", "by": "ada", "reason": "known", "matches": "rule=a*", "until_ms": 60_000}],
        }
    )
    out = ask("status", "-c", "config.yml").out
    for line in (
        "Paused by ada (rule a* target web1/*), for 1h more: deploy",
        "Paused by the pause file: x",
        "Paused for the whole fleet by eve, without an end: y",
        "Seen by ada: a on web1/app, for 1m more: seen",
        "Silenced 7.0 by ada: rule=a*, for 1m more: known",
    ):
        assert f"{line}\n" in out


def test_ids_sort_by_time(monkeypatch, tmp_path):
    """So that what lies there is heard in the order in which it was said, whatever else is in the id."""
    moments = iter([9_999_999_999_999_000_000, 1_000_000, 2_000_000])
    monkeypatch.setattr("watchdog.cli.telling.time.time_ns", lambda: next(moments))
    last, first, second = new_id(), new_id(), new_id()
    assert first < second < last
    assert len({first, second, last}) == 3
    for id_ in (last, second, first):
        lay_down(tmp_path, OperatorResumed(id=id_, by="ada", reason="r", asked=1))
    assert [path.stem for path in lying(tmp_path)] == [first, second, last]
