"""Whole conversations about deployments: while somebody changes the application, whatever looks sick is left alone; afterwards it is not."""

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from tests.scenario.test_orders import order
from watchdog.model.events import Delta, Gone, Observed
from watchdog.model.kinds import Kind, Source
from watchdog.model.results import Exited, Sent
from watchdog.model.verdicts import Mode

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops]
"""
ONE, TWO = "web1:10:abc", "web1:11:def"
NEXT, AFTER = "web1:20:aaa", "web1:21:bbb"
UNITS = {ONE: "sidekiq@push.service", TWO: "sidekiq@pull.service", NEXT: "sidekiq@push.service", AFTER: "sidekiq@pull.service"}
HALF_AN_HOUR = 1_800_000


def begun(mode: Mode = Mode.ACT) -> Conversation:
    """Two processes of long standing, of which everything can be seen that tells of a deployment."""
    talk = Conversation(rules(RULE, mode))
    talk.hear(redis(process(ONE, 1_000, version="7.2.4"), process(TWO, 1_000, version="7.2.4"), complete=True), at=1_000)
    talk.hear(host(found(ONE, unit=UNITS[ONE]), found(TWO, unit=UNITS[TWO]), command("")))
    for one in (ONE, TWO):
        talk.hear(host(code(one, changed=0)))
        talk.hear(units(one))
    return talk


def command(name: str) -> Delta:
    """What changes the application runs on the host, or nothing."""
    return Delta(Kind.HOST, "web1", {"deploying": bool(name), "deploy_command": name})


def code(one: str, *, changed: int) -> Delta:
    """When the lock file, newer than that process, was changed."""
    told = {"code_changed": bool(changed), "changed_file": "Gemfile.lock" if changed else "", "changed_wall": changed}
    return Delta(Kind.PROCESS, one, told)


def units(one: str, **readings: object) -> Observed:
    """The unit of that process."""
    known = {"state": "active", "sub_state": "running", "restarts": 0, "job": "", "reload_needed": False}
    return Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNITS[one], known | readings),))


def sick(talk: Conversation, one: str, *, for_ms: int = 21_000) -> list[str]:
    """That process has a job that goes on, and beats."""
    begin = talk.at
    lines = talk.hear(redis(process(one, begin, version="7.2.4"), job(one, f"j{begin}", begin)))
    return lines + talk.hear(redis(process(one, begin + for_ms, version="7.2.4")), at=begin + for_ms) + talk.wait(begin + for_ms)


def measured(lines: list[str]) -> list[str]:
    """Who was looked at, which is the beginning of every action."""
    return [line for line in lines if line.startswith(("measure", "signal"))]


def keep_beating(talk: Conversation, one: str, until: int) -> list[str]:
    """Nothing else happens up to that time."""
    lines = []
    while talk.at < until:
        step = min(until, talk.at + 10_000)
        lines += talk.wait(step) + talk.hear(redis(process(one, step, version="7.2.4")), at=step)
    return lines


def test_a_deployment_from_its_first_command_to_its_end():
    """
    A touched lock file, a migration, daemon-reload, a restart of all units, a new version: nothing is done, however stuck the jobs are.

    Half an hour after the last of it the agent helps again.
    """
    talk = begun()
    lines = talk.hear(host(code(ONE, changed=WALL + 1_000), code(TWO, changed=WALL + 1_000)))
    lines += talk.hear(host(command("bundle install")), at=10_000) + sick(talk, ONE)
    lines += talk.hear(host(command("rails db:migrate")), at=60_000) + sick(talk, TWO)
    lines += talk.hear(host(command("")), at=100_000)
    for one in (ONE, TWO):
        lines += talk.hear(units(one, reload_needed=True), at=talk.at + 1_000)
        lines += talk.hear(units(one, job="restart", state="deactivating"), at=talk.at + 1_000)
        lines += talk.hear(redis(process(one, talk.at, quiet=True)))
    lines += talk.hear(host(Gone(Kind.PROCESS, ONE, "exited"), Gone(Kind.PROCESS, TWO, "exited")), at=120_000)
    for one in (NEXT, AFTER):
        lines += talk.hear(redis(process(one, talk.at, version="7.3.0", booted_at=talk.at)))
        lines += talk.hear(host(found(one, unit=UNITS[one]), code(one, changed=0))) + talk.hear(units(one))
    over = talk.at
    lines += sick(talk, NEXT) + keep_beating(talk, NEXT, over + HALF_AN_HOUR - 1)

    assert measured(lines) == []
    assert {(row.decision, row.guard) for row in talk.audit("decision") if row.outcome != "no longer wanted"} == {("DENY", "deploy")}
    assert measured(keep_beating(talk, NEXT, over + HALF_AN_HOUR + 10_000))[0] == f"measure {NEXT}"
    talk.answer(HEALTHY)
    assert talk.audit("decision")[-1].decision == "ALLOW"


@pytest.mark.parametrize("mode", [Mode.ACT, Mode.DRY_RUN])
def test_code_that_nobody_restarts_into(mode):
    """An update whose restart was forgotten is guarded for half an hour, then the old process is helped like any other; dry-run says the same."""
    talk = begun(mode)
    talk.hear(host(code(ONE, changed=WALL + 1_000)))
    assert measured(sick(talk, ONE)) == []
    assert [row.reason for row in talk.audit("decision")] == [
        f"somebody has just deployed, or still does: Gemfile.lock was changed after {ONE} was started, 0 min ago"
    ]

    keep_beating(talk, ONE, HALF_AN_HOUR + 11_000)
    talk.answer(HEALTHY)
    assert talk.audit("decision")[-1].decision == ("ALLOW" if mode is Mode.ACT else "DRY_RUN")
    assert talk.state.ledger.deploys.code_wall[ONE] == WALL + 1_000


def test_a_restart_of_the_agent_in_the_middle():
    """What it has seen before is known to its successor: the migration is over, and half an hour not."""
    talk = begun()
    talk.hear(host(command("rails db:migrate")))
    talk.hear(host(command("")), at=5_000)
    talk.crash()
    talk.hear(redis(process(ONE, talk.at, version="7.2.4"), complete=True), at=30_000)
    talk.hear(host(found(ONE, unit=UNITS[ONE]), command("")))

    assert measured(sick(talk, ONE)) == []
    assert talk.audit("decision")[-1].guard == "deploy"


def test_what_the_agent_does_itself_is_no_deployment():
    """The unit that it ends is started by systemd, and that is no reason to leave the other one alone."""
    talk = begun()
    sick(talk, ONE)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.hear(units(ONE, job="restart", state="deactivating"))
    talk.answer(Exited())
    talk.hear(units(ONE, job="restart", state="activating", sub_state="auto-restart", restarts=1))
    talk.hear(host(Gone(Kind.PROCESS, ONE, "exited")))
    talk.hear(units(ONE, restarts=1))
    talk.hear(redis(process(NEXT, talk.at, version="7.2.4", booted_at=talk.at)))

    assert talk.state.ledger.deploys.signs == {}
    assert measured(sick(talk, TWO))[0] == f"measure {TWO}"


def test_what_a_person_orders_is_a_part_of_it():
    """A restart by hand after an update is not kept from its work by that update."""
    talk = begun()
    talk.hear(host(code(ONE, changed=WALL + 1_000)))
    talk.hear(order("terminate_process", at=2_000, process=ONE, overruled=("coverage",)), at=2_000)
    talk.answer(HEALTHY)

    decided = talk.audit("decision")[-1]
    assert (decided.decision, decided.detail["deploy"]) == ("ALLOW", "PASS")
