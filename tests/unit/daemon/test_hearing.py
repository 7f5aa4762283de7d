"""What people say by a receiver reaches the engine once, only theirs who are named, and is answered in a line."""

from typing import Any, cast

import msgspec
import pytest

from tests.scenario.conversation import HEALTHY, Conversation, found, host, job, process, redis, rules
from watchdog.clock import Clock
from watchdog.daemon.crowd import STRANGERS, WORDS, Crowd
from watchdog.daemon.hearing import ReceiverDesk
from watchdog.daemon.turns import Turns
from watchdog.engine.approvals import Standing
from watchdog.engine.rules import RuleSet
from watchdog.model.cards import Card, Entry
from watchdog.model.cards import Standing as Stands
from watchdog.model.notices import Severity
from watchdog.model.verdicts import Mode
from watchdog.receivers.hearing import Posted, Said

RULE = """
rules:
  - rule: stuck-job
    each: job
    when: job.elapsed > 20s
    then: [{terminate_process: {process: job.process, grace: 10s}}]
    guards: {cooldown: 10s, keep: 0%, answer_within: 30m}
    notify: [ops]
"""
ONE = "web1:10:abc"
TARGET = "web1/app[push]"
HOUR = 3_600_000
PEOPLE = (("matrix:@ada:example.org", "ada"), ("matrix:@ben:example.org", "ben"), ("local:root", "ada"))
ADA, EVE = "@ada:example.org", "@eve:example.org"
CARD = Posted("g1", "card")


def named(ruleset: RuleSet) -> RuleSet:
    """Rules under which only ada and ben may answer."""
    changed = tuple(msgspec.structs.replace(rule, guards={**rule.guards, "people": PEOPLE}) for rule in ruleset.rules)
    return RuleSet(changed, ruleset.digest, ruleset.mode, {**ruleset.by_hand, "people": PEOPLE})


class Remembered:
    """The store's side: one group whose card shows what fires, and what was put away."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self.refs: dict[str, tuple[str, str]] = {}
        self.put_away: dict[str, str] = {}
        self.approval = ""

    async def about(self, _receiver: str, ref: str) -> tuple[str, str] | None:
        """As it was set."""
        return self.refs.get(ref)

    async def card_of(self, _receiver: str, group: str) -> Card | None:
        """With every alert that there ever was."""
        if group != "g1":
            return None
        entries = tuple(
            Entry(thread=one.id, standing=Stands.FIRING, severity=Severity.WARNING, title=one.title, first=0, last=0, rule=one.rule, approval=self.approval)
            for one in self._talk.state.ledger.alerts.values()
        )  # fmt: skip
        over = Entry(
            thread="0.0", standing=Stands.RESOLVED, severity=Severity.INFO, title="over", first=0, last=0, over=1, rule="stuck-job"
        )
        return Card(group=group, entries=(over, *entries))

    async def noted(self, receiver: str, name: str) -> str:
        """What was put away."""
        return self.put_away.get(f"{receiver} {name}", "")

    async def note(self, receiver: str, name: str, value: str) -> None:
        """Puts it away."""
        self.put_away[f"{receiver} {name}"] = value

    async def answer_to(self, told: str) -> tuple[str, str] | None:
        """From the audit rows of the conversation."""
        return next(((row.outcome, row.reason) for row in self._talk.audit("operator") if row.detail.get("told") == told), None)


class TalkTurns:
    """A conversation in place of the loop of turns."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self.heard: list[Any] = []

    @property
    def rules(self) -> RuleSet:
        """Those in force."""
        return self._talk.rules

    @property
    def state(self) -> Any:
        """As it is now."""
        return self._talk.state

    async def settle(self, body: Any) -> Any:
        """One event."""
        self.heard.append(body)
        before = len(self._talk.effects)
        self._talk.hear(body)
        return tuple(self._talk.effects[before:])


class Now:
    """The conversation's time."""

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk

    def wall(self) -> int:
        """UTC."""
        return self._talk.booted_wall + self._talk.at

    def at(self) -> int:
        """Engine time."""
        return self._talk.at


