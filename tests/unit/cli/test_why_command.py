"""`why`, from the command line to an agent that the test plays."""

import json

import pytest

from tests.unit.cli.api_server import served_apart, wrong
from tests.unit.cli.api_world import NAME, answers, matrix, why

HERE = ("-c", "config.yml")


@pytest.fixture
def agent(config):
    """An agent that answers."""
    with served_apart(config.parent / "state" / "api.sock") as server:
        server.answers = answers()
        yield server


def test_all_of_one(ask, agent):
    """The account of a rule on a thing; for programs with the moment at which it was so."""
    answer = ask("why", "stuck-job", f"{NAME}|t1|j1", *HERE)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[1] == "It holds: job.elapsed > 10m is true by 2m; job.elapsed is 12m"
    assert agent.asked[-1] == ("why/stuck-job", {"entity": f"{NAME}|t1|j1"})
    told = json.loads(ask("why", "stuck-job", f"{NAME}|t1|j1", "--json", *HERE).out)
    assert told["guards"][1] == {"guard": "cooldown", "answer": "DENY", "reason": "the last action on it ended 4m ago", "until_ms": 660_000}
    assert told["wall"] > 0


def test_all_things_of_a_rule(ask, agent):
    """A line for each, with what decides, its value and its margin."""
    agent.answers["matrix"] = lambda query: {
        "wall": 1,
        "seq": 1,
        "looked_ms": 0,
        "lines": [line for line in matrix().lines if line.rule == query["rule"]],
    }
    answer = ask("why", "slow-queue", *HERE)
    assert answer.code == 0
    assert "slow-queue, each queue, mode dry-run: queue.latency > 5m\n2 things to look at: 0 firing, 0 pending, 1 unknown\n" in answer.out
    assert [line.split() for line in answer.out.splitlines() if "pull" in line or "push" in line] == [
        ["false", "pull", "queue.latency", ">", "5m", "1m", "5s", "of", "5m", "-3m", "55s", "-"],
        ["unknown", "push", "queue.latency", ">", "5m", "?", "(redis)", "-", "-"],
    ]
    told = [json.loads(line) for line in ask("why", "slow-queue", "--json", *HERE).out.splitlines()]
    assert [(one["rule"], one["entity"], one["state"], one["margin"]) for one in told] == [
        ("slow-queue", "pull", "false", -235_000),
        ("slow-queue", "push", "unknown", None),
    ]


def test_nothing_of_that_name(ask, agent):
    """The nearest names are said, of rules and of what they look at; it ends with 2."""
    missing = (404, wrong("not_there", "no rule of that name is in force"))
    agent.answers["matrix"] = lambda query: missing if query.get("rule") == "stuck-jbo" else matrix()
    agent.answers["why/stuck-jbo"] = missing
    agent.answers["why/slow-queue"] = why(rule="slow-queue", kind="queue", entity="pul", truth="gone", alert=None, condition=None)
    for line in (("why", "stuck-jbo"), ("why", "stuck-jbo", "x")):
        answer = ask(*line, *HERE)
        assert (answer.code, answer.out) == (2, "")
        assert "no rule 'stuck-jbo' is in force; did you mean stuck-job?" in answer.err
    answer = ask("why", "slow-queue", "pul", *HERE)
    assert answer.code == 2
    assert "none is called 'pul'; did you mean pull" in answer.err
    assert "`why slow-queue` lists them" in answer.err


def test_a_rule_without_things(ask, agent):
    """It says so, and is no error."""
    lines = [{**json.loads(json.dumps({"rule": "a", "kind": "unit", "on": None, "condition": "x", "severity": "info", "mode": "act"})), "entities": 0, "firing": 0, "pending": 0, "unknown": 0, "cells": []}]  # fmt: skip
    agent.answers["matrix"] = {"wall": 1, "seq": 1, "looked_ms": 0, "lines": lines}
    answer = ask("why", "a", *HERE)
    assert (answer.code, answer.out) == (0, "a, each unit, mode act: x\n0 things to look at: 0 firing, 0 pending, 0 unknown\n")


def test_without_an_agent(ask, config):
    """It ends with 3, and says what to do."""
    answer = ask("why", "stuck-job", *HERE)
    assert (answer.code, answer.out) == (3, "")
    assert "no agent runs on the state folder" in answer.err
