"""What guards say together, and what the mode makes of it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.engine.guards import ORDER
from watchdog.engine.guards.combine import combine, judge
from watchdog.engine.guards.view import does_not_apply
from watchdog.engine.ledger import Cooldown, Ledger
from watchdog.engine.switches import Pause
from watchdog.model.guards import BY_NAME
from watchdog.model.verdicts import Answer, Decision, Mode, Verdict

ALLOWED = {Mode.ACT: Decision.ALLOW, Mode.ASK: Decision.ASK, Mode.DRY_RUN: Decision.DRY_RUN, Mode.OBSERVE: Decision.DENY}


def verdicts(*answers: Answer) -> tuple[Verdict, ...]:
    """A guard for each answer, named by its place."""
    return tuple(
        Verdict(f"g{place}", answer, "" if answer is Answer.PASS else f"because of {place}") for place, answer in enumerate(answers)
    )


@pytest.mark.parametrize("mode", Mode)
def test_all_pass(mode):
    """With nothing against it the mode alone decides."""
    assert combine(verdicts(Answer.PASS, Answer.PASS), mode).decision is ALLOWED[mode]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("answers", list(itertools.product(Answer, repeat=3)))
def test_the_strictest_wins_whatever_the_order(answers, mode):
    """DENY beats ASK beats PASS, in every order and in every mode; the mode never makes a denial milder."""
    judgement = combine(verdicts(*answers), mode)
    strictest = max(answers)
    expected = {Answer.DENY: Decision.DENY, Answer.ASK: Decision.ASK, Answer.PASS: ALLOWED[mode]}[strictest]

    assert judgement.decision is expected
    assert judgement.verdict.guard == f"g{answers.index(strictest)}", "the first of its kind gives the reason"
    assert len(judgement.all) == len(answers), "all are kept for whoever asks why"


def test_what_nothing_speaks_against_says_each_sentence_once():
    """What was not looked at is the reason then; who does not apply is told by `why` alone."""
    said = [does_not_apply("veto", "nothing is ended"), Verdict("a", Answer.PASS, "not checked: web"), does_not_apply("surge", "nothing is ended"), Verdict("b", Answer.PASS, "not checked: web"),
            Verdict("c", Answer.PASS), Verdict("d", Answer.PASS, "no deployment looked for")]  # fmt: skip

    assert combine(tuple(said), Mode.ACT).reason == "not checked: web; no deployment looked for"
    assert combine(tuple(said[:1]), Mode.ACT).reason == ""
    assert combine((*said, Verdict("e", Answer.DENY, "nothing is ended")), Mode.ACT).reason == "nothing is ended"


@given(st.lists(st.sampled_from(Answer), min_size=1, max_size=9))
def test_dry_run_names_the_guard_that_act_would(answers):
    """In dry-run the deciding guard and every verdict are those of act."""
    act, dry = combine(verdicts(*answers), Mode.ACT), combine(verdicts(*answers), Mode.DRY_RUN)

    assert (act.verdict, act.all) == (dry.verdict, dry.all)
    assert (act.decision is Decision.ALLOW) == (dry.decision is Decision.DRY_RUN)
    assert act.decision is dry.decision or act.decision is Decision.ALLOW


def test_everybody_is_asked_even_after_a_denial(view):
    """All verdicts are there, in the order of asking, though the first has denied already."""
    judgement = judge(view(ledger=Ledger(pauses={"ada": Pause("ada", "x", None)}), holds=False), Mode.ACT)

    assert [verdict.guard for verdict in judgement.all] == [name for name, _ in ORDER]
    assert judgement.verdict.guard == "paused"
    assert judgement.all[-1].answer is Answer.DENY


def test_after_the_point_of_no_return_only_some_bind(view):
    """A cooldown no longer stops what has begun; a pause still does."""
    spent = {"web1/app[push]": Cooldown(100_000, "r", "a")}
    begun = judge(view(committed=True, cooldowns=spent), Mode.ACT)
    halted = judge(view(committed=True, ledger=Ledger(pauses={"ada": Pause("ada", "x", None)})), Mode.ACT)

    assert begun.decision is Decision.ALLOW
    assert [verdict.guard for verdict in begun.all] == [name for name, _ in ORDER if BY_NAME[name].binds_after_no_return]
    assert halted.decision is Decision.DENY