class Room:
    """A room in which an agent listens."""

    def __init__(self, mode: Mode = Mode.ASK, *, host_name: str = "web1", wedged: bool = True) -> None:
        self.talk = Conversation(named(rules(RULE, mode)))
        if wedged:
            wedge(self.talk)
        self.turns = TalkTurns(self.talk)
        self.memory = Remembered(self.talk)
        self.crowd = Crowd()
        self.desk = self.new_desk(host_name)
        self.number = 0

    def new_desk(self, host_name: str = "web1") -> ReceiverDesk:
        """As after a reload."""
        return ReceiverDesk(
            "room", "matrix", memory=self.memory, answer=self.memory.answer_to, turns=cast("Turns", self.turns), clock=cast("Clock", Now(self.talk)), host=host_name, crowd=self.crowd
        )  # fmt: skip

    async def say(self, text: str, *, by: str = ADA, about: Posted | None = None, id_: str = "", asked: int | None = None) -> str:
        """Somebody says it now."""
        self.number += 1
        when = self.talk.booted_wall + self.talk.at if asked is None else asked
        answer = await self.desk.tell(Said(id=id_ or f"$e{self.number}:example.org", by=by, text=text, asked=when, about=about))
        assert all(line.isprintable() for line in answer.split("\n"))
        return answer

    @property
    def asked(self) -> str:
        """The id of the question."""
        return next(iter(self.talk.state.ledger.approvals))

    @property
    def standing(self) -> Standing:
        """How the question stands."""
        return self.talk.state.ledger.approvals[self.asked].standing


def wedge(talk: Conversation) -> None:
    """A process comes up, and its job is stuck for long enough to be asked about."""
    begin = talk.at + 1_000
    talk.hear(redis(process(ONE, begin), job(ONE, "j1", begin), complete=True), at=begin)
    talk.hear(host(found(ONE)))
    talk.wait(begin + 21_000)
    talk.hear(redis(process(ONE, begin + 21_000)))
    if talk.open:
        talk.answer(HEALTHY)


@pytest.mark.parametrize("how", ["reaction", "id", "thread", "addressed"])
async def test_a_person_approves(how):
    """By a reaction on the message that asks, or by its id, with or without the name of the host: it is approved once, in the name that the config has for the person."""
    room = Room()
    ask = Posted("g1", f"ask:{room.asked}")
    said = {
        "reaction": lambda: room.say("approve", about=ask),
        "id": lambda: room.say(f"!watchdog approve {room.asked}"),
        "thread": lambda: room.say("!watchdog approve it is wedged", about=ask),
        "addressed": lambda: room.say(f"!watchdog WEB1 approve {room.asked}"),
    }[how]
    answer = await said()
    assert answer.startswith(f"web1: approved: terminate_process on {TARGET}: it is put before all guards again")
    assert room.standing is Standing.APPROVED
    (word,) = room.talk.state.ledger.approvals[room.asked].words
    assert (word.person, word.by, word.channel) == ("ada", ADA, "matrix")
    assert (await said()).startswith("web1: refused: request")
    assert room.talk.audit("operator")[0].detail["channel"] == "matrix"


async def test_a_person_denies():
    """One no is enough; it is written down without a reason where none was given."""
    room = Room()
    answer = await room.say("deny", about=Posted("g1", f"ask:{room.asked}"))
    assert answer.startswith(f"web1: denied: terminate_process on {TARGET}")
    assert room.standing is Standing.DENIED


@pytest.mark.parametrize(
    "text", ["approve", "deny", "ack", "!watchdog status", "!watchdog help", "!watchdog silence stuck-job for 2h", "!watchdog hello"]
)
async def test_a_stranger_is_not_heeded_and_not_answered(text):
    """Nothing changes but a line in the audit log, and that once an hour however often he clicks."""
    room = Room()
    ask = Posted("g1", f"ask:{room.asked}")
    before = room.talk.state.ledger
    for _ in range(50):
        assert await room.say(text, by=EVE, about=ask) == ""
    assert room.standing is Standing.OPEN
    assert (room.talk.state.ledger.acks, room.talk.state.ledger.silences) == (before.acks, before.silences)
    refused = [row for row in room.talk.audit("operator") if row.outcome == "refused"]
    assert len(refused) == len(room.turns.heard) == (0 if "hello" in text else 1)
    assert all(f"{EVE} (matrix) is none of the people" in row.reason for row in refused)


async def test_who_is_named_for_another_channel_is_a_stranger():
    """A name is only worth what the server of that very channel says of it."""
    room = Room()
    assert await room.say(f"approve {room.asked}", by="root") == ""
    assert room.standing is Standing.OPEN


async def test_nobody_is_named():
    """Then whoever may give orders on the machine may answer, and nobody by a receiver."""
    room = Room()
    room.talk.rules = rules(RULE, Mode.ASK)
    assert await room.say(f"approve {room.asked}") == ""
    assert await room.say("status") == ""
    assert room.standing is Standing.OPEN


