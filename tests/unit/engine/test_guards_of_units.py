"""What each guard says where a unit is to be started: nothing is ended, so those that weigh an end have nothing to say."""

import pytest

from tests.unit.engine.conftest import AT
from watchdog.engine.deploy_signs import JOB
from watchdog.engine.deploys import Deploys, Sign
from watchdog.engine.fleet import Busy, Fleet
from watchdog.engine.guards import ORDER
from watchdog.engine.incidents import Deed
from watchdog.engine.ledger import Cooldown, Ledger, Loss, Spent
from watchdog.engine.switches import Pause
from watchdog.model.kinds import Source
from watchdog.model.notices import Severity
from watchdog.model.results import UnitLook
from watchdog.model.targets import TargetKind, UnitRef
from watchdog.model.verdicts import Answer

UNIT = "mastodon-sidekiq.service"
TARGET = f"web1/{UNIT}"
THING = UnitRef(TARGET, "web1", UNIT)
KILLED = UnitLook(load_state="loaded", state="failed", sub_state="failed", result="signal", file_state="enabled")
GUARDS = dict(ORDER)
DEED = Deed(id="9.1", incident="9.0", rule="other", action="start_unit", arguments={}, thing=UnitRef("web1/x.service", "web1", "x.service"), entity="x.service", thread="t",
            severity=Severity.WARNING, notify=(), stage="start", opened_wall=0, opened_at=0, begun_at=0, since_at=0)  # fmt: skip


@pytest.fixture
def shown(view):
    """A request for a start of the unit, which was found killed, but for what is named."""

    def make(**changes):
        usual = {"about": TargetKind.UNIT, "process": "", "ref": None, "signal": None, "look": None, "target": TARGET, "thing": THING, "sight": KILLED,
                 "action": "start_unit", "arguments": {"start_within": 120_000}, "sources": (Source.SYSTEMD,)}  # fmt: skip
        return view(**{**usual, **changes})

    return make


@pytest.mark.parametrize("name", GUARDS)
def test_nothing_stands_against_a_unit_that_was_killed(shown, name):
    """Every guard passes."""
    assert GUARDS[name](shown()).answer is Answer.PASS


@pytest.mark.parametrize("name", ["coverage", "surge", "veto", "culprits"])
def test_what_has_nothing_to_say(shown, name):
    """Whoever asks why is told so."""
    assert GUARDS[name](shown()).reason == "does not apply: nothing is ended"


@pytest.mark.parametrize(
    ("name", "changes", "answer", "words"),
    [
        ("paused", {"ledger": Ledger(at=AT, pauses={"p": Pause(by="ana", reason="new disks", until_at=None, target=UNIT)})}, Answer.DENY, "paused by ana"),
        ("blind", {"ledger": Ledger(at=AT, lost={Source.SYSTEMD: Loss("reset", "the bus is gone", AT)})}, Answer.DENY, "systemd can't be read: the bus is gone"),
        ("protected", {"settings": {"protected": (UNIT,)}}, Answer.DENY, f"{TARGET} is on the list"),
        ("protected", {"settings": {"protected": ("mastodon-sidekiq",)}}, Answer.DENY, f"{TARGET} is on the list"),
        ("in_flight", {"ledger": Ledger(at=AT, deeds={"9.1": DEED})}, Answer.DENY, "incident 9.0 (start_unit on web1/x.service) is at stage start"),
        ("in_flight", {"ledger": Ledger(at=AT, deeds={"9.1": DEED}), "subject": "9.1"}, Answer.PASS, ""),
        ("in_flight", {"ledger": Ledger(at=AT, fleet=Fleet(busy=Busy("another host acts", AT + 1)))}, Answer.PASS, ""),
        ("cooldown", {"cooldowns": {TARGET: Cooldown(AT - 1_000, "other", "recover_process")}}, Answer.DENY, "recover_process of rule other"),
        ("cooldown", {"ledger": Ledger(at=AT, deploys=Deploys(signs={f"{JOB} {UNIT}": Sign("systemd is to stop it", AT - 2_000, AT - 1_000)}))}, Answer.DENY,
         "what somebody else had systemd do"),
        ("budget", {"spent": {TARGET: tuple(Spent(AT - number, "stuck-job", f"i{number}") for number in (3, 2, 1))}}, Answer.ASK, "this rule has acted on"),
        ("budget", {"spent": {"web1/y": tuple(Spent(AT - number, "r", f"i{number}") for number in range(6, 0, -1))}}, Answer.ASK, "rules have acted on the host web1"),
        ("budget", {"ledger": Ledger(at=AT, fleet=Fleet(spent_until_at=AT + 1))}, Answer.PASS, ""),
        ("last_look", {"holds": False}, Answer.DENY, "the condition no longer holds"),
        ("last_look", {"thing": None, "unreachable": "it is not known in which unit it runs"}, Answer.DENY, "it is not known in which unit it runs"),
        ("last_look", {"sight": None}, Answer.DENY, "nothing is known of it"),
        ("last_look", {"sight": UnitLook(load_state="loaded", state="active")}, Answer.DENY, "it runs"),
        ("last_look", {"sight": UnitLook(load_state="loaded", state="active"), "action": "ensure_unit"}, Answer.PASS, ""),
        ("last_look", {"sight": UnitLook(load_state="masked", state="failed"), "action": "ensure_unit"}, Answer.DENY, "it is masked"),
    ],
)  # fmt: skip
def test_what_a_guard_says(shown, name, changes, answer, words):
    """One thing after the other stands against it."""
    usual = shown()
    if "settings" in changes:
        changes = {"settings": {**usual.settings, **changes["settings"]}}
    verdict = GUARDS[name](shown(**changes))

    assert verdict.answer is answer
    assert words in verdict.reason


def test_a_process_is_left_alone_while_a_unit_is_started(view):
    """One action on a host at a time, of whichever kind; jobs are moved all the same, and the dead wait for nobody."""
    ledger = Ledger(at=AT, deeds={"9.1": DEED})

    assert GUARDS["in_flight"](view(ledger=ledger)).answer is Answer.DENY
    assert GUARDS["in_flight"](view(ledger=ledger, about=TargetKind.JOBS)).answer is Answer.PASS
    assert GUARDS["in_flight"](view(ledger=ledger, of_the_dead=True)).answer is Answer.PASS
