"""The guard `deploy`, and what is taken for a sign of a deployment: each of them, for how long, and what is none."""

from typing import Any

import pytest

from tests.scenario.conversation import WALL, Conversation, found, host, process, redis, rules
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.deploys import Deploys, Label, Sign
from watchdog.engine.guards.deploy import DAY, deploy
from watchdog.engine.ledger import Ledger, decode, encode, rebase
from watchdog.engine.state import State
from watchdog.model.events import Delta, Gone, Observed, TimeReached
from watchdog.model.kinds import Kind, Source
from watchdog.model.verdicts import Answer

WINDOW = 1_800_000
TWO, THREE = "web1:11:def", "web1:12:fed"
UNIT = "sidekiq@push.service"
RULE = "rules: [{rule: slow, each: job, when: job.elapsed > 20s}]"


def signs(**one: Sign) -> Ledger:
    """A ledger with these signs; `command` is that of a host."""
    return Ledger(deploys=Deploys(signs={"command web1" if name == "command" else name: sign for name, sign in one.items()}))


@pytest.mark.parametrize(
    ("ledger", "after", "answer", "until"),
    [
        (signs(), 0, Answer.PASS, None),
        (signs(code=Sign("w", AT, AT)), 0, Answer.DENY, AT + WINDOW),
        (signs(code=Sign("w", AT, AT)), WINDOW - 1, Answer.DENY, AT + WINDOW),
        (signs(code=Sign("w", AT, AT)), WINDOW, Answer.PASS, None),
        (signs(job=Sign("w", AT)), WINDOW - 1, Answer.DENY, None),
        (signs(job=Sign("w", AT)), WINDOW, Answer.PASS, None),
        (signs(job=Sign("w", AT, AT + 60_000)), 60_000, Answer.PASS, None),
        (signs(reload=Sign("w", AT)), WINDOW - 1, Answer.DENY, None),
        (signs(reload=Sign("w", AT)), WINDOW, Answer.PASS, None),
        (signs(command=Sign("w", AT)), WINDOW, Answer.DENY, None),
        (signs(command=Sign("w", AT)), DAY - 1, Answer.DENY, None),
        (signs(command=Sign("w", AT)), DAY, Answer.PASS, None),
        (signs(command=Sign("w", AT, AT + 60_000)), WINDOW, Answer.DENY, AT + 60_000 + WINDOW),
        (signs(command=Sign("w", AT, AT + 60_000)), WINDOW + 60_000, Answer.PASS, None),
        (signs(code=Sign("w", AT, AT), version=Sign("v", AT + 5, AT + 5)), WINDOW, Answer.DENY, AT + 5 + WINDOW),
    ],
)
def test_how_long_a_sign_counts(view, ledger, after, answer, until):
    """
    For so long after it was last new, to the millisecond; a command as long as it runs and after its end, but for a day at most.

    What systemd is to do counts until it is done, and not if that never comes.
    """
    verdict = deploy(view(ledger=ledger, at=AT + after))

    assert (verdict.answer, verdict.until) == (answer, until)


@pytest.mark.parametrize("ledger", [signs(command=Sign("rake", AT)), signs(code=Sign("w", AT, AT))])
def test_it_can_be_put_off(view, ledger):
    """With no time at all nothing is a sign; that is how an order by hand is judged, which is a part of the deployment."""
    assert deploy(view(ledger=ledger, settings={"deploy": 0})).answer is Answer.PASS


def test_it_says_what_it_saw(view):
    """In words that name the sign, and when it was."""
    runs = deploy(view(ledger=signs(command=Sign("rails db:migrate on web1", AT))))
    newer = deploy(view(ledger=signs(code=Sign("db/schema.rb was changed", AT, AT)), at=AT + 250_000))

    assert runs.reason == "somebody is deploying: rails db:migrate on web1"
    assert newer.reason == "somebody has just deployed, or still does: db/schema.rb was changed, 4 min ago"


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ((), ["code files", "commands", "units"]),
        ((Delta(Kind.HOST, "web1", {"deploying": False}),), ["code files", "units"]),
        ((process(ONE, AT, code_changed=True), Delta(Kind.UNIT, UNIT, {"job": ""})), ["commands"]),
        ((Delta(Kind.HOST, "web1", {"deploying": True}), process(ONE, AT, code_changed=False), Delta(Kind.UNIT, UNIT, {})), []),
    ],
)
def test_what_was_not_looked_at_is_said(view, changes, lacking):
    """A no that rests on half of the signs says so."""
    verdict = deploy(view(world=picture(*changes)))

    assert verdict.answer is Answer.PASS
    assert [name for name in ("code files", "commands", "units") if name in verdict.reason] == lacking
    assert verdict.reason.startswith("not looked at for a deployment: ") is bool(lacking)