async def test_strangers_can_not_fill_the_audit_log():
    """Of a crowd only the first are written down in an hour."""
    room = Room()
    for number in range(500):
        assert await room.say(f"approve {room.asked}", by=f"@bot{number}:example.org") == ""
    assert len(room.turns.heard) == STRANGERS
    room.talk.wait(room.talk.at + HOUR)
    await room.say("status", by=EVE)
    assert len(room.turns.heard) == STRANGERS + 1


async def test_a_person_is_listened_to_as_often_as_fingers_go():
    """A client gone mad keeps the agent from nothing."""
    room = Room()
    answers = [await room.say("status") for _ in range(3 * WORDS)]
    assert answers[WORDS - 1] != ""
    assert answers[WORDS:] == [""] * (2 * WORDS)
    room.talk.wait(room.talk.at + 61_000)
    assert await room.say("status") != ""


async def test_said_twice_it_is_heard_once_and_answered_alike():
    """The agent died before its listener could note how far it had read; the same answer comes from the audit log."""
    room = Room()
    answer = await room.say(f"approve {room.asked}", id_="$same")
    room.desk = room.new_desk()
    assert await room.say(f"approve {room.asked}", id_="$same") == answer
    assert [row.outcome for row in room.talk.audit("operator")] == ["approved"]


async def test_an_eye_under_the_message_acknowledges_what_it_shows():
    """Every alert of it that still fires, for four hours unless it is said otherwise; a hand does the same."""
    for text, lasts in (("ack", 4 * HOUR), ("approve", 4 * HOUR), ("!watchdog ack for 8h on it", 8 * HOUR)):
        room = Room(Mode.DRY_RUN)
        answer = await room.say(text, about=CARD)
        assert answer.startswith(f"web1: acknowledged: {'on it' if '8h' in text else 'seen'}; stuck-job on {TARGET}: not said again until ")
        (ack,) = room.talk.state.ledger.acks.values()
        assert (ack.by, ack.rule, ack.target, ack.until_wall) == ("ada", "stuck-job", TARGET, room.talk.booted_wall + room.talk.at + lasts)


async def test_a_no_to_a_message_that_asks_nothing_is_nothing():
    """Nobody need answer it."""
    room = Room(Mode.DRY_RUN)
    assert await room.say("deny", about=CARD) == ""
    assert room.turns.heard == []


async def test_a_yes_to_a_message_that_shows_a_question_is_no_yes_to_it():
    """Whoever means the question answers the message that asks: the other one shows more than that."""
    room = Room()
    room.memory.approval = room.asked
    assert (
        await room.say("approve", about=CARD)
        == f"web1: what is asked has a message of its own; answer that, or write: approve {room.asked}"
    )
    assert room.turns.heard == []


async def test_an_eye_under_a_question_acknowledges_its_alert():
    """The question stays open."""
    room = Room()
    assert (await room.say("ack", about=Posted("g1", f"ask:{room.asked}"))).startswith("web1: acknowledged")
    assert room.standing is Standing.OPEN
    assert [ack.target for ack in room.talk.state.ledger.acks.values()] == [TARGET]


async def test_what_is_over_needs_nobodys_eye():
    """A message of yesterday, or a group that nobody knows any more."""
    room = Room(Mode.DRY_RUN, wedged=False)
    assert await room.say("ack", about=CARD) == "web1: nothing of it goes on any more"
    assert await room.say("ack", about=Posted("g9", "card")) == "web1: nothing of it goes on any more"
    assert await room.say("ack", about=Posted("g1", "ask:7kq2m")) == "web1: nothing of it goes on any more"


async def test_an_ack_by_words():
    """By rule and target; a number of an alert only with the host, since every agent counts from one."""
    room = Room(Mode.DRY_RUN)
    (alert,) = room.talk.state.ledger.alerts.values()
    assert await room.say(f"ack {alert.id}") == f"web1: several hosts may have a {alert.id}; write: web1 ack {alert.id}"
    assert room.turns.heard == []
    assert (await room.say(f"web1 ack {alert.id} for 30m")).startswith("web1: acknowledged: seen; not said again until")
    assert (await room.say(f"ack stuck-job {TARGET} for 2h looking")).startswith("web1: acknowledged: looking; not said again until")
    assert await room.say("ack stuck-job web1/other") == "web1: refused: no alert of rule stuck-job on web1/other fires"


