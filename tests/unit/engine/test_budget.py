"""The budget guard: how often a rule may act on a target, in a time that slides."""

import msgspec
import pytest

from tests.scenario.conversation import process
from tests.unit.engine.conftest import AT, ONE, picture
from watchdog.engine.fleet import Fleet
from watchdog.engine.guards.budget import budget
from watchdog.engine.ledger import Ledger, Shadow, Spent, decode, encode, rebase
from watchdog.engine.spending import KEPT, MOST, both, exhausted_until, with_one
from watchdog.model.parameters import Allowance
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Answer, Verdict

HOUR = 3_600_000
NAME = "web1/app[push]"
THRICE = Allowance(3, HOUR)
MANY = Allowance(1_000, HOUR)


def spent(*times: int, rule: str = "stuck-job") -> tuple[Spent, ...]:
    """An incident of its own at each of these times."""
    return tuple(Spent(at, rule, f"{at}.0") for at in times)


def settings(budget: Allowance = MANY, *, target: Allowance = MANY, host: Allowance = MANY) -> dict[str, Allowance]:
    """Of the three budgets those that matter."""
    return {"budget": budget, "target_budget": target, "host_budget": host}


@pytest.mark.parametrize(
    ("times", "allowance", "until"),
    [
        ((), THRICE, None),
        ((AT - 10, AT - 5), THRICE, None),
        ((AT - 10, AT - 5, AT), THRICE, AT - 10 + HOUR),
        ((AT - 20, AT - 10, AT - 5, AT), THRICE, AT - 10 + HOUR),
        ((AT - HOUR, AT - 5, AT), THRICE, None),
        ((AT - HOUR + 1, AT - 5, AT), THRICE, AT + 1),
        ((AT,), Allowance(1, 60_000), AT + 60_000),
        ((AT - 1,), Allowance(2, 60_000), None),
        ((), Allowance(0, 60_000), AT + 60_000),
    ],
)
def test_how_much_is_left(view, times, allowance, until):
    """The window slides, to the very millisecond: it is free again when fewer than that lie in it."""
    verdict = budget(view(spent={NAME: spent(*times)}, settings=settings(allowance)))

    assert (verdict.answer, verdict.until) == (Answer.PASS if until is None else Answer.ASK, until)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [({}, Answer.ASK), ({"at": AT + 1_000}, Answer.PASS), ({"incident": "7.0"}, Answer.PASS), ({"about": TargetKind.JOBS}, Answer.PASS), ({"of_the_dead": True}, Answer.PASS)],
)  # fmt: skip
def test_the_fleet_has_one_too(view, changes, answer):
    """Once all agents together have acted as often as they may a person is asked, up to that time; not about jobs, the dead, or what has begun."""
    verdict = budget(view(ledger=Ledger(fleet=Fleet(spent_until_at=AT + 1_000)), **changes))

    assert (verdict.answer, verdict.until) == (answer, AT + 1_000 if answer is Answer.ASK else None)


def test_it_asks_in_words(view):
    """What has been spent, and of which target."""
    verdict = budget(view(spent={NAME: spent(AT, AT - 1, AT - 2)}))

    assert verdict == Verdict("budget", Answer.ASK, f"this rule has acted on {NAME} 3 times within 1 h already", AT - 2 + HOUR)


def test_each_rule_and_each_target_has_its_own(view):
    """What another rule did here, or this rule did there, does not count."""
    book = {NAME: spent(AT, AT - 1, AT - 2, rule="other"), "web1/else": spent(AT, AT - 1, AT - 2)}

    assert budget(view(spent=book)).answer is Answer.PASS


@pytest.mark.parametrize(
    ("book", "until"),
    [
        ({NAME: (*spent(AT - 30, rule="a"), *spent(AT - 20, rule="b"))}, None),
        ({NAME: (*spent(AT - 30, rule="a"), *spent(AT - 20, rule="b"), *spent(AT - 10))}, AT - 30 + HOUR),
        ({NAME: (*spent(AT - HOUR, rule="a"), *spent(AT - 20, rule="b"), *spent(AT - 10))}, None),
        ({NAME: (*spent(AT - 30, rule="order:1"), *spent(AT - 20, rule="order:2"), *spent(AT - 10))}, None),
        ({NAME: spent(AT - 30), "web1/else": spent(AT - 20, AT - 10)}, None),
    ],
)
def test_all_rules_together_on_one_target(view, book, until):
    """Whatever the share of each; what people have ordered is not theirs."""
    verdict = budget(view(spent=book, settings=settings(target=THRICE)))

    assert (verdict.answer, verdict.until) == (Answer.PASS if until is None else Answer.ASK, until)
    if until is not None:
        assert verdict.reason == f"rules have acted on {NAME} 3 times within 1 h already"