def test_signs_are_in_the_ledger():
    """Over a restart and a reboot."""
    ledger = Ledger(deploys=Deploys({"code": Sign("w", AT, AT), "command web1": Sign("c", AT)}, {"app 7.2": Label(AT)}, {ONE: WALL}, 2))
    moved = rebase(decode(encode(ledger)), 1_000).deploys

    assert moved.signs == {"code": Sign("w", AT + 1_000, AT + 1_000), "command web1": Sign("c", AT + 1_000)}
    assert (moved.labels, moved.code_wall, moved.quiet) == ({"app 7.2": Label(AT + 1_000)}, {ONE: WALL}, 2)


class Server(Conversation):
    """A server whose three processes have run for long; what is told of it afterwards is what a test is about."""

    def __init__(self) -> None:
        super().__init__(rules(RULE))
        self.hear(redis(*(process(one, 10, version="7.2.4") for one in (ONE, TWO, THREE)), complete=True), at=10)
        self.hear(host(*(found(one) for one in (ONE, TWO, THREE))))
        self.of_host(deploying=False, deploy_command="")
        self.of_unit()
        for one in (ONE, TWO, THREE):
            self.code(one, changed=0)
        assert self.signs == {}

    @property
    def signs(self) -> dict[str, Sign]:
        return self.state.ledger.deploys.signs

    def of_host(self, **readings: Any) -> None:
        self.hear(host(Delta(Kind.HOST, "web1", readings)))

    def of_unit(self, **readings: Any) -> None:
        known = {"state": "active", "sub_state": "running", "restarts": 0, "job": "", "reload_needed": False}
        self.hear(Observed(Source.SYSTEMD, (Delta(Kind.UNIT, UNIT, known | readings),)))

    def code(self, one: str, *, changed: int) -> None:
        """Of that process the host says when the newest file that is newer than it was changed."""
        told = {"code_changed": bool(changed), "changed_file": "Gemfile.lock" if changed else "", "changed_wall": changed}
        self.hear(host(Delta(Kind.PROCESS, one, told)))


@pytest.fixture
def server() -> Server:
    """One that has been so for a while."""
    server = Server()
    server.at = AT
    return server


def test_a_command(server):
    """From its beginning to its end; what it is, is told."""
    server.of_host(deploying=True, deploy_command="rails db:migrate")
    assert server.signs == {"command web1": Sign("rails db:migrate on web1", AT)}

    server.at += 60_000
    server.of_host(deploying=False, deploy_command="")
    assert server.signs == {"command web1": Sign("rails db:migrate on web1", AT, AT + 60_000)}
    assert [row.reason for row in server.audit("agent") if row.outcome == "sign of a deployment"] == ["rails db:migrate on web1"]


def test_code_that_was_changed(server):
    """Once for each change of a file, however many processes are older than it, and not again by who is still older."""
    server.code(ONE, changed=WALL + AT)
    server.at += 5_000
    server.hear(redis(process(ONE, server.at)))
    assert server.signs == {"code": Sign(f"Gemfile.lock was changed after {ONE} was started", AT, AT)}

    server.at += 5_000
    server.code(ONE, changed=WALL + server.at)
    assert server.signs["code"].seen_at == AT + 10_000
    server.at += 5_000
    server.code(ONE, changed=0)
    assert server.signs["code"].seen_at == AT + 10_000


@pytest.mark.parametrize("ago", [0, 60_000, 90_000])
def test_code_that_was_changed_while_nobody_looked(ago):
    """What the first look at a process finds is as old as the file says."""
    talk = Conversation(rules(RULE))
    talk.at = AT
    talk.hear(host(Delta(Kind.PROCESS, ONE, {"code_changed": True, "changed_file": "Gemfile.lock", "changed_wall": WALL + AT - ago})))

    assert talk.state.ledger.deploys.signs["code"].seen_at == AT - ago


def test_it_is_remembered_for_the_living_alone(server):
    """Of who has left nothing more is kept."""
    server.hear(host(Gone(Kind.PROCESS, ONE, "exited")))

    assert set(server.state.ledger.deploys.code_wall) == {TWO, THREE}


