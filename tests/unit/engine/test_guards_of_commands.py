"""What each guard says where a named command is to be run: it ends nothing, and what root has against it is known by the look alone."""

import pytest

from tests.unit.engine.conftest import AT
from watchdog.engine.guards import ORDER
from watchdog.engine.incidents import Deed
from watchdog.engine.ledger import Cooldown, Ledger, Loss, Spent
from watchdog.engine.switches import Pause
from watchdog.model.kinds import Source
from watchdog.model.notices import Severity
from watchdog.model.results import CommandLook
from watchdog.model.targets import CommandRef, TargetKind, UnitRef
from watchdog.model.verdicts import Answer

TARGET = "web1/command refresh example.social"
THING = CommandRef(TARGET, "web1", "refresh", {"domain": "example.social"})
GUARDS = dict(ORDER)
OTHER = Deed(id="9.1", incident="9.0", rule="other", action="run", arguments={}, thing=CommandRef("web1/command tell", "web1", "tell", {}), entity="x", thread="t",
             severity=Severity.WARNING, notify=(), stage="run", opened_wall=0, opened_at=0, begun_at=0, since_at=0)  # fmt: skip


@pytest.fixture
def shown(view):
    """A request for a run of the command, which root allows, but for what is named."""

    def make(**changes):
        usual = {"about": TargetKind.COMMAND, "process": "", "ref": None, "signal": None, "look": None, "target": TARGET, "thing": THING, "sight": CommandLook(),
                 "action": "run", "arguments": {"command": "refresh"}, "sources": (Source.SYSTEMD,)}  # fmt: skip
        return view(**{**usual, **changes})

    return make


@pytest.mark.parametrize("name", GUARDS)
def test_nothing_stands_against_a_command(shown, name):
    """Every guard passes; before it is looked at as well."""
    assert GUARDS[name](shown()).answer is Answer.PASS
    assert GUARDS[name](shown(sight=None)).answer is Answer.PASS


@pytest.mark.parametrize("name", ["coverage", "surge", "veto", "culprits"])
def test_what_has_nothing_to_say(shown, name):
    """Whoever asks why is told so."""
    assert GUARDS[name](shown()).reason == "does not apply: a command ends no process that the agent knows of"


@pytest.mark.parametrize(
    ("name", "changes", "answer", "words"),
    [
        ("paused", {"ledger": Ledger(at=AT, pauses={"p": Pause(by="ana", reason="new disks", until_at=None)})}, Answer.DENY, "paused by ana"),
        ("paused", {"ledger": Ledger(at=AT, pauses={"p": Pause(by="ana", reason="new disks", until_at=None, target="web1/command*")})}, Answer.DENY, "paused by ana"),
        ("blind", {"ledger": Ledger(at=AT, lost={Source.SYSTEMD: Loss("reset", "the bus is gone", AT)})}, Answer.DENY, "systemd can't be read: the bus is gone"),
        ("in_flight", {"ledger": Ledger(at=AT, deeds={"9.1": OTHER})}, Answer.DENY, "incident 9.0 (run on web1/command tell) is at stage run"),
        ("in_flight", {"ledger": Ledger(at=AT, deeds={"9.1": OTHER}), "subject": "9.1"}, Answer.PASS, ""),
        ("cooldown", {"cooldowns": {TARGET: Cooldown(AT - 1_000, "other", "run")}}, Answer.DENY, "run of rule other"),
        ("cooldown", {"cooldowns": {"web1/command refresh other.social": Cooldown(AT - 1_000, "other", "run")}}, Answer.PASS, ""),
        ("budget", {"spent": {TARGET: tuple(Spent(AT - number, "stuck-job", f"i{number}") for number in (3, 2, 1))}}, Answer.ASK, "this rule has acted on"),
        ("budget", {"spent": {TARGET: tuple(Spent(AT - number, "other", f"i{number}", by_command=True) for number in range(6, 0, -1))}}, Answer.ASK, "rules have acted on web1/command"),
        ("budget", {"spent": {"web1/sidekiq.service": tuple(Spent(AT - number, "stuck-job", f"i{number}") for number in range(9, 0, -1))}}, Answer.PASS, ""),
        ("last_look", {"holds": False}, Answer.DENY, "the condition no longer holds"),
        ("last_look", {"thing": None, "unreachable": "its argument domain (job.domain) is not known"}, Answer.DENY, "its argument domain (job.domain) is not known"),
        ("last_look", {"sight": CommandLook("there is no such command")}, Answer.DENY, "there is no such command"),
    ],
)  # fmt: skip
def test_what_a_guard_says(shown, name, changes, answer, words):
    """One thing after the other stands against it."""
    verdict = GUARDS[name](shown(**changes))

    assert verdict.answer is answer
    assert words in verdict.reason


def test_what_a_command_keeps_waiting(view):
    """Other commands, and no repair: it may take long, and ends no process. A repair that is under way keeps a command waiting."""
    ledger = Ledger(at=AT, deeds={"9.1": OTHER})
    for about in (TargetKind.PROCESS, TargetKind.UNIT, TargetKind.JOBS):
        assert GUARDS["in_flight"](view(ledger=ledger, about=about)).answer is Answer.PASS
    starting = Deed(id="9.1", incident="9.0", rule="other", action="start_unit", arguments={}, thing=UnitRef("web1/x", "web1", "x"), entity="x", thread="t",
                    severity=Severity.WARNING, notify=(), stage="start", opened_wall=0, opened_at=0, begun_at=0, since_at=0)  # fmt: skip
    assert GUARDS["in_flight"](view(ledger=Ledger(at=AT, deeds={"9.1": starting}), about=TargetKind.COMMAND)).answer is Answer.DENY
