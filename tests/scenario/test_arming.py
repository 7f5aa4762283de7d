"""Modes: what file, config and people make of a rule, and what becomes of what it had begun."""

import pytest

from tests.scenario.conversation import HEALTHY, WALL, Conversation, found, host, job, process, redis, rules
from watchdog.engine.advance import advance
from watchdog.engine.arming import mode_in
from watchdog.engine.status import status
from watchdog.engine.why import why
from watchdog.model.events import Delta, Event, RulesLoaded
from watchdog.model.results import InFlight
from watchdog.model.told import OperatorArmed
from watchdog.model.verdicts import Mode

ONE, TWO = "web1:10:abc", "web1:20:def"
NUMBERS = iter(range(1_000_000))


def text(*, mode: str = "act", elapsed: str = "20s", grace: str = "10s", summary: str = "s") -> str:
    """A rule on stuck jobs, and one on long queues that only tells."""
    return f"""
rules:
  - rule: stuck-job
    summary: "{summary}"
    mode: {mode}
    each: job
    when: job.elapsed > {elapsed}
    then:
      - terminate_process: {{process: job.process, grace: {grace}}}
    guards: {{cooldown: 5m, keep: 0%}}
    notify: [ops]
"""


def told(mode: Mode | None, *, rule: str = "stuck-job", by: str = "ada") -> OperatorArmed:
    """Somebody arms the rule."""
    return OperatorArmed(id=f"t{next(NUMBERS)}", by=by, reason="it was right 9 times", asked=WALL, rule=rule, mode=mode)


def conversation(mode: str = "act", *, ceiling: Mode = Mode.ACT, installed: bool = True) -> Conversation:
    """An agent, and a local process that has just begun a job at 1 s."""
    talk = Conversation(rules(text(mode=mode), ceiling), installed=installed)
    talk.hear(redis(process(ONE, 2_000), job(ONE, "j1", 1_000), complete=True), at=2_000)
    talk.hear(host(found(ONE)))
    return talk


def beat(talk: Conversation, at: int, *more: Delta) -> list[str]:
    """The process has beaten: what it runs has run till then."""
    return talk.hear(redis(process(ONE, at), *more), at=at)


def reload(talk: Conversation, written: str, mode: Mode = Mode.ACT) -> list[str]:
    """Other rules, or the same under another ceiling."""
    talk.rules = rules(written, mode)
    return talk.hear(RulesLoaded(talk.rules.digest, mode))


def decided(talk: Conversation) -> list[tuple[str, str]]:
    """Every answer, with the guard that gave it."""
    return [(row.decision, row.guard) for row in talk.audit("decision")]


def mode_now(talk: Conversation) -> Mode:
    """How far the rule goes."""
    return mode_in(talk.rules, talk.state.ledger, talk.rules.by_name["stuck-job"])


@pytest.mark.parametrize(
    ("file", "armed", "ceiling", "goes"),
    [
        ("dry-run", Mode.ACT, Mode.ACT, Mode.ACT),
        ("observe", Mode.ASK, Mode.ACT, Mode.ASK),
        ("act", Mode.OBSERVE, Mode.ACT, Mode.OBSERVE),
        ("act", Mode.DRY_RUN, Mode.ASK, Mode.DRY_RUN),
        ("observe", Mode.ASK, Mode.ASK, Mode.ASK),
    ],
)
def test_a_person_arms_in_either_direction(file, armed, ceiling, goes):
    """What was said takes the place of what the file says, and is taken back by name."""
    talk = conversation(file, ceiling=ceiling)
    before = mode_now(talk)
    lines = talk.hear(told(armed))

    assert lines == ["audit operator stuck-job armed"]
    assert mode_now(talk) is goes
    assert talk.audit("operator")[-1].detail["by"] == "ada"
    talk.hear(told(None))
    assert mode_now(talk) is before
    assert talk.audit("operator")[-1].outcome == "as its file says"


@pytest.mark.parametrize(
    ("said", "ceiling", "reason"),
    [
        (told(Mode.ACT), Mode.DRY_RUN, "the config allows dry-run at most"),
        (told(Mode.ACT, rule="stuck-jobs"), Mode.ACT, "no rule stuck-jobs is in force"),
        (told(None), Mode.ACT, "nobody has armed a rule stuck-job"),
    ],
)
def test_what_is_refused(said, ceiling, reason):
    """Nothing goes above the config, and a rule that is not there can't be armed; the ledger stays as it was but for having heard it."""
    talk = conversation("dry-run", ceiling=ceiling)
    before = talk.state.ledger.arming
    talk.hear(said)

    assert (talk.audit("operator")[-1].outcome, talk.audit("operator")[-1].reason) == ("refused", reason)
    assert talk.state.ledger.arming == before


