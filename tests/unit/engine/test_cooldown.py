"""How long the guard `cooldown` keeps a rule from a target, and after what."""

import msgspec
import pytest

from tests.unit.engine.conftest import AT, ONE
from tests.unit.engine.test_guards import NAME
from watchdog.engine.deploys import Deploys, Sign
from watchdog.engine.guards.cooldown import cooldown
from watchdog.engine.ledger import Cooldown, Ledger, Spent
from watchdog.model.targets import ProcessRef
from watchdog.model.verdicts import Answer

UNIT = "sidekiq@push.service"


@pytest.mark.parametrize(
    ("ended", "answer", "until"),
    [
        (AT, Answer.DENY, AT + 300_000),
        (AT - 299_999, Answer.DENY, AT + 1),
        (AT - 300_000, Answer.PASS, None),
        (AT + 9_000, Answer.DENY, AT + 309_000),
    ],
)
def test_cooldown(view, ended, answer, until):
    """Counted from the end of the last action, whoever asked for it, up to the very millisecond."""
    shown = view(cooldowns={"web1/app[push]": Cooldown(ended, "other-rule", "terminate_process")})
    verdict = cooldown(shown)

    assert (verdict.answer, verdict.until) == (answer, until)
    if answer is Answer.DENY:
        assert verdict.reason.startswith("terminate_process of rule other-rule on web1/app[push] ")
        assert "-" not in verdict.reason.removeprefix("terminate_process of rule other-rule")


@pytest.mark.parametrize(
    ("actions", "cooldown_max", "minutes"),
    [
        ((), 240, 5),
        ((0,), 240, 5),
        ((0, -60_000), 240, 10),
        ((0, -60_000, -120_000), 240, 20),
        ((0, 0), 240, 10),
        ((0, -86_399_999), 240, 10),
        ((0, -86_400_000), 240, 5),
        (tuple(range(0, -100, -1)), 240, 240),
        ((0, -1, -2), 15, 15),
        ((0, -1, -2), 3, 5),
        ((0, -1, -2), 0, 5),
    ],
)
def test_the_cooldown_grows_and_falls_back(view, actions, cooldown_max, minutes):
    """It doubles with each action of the last day, up to its limit, and is never less than the rule says; and the reason tells why."""
    settings = {"cooldown": 300_000, "cooldown_max": cooldown_max * 60_000}
    shown = view(
        cooldowns={NAME: Cooldown(AT, "r", "a")}, settings=settings, spent={NAME: tuple(Spent(AT + ago, "r", f"{number}.0") for number, ago in enumerate(actions))},
    )  # fmt: skip
    verdict = cooldown(shown)

    assert (verdict.answer, verdict.until) == (Answer.DENY, AT + minutes * 60_000)
    grown = f"; after {sum(ago > -86_400_000 for ago in actions)} actions within 24 h the cooldown is {minutes} min"
    assert verdict.reason == f"a of rule r on {NAME} ended 0 s ago" + (grown if minutes > 5 else "")


def test_no_cooldown_does_not_grow(view):
    """Twice nothing is nothing."""
    settings = {"cooldown": 0, "cooldown_max": 14_400_000}
    spent = {NAME: tuple(Spent(AT, "r", f"{number}.0") for number in range(5))}

    assert cooldown(view(cooldowns={NAME: Cooldown(AT, "r", "a")}, settings=settings, spent=spent)).answer is Answer.PASS


def test_the_steps_of_an_incident_are_one_action(view):
    """However many there were."""
    steps = tuple(Spent(AT - number, "r", "1.0") for number in range(4))

    assert cooldown(view(cooldowns={NAME: Cooldown(AT, "r", "a", "1.0")}, spent={NAME: steps})).until == AT + 300_000


@pytest.mark.parametrize(
    ("sign", "until"),
    [
        (Sign("w", AT - 10_000, AT - 5_000), AT + 295_000),
        (Sign("w", AT - 10_000), AT + 290_000),
        (Sign("w", AT - 400_000, AT - 300_000), None),
        (None, None),
    ],
)
def test_what_others_did_to_its_unit_counts_too(view, sign, until):
    """Whoever has just had it restarted is waited for like the agent itself; not whoever orders it by hand."""
    signs = {} if sign is None else {f"job {UNIT}": sign}
    shown = view(
        ref=ProcessRef(f"web1/{UNIT}", ONE, "web1", 10, 77, "boot-1", "app", UNIT), ledger=Ledger(deploys=Deploys(signs)),
        cooldowns={NAME: Cooldown(AT - 300_000, "r", "a")},
    )  # fmt: skip

    assert (cooldown(shown).until, cooldown(shown).answer) == (until, Answer.PASS if until is None else Answer.DENY)
    assert cooldown(shown).reason.startswith("what somebody else had systemd do with web1/app[push] ended ") is (until is not None)
    assert cooldown(msgspec.structs.replace(shown, overruled=())).answer is Answer.PASS


def test_cooldown_is_that_of_the_target(view):
    """What was done to another target is no reason."""
    assert cooldown(view(cooldowns={"web1/app[pull]": Cooldown(AT, "r", "a")})).answer is Answer.PASS
