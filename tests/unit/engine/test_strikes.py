"""Strikes: whose work was caught how often, by which rule, and when that is forgotten."""

import pytest

from watchdog.engine.guards.culprits import DAY, culprits
from watchdog.engine.ledger import Ledger, Strike, decode, encode, rebase
from watchdog.engine.strikes import KEPT, caught_by, strikes_of, struck, vouched
from watchdog.model.findings import Certainty
from watchdog.model.flight import Held
from watchdog.model.verdicts import Answer

AT = 3 * DAY


def held(jid: str, job_class: str = "Push", digest: str = "d") -> Held:
    """A job in the hands of a process."""
    return Held(jid, job_class, "push", Certainty.PROVEN, ("work_hash",), True, digest=digest)


def caught(*jobs: Held, rule: str = "stuck-job", at: int = AT, before: dict[str, Strike] | None = None) -> dict[str, Strike]:
    """The strikes after each of these was caught."""
    return struck(before or {}, guilty=jobs, suspected=(), at=at, rule=rule)


def test_a_job_is_counted_under_two_names():
    """Its jid, with the rule that caught it, and its work, which another jid can have."""
    strikes = caught(held("j2"), before=caught(held("j1"), at=AT - 5))

    assert strikes == {
        "jid j1": Strike(1, 0, AT - 5, "stuck-job", "Push", "Push d"),
        "Push d": Strike(2, 0, AT),
        "jid j2": Strike(2, 0, AT, "stuck-job", "Push", "Push d"),
    }


def test_who_was_caught_by_which_rule():
    """Different jobs of each class, not how often; suspicions are no proof, and old ones count no more."""
    strikes = caught(held("j1"), held("j2", digest="e"), held("m1", "Mail"), at=AT - 10)
    strikes = caught(held("j1"), before=strikes)
    strikes = caught(held("x1"), rule="other", before=strikes)
    strikes = struck(strikes, guilty=(), suspected=(held("s1", digest="f"),), at=AT, rule="stuck-job")

    assert caught_by(strikes, "stuck-job", since=0) == {"Push": (AT - 10, AT), "Mail": (AT - 10,)}
    assert caught_by(strikes, "stuck-job", since=AT - 10) == {"Push": (AT,)}
    assert caught_by(strikes, "other", since=0) == {"Push": (AT,)}


@pytest.mark.parametrize(
    ("number", "limit", "answer"),
    [(2, 3, Answer.PASS), (3, 3, Answer.ASK), (9, 3, Answer.ASK), (3, 4, Answer.PASS), (9, 0, Answer.PASS), (1, 1, Answer.ASK)],
)
def test_how_many_stop_the_rule(view, number, limit, answer):
    """Up to the very job; 0 stops nothing."""
    strikes = caught(*(held(f"j{one}", digest=f"d{one}") for one in range(number)))
    verdict = culprits(view(at=AT, ledger=Ledger(strikes=strikes), settings={"culprits": limit}))

    assert verdict.answer is answer
    if answer is Answer.ASK:
        assert verdict.reason == f"{number} different jobs of Push were caught by this rule within 24 h: no single job is the cause"
        assert verdict.until == AT + DAY


def test_jobs_of_several_classes_do_not_stop_it(view):
    """Two of one and two of another are two bad jobs each."""
    strikes = caught(*(held(f"j{one}", f"C{one % 2}", f"d{one}") for one in range(4)))

    assert culprits(view(at=AT, ledger=Ledger(strikes=strikes))).answer is Answer.PASS


def test_what_another_rule_caught_does_not_stop_it(view):
    """It may be wrong about them."""
    strikes = caught(*(held(f"j{one}", digest=f"d{one}") for one in range(5)), rule="other")

    assert culprits(view(at=AT, ledger=Ledger(strikes=strikes))).answer is Answer.PASS


def test_the_next_step_of_an_incident_is_not_stopped(view):
    """What has begun is brought to its end, though it caught the third itself."""
    strikes = caught(*(held(f"j{one}", digest=f"d{one}") for one in range(3)))

    assert culprits(view(at=AT, ledger=Ledger(strikes=strikes), incident="7.0")).answer is Answer.PASS


def test_it_ends_with_the_day(view):
    """As soon as fewer than the limit lie within 24 h, to the millisecond, the rule acts again; that time is told beforehand."""
    strikes: dict[str, Strike] = {}
    for number in range(4):
        strikes = caught(held(f"j{number}", digest=f"d{number}"), at=AT + number * 1_000, before=strikes)
    shown = view(at=AT + 5_000, ledger=Ledger(strikes=strikes))
    until = culprits(shown).until

    assert until == AT + 1_000 + DAY
    assert culprits(view(at=until - 1, ledger=Ledger(strikes=strikes))).answer is Answer.ASK
    assert culprits(view(at=until, ledger=Ledger(strikes=strikes))).answer is Answer.PASS


def test_it_survives_being_written_down_and_a_reboot(view):
    """The ledger holds it, and engine time that begins anew moves it."""
    strikes = caught(*(held(f"j{one}", digest=f"d{one}") for one in range(3)))
    ledger = rebase(decode(encode(Ledger(strikes=strikes))), -AT)

    assert culprits(view(at=10_000, ledger=ledger)).until == DAY


def test_who_puts_a_job_back_vouches_for_it():
    """Both of its names are forgotten, up to that moment; what it does afterwards counts from one."""
    strikes = caught(held("j2", "Mail", "m"), before=caught(held("j1")))
    forgiven = vouched(strikes, "j1", until=AT + 1)

    assert set(forgiven) == {"jid j2", "Mail m"}
    assert strikes_of(forgiven, held("j1"), AT + 2).count == 0
    again = caught(held("j1"), before=dict(forgiven), at=AT + 10)
    assert vouched(again, "j1", until=AT + 1) is again, "told a second time it forgives nothing that came after"
    assert vouched(strikes, "unknown", until=AT) is strikes


def test_strikes_end():
    """After thirty days the work is as good as any other."""
    strikes = caught(held("j1"))

    assert strikes_of(strikes, held("j1"), AT + KEPT - 1).count == 1
    assert strikes_of(strikes, held("j1"), AT + KEPT).count == 0