@pytest.mark.parametrize(
    ("readings", "is_sign"),
    [
        ({"job": "stop", "state": "active"}, True),
        ({"job": "restart", "state": "deactivating", "restarts": 3}, True),
        ({"job": "start", "state": "inactive"}, True),
        ({"job": "start", "state": "activating", "sub_state": "start"}, True),
        ({"job": "start", "state": "activating", "sub_state": "start", "restarts": 1}, False),
        ({"job": "restart", "state": "activating", "sub_state": "auto-restart"}, False),
        ({"job": "restart", "state": "activating", "sub_state": "auto-restart-queued"}, False),
        ({"state": "failed"}, False),
    ],
)
def test_a_job_of_systemd(server, readings, is_sign):
    """Whatever somebody wants done with a unit; not that systemd revives one that crashes, or it would keep all others from being helped."""
    server.of_unit(**readings)

    assert list(server.signs) == ([f"job {UNIT}"] if is_sign else [])


def test_files_of_a_unit(server):
    """`systemctl daemon-reload` is wanted: counted from when it began, as it can be forgotten for weeks."""
    server.of_unit(reload_needed=True)
    server.at += 60_000
    server.of_unit(reload_needed=True, state="reloading")

    assert server.signs == {f"reload {UNIT}": Sign(f"files of {UNIT} are newer than what systemd has read", AT)}


@pytest.mark.parametrize(
    ("arriving", "sign"),
    [
        ({"version": "7.2.4"}, None),
        ({"version": "7.3.0"}, "app 7.3.0"),
        ({"version": "7.2.4", "tag": "20261126"}, "20261126 7.2.4"),
        ({}, None),
        ({"tag": "20261126"}, "20261126"),
    ],
)
def test_another_version_or_tag(server, arriving, sign):
    """The first process that comes with it is a sign, at the time of its start; those after it, and a version that could not be read, are none."""
    new = "web1:13:aaa"
    server.hear(redis(process(new, AT, booted_at=AT - 3_000, **arriving)))
    words = "processes have come with another version or tag: "
    assert server.signs == ({"version": Sign(f"{words}{sign}", AT - 3_000, AT - 3_000)} if sign else {})

    server.at += 60_000
    server.hear(redis(Gone(Kind.PROCESS, ONE, "stopped"), process("web1:14:bbb", server.at, booted_at=server.at, **arriving)))
    assert not server.signs or server.signs["version"].seen_at == AT - 3_000


def test_the_first_versions_ever_are_no_news():
    """A fleet of two versions is one that the agent has just met; who booted long ago is no sign whenever he is first seen."""
    talk = Conversation(rules(RULE))
    talk.hear(redis(process(ONE, AT, version="7.2.4"), process(TWO, AT, version="6.5.12"), complete=True), at=AT)

    assert all(sign.seen_at == 0 for sign in talk.state.ledger.deploys.signs.values())


def test_several_that_are_quiet(server):
    """From two on, when one more is: not one alone, nor who has been left so for hours."""
    server.hear(redis(process(ONE, AT, quiet=True)))
    assert server.signs == {}

    server.hear(redis(process(TWO, AT, quiet=True)))
    assert server.signs["quiet"].words == "2 processes have been told to be quiet, and not by this agent"
    server.at += 60_000
    server.hear(redis(process(TWO, server.at, quiet=True)))
    assert server.signs["quiet"].seen_at == AT
    server.hear(redis(process(THREE, server.at, quiet=True)))
    assert server.signs["quiet"].seen_at == AT + 60_000


def test_a_restart_of_the_agent_makes_no_sign_of_what_was_one(server):
    """What the ledger has seen is no news to a successor; what has happened meanwhile is."""
    for one in (ONE, TWO):
        server.hear(redis(process(one, AT, quiet=True)))
    server.code(ONE, changed=WALL + AT)
    before = server.signs
    server.at += 600_000
    server.crash()
    server.hear(redis(*(process(one, server.at, quiet=one != THREE, version="7.2.4") for one in (ONE, TWO, THREE)), complete=True))
    server.code(ONE, changed=WALL + AT)
    assert server.signs == before

    server.code(ONE, changed=WALL + server.at)
    assert server.signs["code"].seen_at == server.at


def test_a_turn_that_was_undone_loses_no_sign(server):
    """The reading stays although nothing of it was written down: it is noticed in the next turn."""
    before = server.state.ledger
    server.of_host(deploying=True, deploy_command="rails db:migrate")
    server.code(ONE, changed=WALL + AT)
    for one in (ONE, TWO):
        server.hear(redis(process(one, AT, quiet=True)))
    noted = set(server.signs)
    server.state = State(before, server.state.world)
    server.state.world.must_judge_all = True
    server.hear(TimeReached())

    assert set(server.signs) == noted == {"command web1", "code", "quiet"}
