"""What people say by a receiver reaches the engine once, only theirs who are named, and is answered in a line."""

import pytest

from tests.scenario.conversation import job, process, redis, rules
from tests.unit.daemon.room import ADA, CARD, EVE, HOUR, ONE, RULE, TARGET, Room
from watchdog.daemon.crowd import MANY, STRANGERS, WORDS, Crowd
from watchdog.engine.approvals import Standing
from watchdog.model.verdicts import Mode
from watchdog.receivers.hearing import Posted


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


async def test_nobody_is_called_by_a_page_of_letters():
    """It is not even written down."""
    room = Room()
    assert await room.say("status", by="x" * 256) == ""
    assert room.turns.heard == []


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


def test_nor_does_a_patient_one_fill_the_memory():
    """Once a minute all day long is too much; a day later the person is heard again, and so is one whose clock was set back."""
    crowd = Crowd()
    heard = [crowd.hears_person("ada", minute * 60_000) for minute in range(1_440)]
    assert heard == [True] * MANY + [False] * (1_440 - MANY)
    assert crowd.hears_person("ada", 1_440 * 60_000)
    assert crowd.hears_person("ada", 30_000)
    assert crowd.hears_person("ben", 1_440 * 60_000)


async def test_said_twice_it_is_heard_once_and_answered_alike():
    """The agent died before its listener could note how far it had read; the same answer comes from the audit log."""
    room = Room()
    text = f"approve {room.asked}"
    answer = await room.say(text, id_="$same")
    room.talk.crash()
    room.desk = room.new_desk()
    assert await room.say(text, id_="$same") == answer
    assert [row.outcome for row in room.talk.audit("operator")] == ["approved"]


async def test_an_eye_under_the_message_acknowledges_what_it_shows():
    """Every alert of it that still fires, for four hours unless it is said otherwise; a hand does the same."""
    for text, lasts in (("ack", 4 * HOUR), ("approve", 4 * HOUR), ("!watchdog ack for 8h on it", 8 * HOUR)):
        room = Room(Mode.DRY_RUN)
        answer = await room.say(text, about=CARD)
        assert answer.startswith(f"web1: acknowledged: {'on it' if '8h' in text else 'seen'}; stuck-job on {TARGET}: not said again until ")
        (ack,) = room.talk.state.ledger.acks.values()
        assert (ack.by, ack.rule, ack.target, ack.until_wall) == ("ada", "stuck-job", TARGET, room.talk.booted_wall + room.talk.at + lasts)


async def test_all_that_a_message_shows_is_acknowledged_at_once():
    """In one event, however many alerts it shows; what is over by now is passed over."""
    room = Room(Mode.DRY_RUN, wedged=False, rule="rules:\n  - rule: stuck\n    each: job\n    when: job.elapsed > 20s\n    notify: [ops]\n")
    jobs = (job(ONE, f"j{number}", 0, thread=f"t{number}") for number in range(5))
    room.talk.hear(redis(process(ONE, 0), *jobs, complete=True))
    room.talk.hear(redis(process(ONE, 30_000)), at=30_000)
    answer = await room.say("ack", about=CARD)
    first, second, third = (f"stuck on web1:10:abc/t{number}/j{number}/0" for number in range(3))
    assert answer.startswith(f"web1: acknowledged: seen; {first}, {second}, {third} and 2 more: not said again until ")
    assert len(room.talk.state.ledger.acks) == 5
    assert len(room.turns.heard) == 1


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
    assert (
        await room.say("ack stuck-job web1/other")
        == "web1: refused: no alert of rule stuck-job on web1/other fires; it does on web1/app[push]"
    )


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