@pytest.mark.parametrize(
    ("book", "until"),
    [
        ({"web1/a": spent(AT - 30), "web1/b": spent(AT - 20, rule="b")}, None),
        ({"web1/a": spent(AT - 10), "web1/b": spent(AT - 30, rule="b"), "web1/c": spent(AT - 20, rule="c")}, AT - 30 + HOUR),
        ({"web1/a": spent(AT - 10), "web1/b": spent(AT - HOUR), "web1/c": spent(AT - 20)}, None),
        ({"web1/a": spent(AT - 10), "web2/b": spent(AT - 30), "web1/c": spent(AT - 20)}, None),
        ({"web1/a": spent(AT - 10), "web11/b": spent(AT - 30), "web1/c": spent(AT - 20)}, None),
        ({"web1/a": spent(AT - 10), "retries of push": spent(AT - 30), "web1/c": spent(AT - 20)}, None),
        ({"web1/a": spent(AT - 10), "web1/b": spent(AT - 30, rule="order:1"), "web1/c": spent(AT - 20)}, None),
        ({"web1/a": spent(AT - 10), "web1/command tell": (Spent(AT - 30, "c", "1.0", by_command=True),), "web1/c": spent(AT - 20)}, None),
        ({"web1/a": spent(AT - 10), "web1/command[push]": spent(AT - 30), "web1/c": spent(AT - 20)}, AT - 30 + HOUR),
    ],
)
def test_all_rules_together_on_one_host(view, book, until):
    """Over all its targets, the oldest first; other hosts, jobs, commands and what people have ordered are none of it."""
    verdict = budget(view(spent=book, settings=settings(host=THRICE)))

    assert (verdict.answer, verdict.until) == (Answer.PASS if until is None else Answer.ASK, until)
    if until is not None:
        assert verdict.reason == "rules have acted on the host web1 3 times within 1 h already"


@pytest.mark.parametrize(("action", "about"), [("stop_delivery", TargetKind.COMMAND), ("domain_block", TargetKind.PEER)])
def test_other_servers_are_counted_together(view, action, about):
    """A rule takes on few of them, and the rest can wait without a question; what other rules did is theirs."""
    book = {
        "web1/command stop-delivery a.example": spent(AT - 3),
        "server b.example": spent(AT - 1),
        "server c.example": spent(AT, rule="other"),
    }
    shown = view(spent=book, settings=settings(Allowance(2, HOUR)), action=action, about=about, target="server d.example")

    assert budget(shown) == Verdict("budget", Answer.DENY, "this rule has acted on other servers 2 times within 1 h already", AT - 3 + HOUR)
    assert budget(msgspec.structs.replace(shown, settings=settings(Allowance(3, HOUR)))).answer is Answer.PASS
    assert budget(msgspec.structs.replace(shown, action="run")).answer is Answer.PASS
    assert budget(msgspec.structs.replace(shown, incident="9.0")).answer is Answer.PASS


def test_a_person_has_a_budget_of_his_own(view):
    """What rules have done keeps nobody from ordering by hand; an incident that goes on is not stopped by it either."""
    shown = view(spent={NAME: spent(AT, AT - 1, AT - 2, rule="other")}, settings=settings(target=THRICE, host=THRICE))

    assert budget(shown).answer is Answer.ASK
    assert budget(msgspec.structs.replace(shown, overruled=())).answer is Answer.PASS
    assert budget(msgspec.structs.replace(shown, incident="9.0")).answer is Answer.PASS


def test_an_incident_of_many_steps_is_one(view):
    """And its own next step is not stopped by what it has done itself."""
    steps = tuple(Spent(AT - number, "stuck-job", "7.0") for number in range(5))

    assert budget(view(spent={NAME: steps})).answer is Answer.PASS
    assert budget(view(spent={NAME: spent(AT, AT - 1, AT - 2)}, incident="7.0")).answer is Answer.PASS


@pytest.mark.parametrize(("ago", "answer"), [(0, Answer.ASK), (24 * HOUR - 1, Answer.ASK), (24 * HOUR, Answer.PASS)])
def test_who_serves_the_schedule_is_ended_once_a_day(view, ago, answer):
    """By whichever rule, whatever its budget; it is one of a kind."""
    shown = view(
        at=AT + 48 * HOUR, world=picture(process(ONE, AT, queues=("push", "scheduler"))), spent={NAME: spent(AT + 48 * HOUR - ago, rule="other")},
        settings=settings(),
    )  # fmt: skip
    verdict = budget(shown)

    assert verdict.answer is answer
    if answer is Answer.ASK:
        assert verdict.reason == f"{NAME} serves the queue scheduler, and was acted upon within 24 h"


def test_it_is_in_the_ledger():
    """Over a restart and a reboot, dry-run's share too."""
    ledger = Ledger(spent={NAME: spent(AT)}, shadow=Shadow(spent={NAME: spent(AT + 5)}))
    moved = rebase(decode(encode(ledger)), 1_000)

    assert [one.at for one in moved.spent[NAME]] == [AT + 1_000]
    assert [one.at for one in moved.shadow.spent[NAME]] == [AT + 1_005]


def test_the_book_stays_small():
    """What is older than any allowance is forgotten, and of a target so many are remembered as any allowance can ask for."""
    book = with_one({"old": spent(AT), NAME: spent(*range(AT, AT + MOST))}, NAME, Spent(AT + KEPT, "r", "9.0"))

    assert set(book) == {NAME}
    assert len(book[NAME]) == MOST
    assert book[NAME][-1] == Spent(AT + KEPT, "r", "9.0")


def test_both_books_are_one_in_dry_run():
    """In the order of time."""
    assert both({NAME: spent(1, 5)}, {NAME: spent(3), "else": spent(2)}) == {NAME: spent(1, 3, 5), "else": spent(2)}
    assert exhausted_until(both({NAME: spent(1, 5)}, {NAME: spent(3)})[NAME], Allowance(3, 10), 6) == 11


@pytest.mark.parametrize(
    ("per", "words"),
    [(86_400_000, "1 d"), (7_200_000, "2 h"), (90 * 60_000, "90 min"), (1_500, "1500 ms"), (30_000, "30 s")],
)
def test_an_allowance_is_shown_as_people_say_it(per, words):
    """In the greatest unit of which it is a whole number."""
    assert str(Allowance(3, per)) == f"3 times within {words}"