async def test_a_silence_by_words():
    """It holds for what fits, in the name of who said it."""
    room = Room(Mode.DRY_RUN)
    assert (await room.say("silence rule=stuck-* target=web1/* for 2h new disks")).startswith("web1: silenced: new disks; rule=stuck-*")
    (one,) = room.talk.state.ledger.silences.values()
    assert (one.by, one.rule, one.target) == ("ada", "stuck-*", "web1/*")


async def test_an_answer_that_comes_days_later_is_none():
    """The agent was away while somebody reacted: it is not what they see now."""
    room = Room()
    long_ago = room.talk.booted_wall + room.talk.at - 24 * HOUR
    assert "it was said 1d ago; look again" in await room.say(f"approve {room.asked}", asked=long_ago)
    assert await room.say("ack", about=CARD, asked=long_ago) == "web1: refused: its end has passed already"
    assert room.standing is Standing.OPEN
    assert room.talk.state.ledger.acks == {}


async def test_a_server_whose_clock_is_ahead_lends_no_time():
    """What it says was said tomorrow was said now."""
    room = Room(Mode.DRY_RUN)
    await room.say("ack", about=CARD, asked=room.talk.booted_wall + room.talk.at + 24 * HOUR)
    (ack,) = room.talk.state.ledger.acks.values()
    assert ack.until_wall == room.talk.booted_wall + room.talk.at + 4 * HOUR


@pytest.mark.parametrize(
    "text", ["approve 7kq2m", "deny 7kq2m", "web2 approve 7kq2m", "web2 status", "web2 pause", "ack 999.0", "ack stuck-job web2/app"]
)
async def test_what_may_be_another_agents_is_not_answered(text):
    """Several agents hear in one room, and only one of them knows of it."""
    room = Room()
    assert await room.say(text) == ""
    assert room.turns.heard == []


async def test_addressed_it_is_answered_in_any_case():
    """Then no other agent will."""
    room = Room()
    answer = await room.say("web1 approve 7kq2m")
    assert answer.startswith("web1: refused: nobody was asked anything under '7kq2m'")


@pytest.mark.parametrize("word", ["arm", "pause", "adopt", "recover"])
async def test_what_only_the_machine_takes(word):
    """Who may answer may not take the guards away; nothing reaches the engine."""
    room = Room()
    assert (
        await room.say(f"!watchdog {word} stuck-job")
        == f"web1: {word} can't be said here, only on the machine itself: sidekiq-watchdog {word}"
    )
    assert room.turns.heard == []


async def test_how_things_stand():
    """Mode, what fires and since when, and what is asked, each on a line; who has looked is written down."""
    room = Room()
    lines = (await room.say("!watchdog status")).split("\n")
    assert lines[0] == "web1: mode ask, 1 alert firing, 0 incidents open"
    assert f"asks: terminate_process on {TARGET} (approve {room.asked}), 30m left" in lines
    assert lines[-1] == "warning for 0s: stuck-job: SleepForever j1 on push"
    (row,) = room.talk.audit("operator")
    assert (row.outcome, row.reason, row.detail["by"], row.detail["channel"]) == ("looked", "status, by matrix", ADA, "matrix")


async def test_why():
    """The condition with its values, and the guards that do not pass."""
    room = Room()
    lines = (await room.say(f"why stuck-job {TARGET}")).split("\n")
    assert lines[0].startswith("web1: stuck-job on web1:10:abc/t1/j1/")
    assert lines[0].endswith("its condition is true")
    assert any(line.startswith("approval ask: sidekiq-watchdog approve") for line in lines)
    assert await room.say("why stuck web1/x") == "web1: no rule of that name is in force"


async def test_it_remembers_how_far_it_has_read():
    """For the very receiver, and under no other name."""
    room = Room()
    await room.desk.keep("since", "s1")
    assert (await room.desk.kept("since"), await room.desk.kept("else")) == ("s1", "")
    assert room.memory.put_away == {"room since": "s1"}


async def test_a_message_is_found_again():
    """By what its server calls it; what another agent has posted is unknown here."""
    room = Room()
    room.memory.refs["$m1"] = ("g1", "card")
    assert await room.desk.about("$m1") == CARD
    assert await room.desk.about("$m2") is None


async def test_nothing_hostile_comes_back():
    """Whatever is in the words that are quoted."""
    room = Room(Mode.DRY_RUN)
    answer = await room.say("why \x1b[2J\u202e @room\u2028x")
    assert "@room" not in answer