def test_what_was_armed_outlives_crash_and_reboot():
    """And is shown by `status` and `why`, with who said it."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    talk.crash()
    talk.reboot("boot-2", down=60_000)

    assert mode_now(talk) is Mode.ACT
    assert status(talk.state, talk.at)["armed"] == [
        {
            "rule": "stuck-job",
            "mode": "act",
            "goes": "act",
            "file": "dry-run",
            "by": "ada",
            "reason": "it was right 9 times",
            "since": WALL + 2_000,
        }
    ]
    account = why(talk.rules, talk.state, "stuck-job", "x", talk.at)
    assert (account["mode"], account["armed"]["by"], account["armed"]["file"]) == ("act", "ada", "dry-run")


def test_an_arming_ends_with_what_the_rule_said():
    """A rule that looks at something else is in the mode of its file again, and that is written down; another summary makes no other rule."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    reload(talk, text(mode="dry-run", summary="in other words"))
    assert mode_now(talk) is Mode.ACT

    lines = reload(talk, text(mode="dry-run", elapsed="2s"))

    assert "audit agent stuck-job arming void" in lines
    assert mode_now(talk) is Mode.DRY_RUN
    assert talk.audit("agent")[-1].reason == "ada had armed it for act, and it says something else since: it is in dry-run again"
    reload(talk, text(mode="dry-run"))
    assert mode_now(talk) is Mode.DRY_RUN


def test_what_a_person_has_disarmed_stays_so():
    """A pack that was changed must not act again because of that."""
    talk = conversation("act")
    talk.hear(told(Mode.OBSERVE))
    lines = reload(talk, text(mode="act", elapsed="2s"))

    assert "audit agent stuck-job arming void" not in lines
    assert mode_now(talk) is Mode.OBSERVE


def test_what_was_said_of_a_rule_that_is_gone_can_be_taken_back():
    """It is kept for as long as the rule may come back, and says nothing of modes when it goes."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    reload(talk, "rules: []")
    assert status(talk.state, talk.at)["armed"][0]["rule"] == "stuck-job"
    talk.hear(told(None))

    assert (talk.audit("operator")[-1].outcome, talk.audit("operator")[-1].reason) == ("as its file says", "it was right 9 times")
    assert talk.state.ledger.arming.armed == {}


def test_the_config_stays_the_ceiling():
    """A config that allows less makes less of what was armed, and it is armed still when it allows more."""
    talk = conversation("dry-run")
    talk.hear(told(Mode.ACT))
    reload(talk, text(mode="dry-run"), Mode.ASK)
    assert mode_now(talk) is Mode.ASK
    reload(talk, text(mode="dry-run"), Mode.ACT)
    assert mode_now(talk) is Mode.ACT


def test_a_look_that_is_answered_too_late_leads_to_nothing():
    """Whoever disarms a rule between the look and its answer means now."""
    talk = conversation("act")
    beat(talk, 22_000)
    talk.hear(told(Mode.OBSERVE))

    assert talk.answer(HEALTHY) == []
    assert talk.state.ledger.requests == {}


def test_a_run_that_can_be_taken_back_ends_with_its_rule_disarmed():
    """Before the first signal that counts it is abandoned, and says why."""
    talk = conversation("act")
    talk.holds_nothing = False
    beat(talk, 22_000)
    assert talk.answer(HEALTHY)[-1] == f"gather before {ONE}"
    talk.hear(told(Mode.DRY_RUN))
    talk.answer(InFlight(()))
    lines = talk.answer(HEALTHY)

    assert not [line for line in lines if line.startswith("signal")]
    last = talk.audit("incident")[-1]
    assert (last.outcome, last.reason.partition(";")[0]) == ("abandoned", "its rule has been put into dry-run")


def test_raised_from_observe_an_alert_that_fires_is_wanted():
    """It asks, since it was so already; in dry-run it says what would be done."""
    talk = conversation("observe")
    beat(talk, 22_000)
    assert talk.state.ledger.requests == {}
    assert talk.hear(told(Mode.DRY_RUN))[-1] == f"measure {ONE}"
    talk.answer(HEALTHY)

    assert decided(talk) == [("DRY_RUN", "")]


def test_heard_twice_it_is_heeded_once():
    """The agent died before it could put the file away: what was armed is not armed again, after somebody else took it back."""
    talk = conversation("dry-run")
    first = told(Mode.ACT)
    talk.hear(first)
    talk.hear(told(None))
    event = Event(talk.seq + 1, talk.at, WALL + talk.at, first)
    state, effects = advance(talk.rules, talk.state, event)

    assert (state.ledger.arming.armed, effects) == ({}, ())


@pytest.mark.parametrize(("mode", "outcome"), [(Mode.ACT, "refused"), (Mode.ASK, "refused"), (Mode.OBSERVE, "armed")])
def test_what_lay_there_for_long_arms_nothing(mode, outcome):
    """It was said while no agent ran, of what was there then; to hold a rule back it counts all the same."""
    talk = conversation("dry-run")
    talk.wait(3_600_001)
    talk.hear(told(mode))
    assert talk.audit("operator")[-1].outcome == outcome
