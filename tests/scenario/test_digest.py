"""The weekly digest: counted as it happens, told once a week, over crashes and clocks that jump."""

from typing import Any

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.digest import counted, told
from watchdog.engine.rules import RuleSet
from watchdog.engine.week import OfRule, Week
from watchdog.model.effects import Audit, Notify
from watchdog.model.events import Gone, RulesLoaded
from watchdog.model.hours import UTC
from watchdog.model.kinds import Kind
from watchdog.model.notices import NoticeKind
from watchdog.model.records import AuditRow
from watchdog.model.results import Exited, Sent
from watchdog.model.verdicts import Mode
from watchdog.model.weekly import Weekly

ONE = "web1:10:abc"
WEEK = 7 * 86_400_000
EVERY_WEEK = Weekly(0, 540, UTC)
FIRST = EVERY_WEEK.after(WALL) - WALL
"""Engine time of the first digest."""
RULES = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then:
      - terminate_process: {process: job.process, grace: 10s}
    guards: {cooldown: 5m, keep: 0%}
    notify: [ops, chat]
  - rule: long-queue
    each: queue
    when: queue.size > 5
    notify: [ops]
"""


def with_digest(ruleset: RuleSet, weekly: Weekly | None = EVERY_WEEK) -> RuleSet:
    """The same rules under a config that wants a digest then."""
    return RuleSet(ruleset.rules, ruleset.digest, ruleset.mode, ruleset.by_hand, weekly)


def conversation(mode: Mode = Mode.DRY_RUN, weekly: Weekly | None = EVERY_WEEK) -> Conversation:
    """An agent with a local process that has just begun a job."""
    talk = Conversation(with_digest(rules(RULES, mode), weekly))
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    return talk


def digests(talk: Conversation) -> list[Any]:
    """Every digest that was sent, with the time and the receivers."""
    return [
        (effect.notice.at - WALL, effect.receivers, effect.notice.title, effect.notice.reason.splitlines())
        for effect in talk.effects
        if isinstance(effect, Notify) and effect.notice.kind is NoticeKind.DIGEST
    ]


def fire(talk: Conversation, at: int, *, ends: int) -> None:
    """The job is overdue; it ends by itself so many milliseconds later."""
    talk.hear(redis(process(ONE, at)), at=at)
    talk.answer(HEALTHY)
    talk.hear(redis(Gone(Kind.JOB, f"{ONE}/t1/j1/1000", "finished")), at=at + ends)


def numbers(talk: Conversation, rule: str = "stuck-job") -> OfRule:
    """What was counted of the rule."""
    return talk.state.ledger.week.rules.get(rule, OfRule())


def test_it_is_told_once_a_week_to_all_receivers():
    """On its day and hour, with what dry-run would have done and which rule never fired; then the counting begins anew."""
    talk = conversation()
    fire(talk, 22_000, ends=60_000)
    talk.wait(FIRST + WEEK + 1_000)

    (first, second) = digests(talk)
    assert first == (
        FIRST,
        ("ops", "chat"),
        f"{round(FIRST / 86_400_000)} days: 1 alert, 0 acted upon, 1 would have been (dry-run), 0 held back",
        ["dry-run would have done: stuck-job once (1 needed)", "never fired: long-queue"],
    )
    assert (second[0], second[3]) == (FIRST + WEEK, ["never fired: stuck-job, long-queue"])


def test_what_ended_by_itself_was_never_right():
    """Act would have needed ten seconds until KILL, and the job was done after five."""
    talk = conversation()
    fire(talk, 22_000, ends=5_000)

    assert numbers(talk) == OfRule(fired=1, would=1, by_itself=1)
    talk.wait(FIRST)
    assert "never right: stuck-job (1 ended by themselves before)" in digests(talk)[0][3]


def test_what_is_done_is_counted_in_act():
    """The incident and what became of it."""
    talk = conversation(Mode.ACT)
    talk.hear(redis(process(ONE, 22_000)), at=22_000)
    talk.answer(HEALTHY)
    talk.answer(Sent())
    talk.answer(Exited())

    assert numbers(talk) == OfRule(fired=1, begun=1, ended=1)


def test_denials_are_counted_by_guard():
    """Once for each time that the answer changes, as it is written down."""
    talk = conversation()
    fire(talk, 22_000, ends=60_000)
    talk.hear(redis(process(ONE, 100_000), job(ONE, "j2", 70_000)), at=100_000)

    assert numbers(talk).denied == {"cooldown": 1}
    assert "held back by: cooldown 1" in told(talk.state.ledger.week, (), until=WALL + WEEK)


@pytest.mark.parametrize("down", [0, 3_600_000, 3 * 86_400_000])
def test_a_crash_loses_no_count_and_tells_nothing_twice(down):
    """Killed in the middle of the week and right after it was told, by a reboot as well."""
    talk = conversation()
    fire(talk, 22_000, ends=60_000)
    if down:
        talk.reboot("boot-2", down=down)
    else:
        talk.crash()
    talk.wait(FIRST + 86_400_000)
    talk.crash()
    talk.wait(talk.at + 86_400_000)

    (only,) = digests(talk)
    assert only[0] == FIRST
    assert "1 would have been (dry-run)" in only[2]


def test_one_that_fell_due_while_no_agent_ran_is_told_at_the_start():
    """Late is better than never; the next one is on its day again."""
    talk = conversation()
    fire(talk, 22_000, ends=60_000)
    talk.at = FIRST + 7_200_000
    talk.crash()
    talk.wait(FIRST + WEEK + 1_000)

    assert [at for at, *_ in digests(talk)] == [FIRST + 7_200_000, FIRST + WEEK]


def test_a_clock_that_is_set_back_makes_it_wait_and_not_come_twice():
    """It goes by what clocks show."""
    talk = conversation()
    talk.wait(FIRST - 1_000)
    talk.booted_wall -= 86_400_000
    talk.wait(FIRST + 86_400_000 - 1_000)
    assert digests(talk) == []
    talk.wait(FIRST + 86_400_000)
    talk.booted_wall -= 86_400_000
    talk.wait(FIRST + 4 * 86_400_000)

    assert len(digests(talk)) == 1


def test_nobody_is_told_who_does_not_want_it():
    """The counting goes on; wanted again later, it is due at its next time."""
    talk = conversation(weekly=None)
    fire(talk, 22_000, ends=60_000)
    talk.wait(FIRST + 1_000)
    assert (digests(talk), numbers(talk).would) == ([], 1)

    talk.rules = with_digest(talk.rules)
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode))
    talk.wait(FIRST + WEEK)
    assert [at for at, *_ in digests(talk)] == [FIRST + WEEK]


def test_another_day_holds_from_the_reload_on():
    """The next Friday, not the Monday that was meant before."""
    talk = conversation()
    friday = Weekly(4, 0, UTC)
    talk.rules = with_digest(talk.rules, friday)
    talk.hear(RulesLoaded(talk.rules.digest, talk.rules.mode))
    talk.wait(FIRST + WEEK)

    assert [at + WALL for at, *_ in digests(talk)][:1] == [friday.after(WALL + 2_000)]


def test_the_log_counts_the_same():
    """From the audit rows alone the very same numbers come out: `audit --digest` and the agent can't differ."""
    talk = conversation()
    fire(talk, 22_000, ends=60_000)
    talk.hear(redis(process(ONE, 100_000), job(ONE, "j2", 70_000)), at=100_000)
    week = Week()
    for effect in talk.effects:
        if isinstance(effect, Audit):
            week = counted(week, effect.row)

    assert (week.rules, week.open) == (talk.state.ledger.week.rules, talk.state.ledger.week.open)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (AuditRow("incident", 0, rule="r", outcome="verified"), OfRule(verified=1)),
        (AuditRow("incident", 0, rule="r", outcome="unverified"), OfRule(unverified=1)),
        (AuditRow("incident", 0, rule="r", outcome="failed"), OfRule(failed=1)),
        (AuditRow("incident", 0, rule="r", outcome="held"), None),
        (AuditRow("decision", 0, rule="r", decision="ASK", guard="budget"), OfRule(asked={"budget": 1})),
        (AuditRow("decision", 0, rule="r", decision="ASK"), OfRule(asked={"": 1})),
        (AuditRow("decision", 0, rule="r", decision="ALLOW"), None),
        (AuditRow("decision", 0, rule="r", decision="DENY", outcome="no longer wanted"), OfRule(by_itself=1)),
        (AuditRow("alert", 0, rule="r", outcome="resolved"), None),
        (AuditRow("would", 0, rule="order:7", incident="1"), None),
        (AuditRow("agent", 0, outcome="started"), None),
    ],
)
def test_what_counts(row, expected):
    """And what says nothing of a rule: orders by hand above all."""
    assert counted(Week(), row).rules == ({} if expected is None else {"r": expected})


def test_a_headline_and_no_more_where_nothing_happened():
    """Without rules there is nothing to say of them."""
    assert told(Week(since_wall=WALL), (), until=WALL + WEEK) == (
        "7 days: 0 alerts, 0 acted upon, 0 would have been (dry-run), 0 held back",
    )


def test_long_lists_end():
    """Ten rules by name, the rest by number."""
    lines = told(Week(), [f"r{number}" for number in range(13)], until=WEEK)

    assert lines[-1].endswith("r9, and 3 more")
