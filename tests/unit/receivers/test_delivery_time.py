"""When the deliverer does what, by itself: in virtual time (looptime), with a store that lives in memory."""

import asyncio

import pytest

from tests.unit.receivers.memory_store import LoopClock, MemoryStore
from tests.unit.receivers.told import Told, delivering
from watchdog.model.notices import NoticeKind
from watchdog.model.parameters import Allowance
from watchdog.receivers.habits import Habits
from watchdog.receivers.parcel import AT_ONCE, PAGE
from watchdog.receivers.receiver import RefusedError, TryAgainError

pytestmark = pytest.mark.looptime


@pytest.fixture
def clock():
    """Goes with the loop."""
    return LoopClock()


@pytest.fixture
def box(clock):
    """An outbox in memory."""
    store = MemoryStore(clock)
    yield store
    store.close()


class Stubborn(Told):
    """Fails so many times."""

    def __init__(self, failures, after=None):
        super().__init__()
        self.left, self.after = failures, after
        self.failing = self._answer

    def _answer(self):
        self.left -= 1
        return TryAgainError("answered 500", self.after) if self.left >= 0 else None


async def taken(receiver):
    """Until it has taken one."""
    while not receiver.got:
        await receiver.heard.get()
        await asyncio.sleep(0)


async def test_attempts_come_when_they_are_due(box, clock, notice):
    """A receiver that fails ten times gets its eleventh attempt, each wait within the bounds of the backoff, without anybody waking the deliverer."""
    receiver = Stubborn(10)
    await box.hand(notice("1"))
    async with delivering(box, {"ops": receiver}, clock):
        await taken(receiver)
    waits = [late - early for early, late in zip(receiver.times, receiver.times[1:], strict=False)]
    assert len(waits) == 10
    for number, wait in enumerate(waits, start=1):
        assert 1 <= wait <= min(2**number, 300) + 0.1


async def test_retry_after_is_kept_to_the_second(box, clock, notice):
    """A receiver that asked for ten minutes is left alone for ten minutes, by all that waits for it."""
    receiver = Stubborn(1, after=600_000)
    await box.hand(notice("1"), notice("2"))
    async with delivering(box, {"ops": receiver}, clock):
        await taken(receiver)
    assert 600 <= receiver.times[1] - receiver.times[0] <= 600.1


async def test_a_clock_that_is_set_forward_is_noticed(box, clock, notice):
    """A wall clock that is set forward moves no timer; the deliverer looks again within a minute."""
    receiver = Stubborn(1, after=3_600_000)
    await box.hand(notice("1"))
    asyncio.get_running_loop().call_later(90, lambda: setattr(clock, "offset", clock.offset + 3_600_000))
    async with delivering(box, {"ops": receiver}, clock):
        await taken(receiver)
    assert 90 < receiver.times[1] - receiver.times[0] <= 150


async def test_a_clock_that_is_set_back_delays_nothing(box, clock, notice):
    """By a year: what was shown, written and put off by the clock of before is not waited for."""
    receiver = Stubborn(1, after=60_000)
    await box.hand(notice("1", "a"))
    async with delivering(box, {"ops": receiver}, clock):
        await receiver.next()
        clock.offset -= 365 * 86_400_000
        await taken(receiver)
        await box.hand(notice("2", "a"))
        await asyncio.sleep(61)
    assert [one.notices[-1].id for one in receiver.got] == ["1", "2"]
    assert receiver.times[-1] < 200


async def test_an_empty_outbox_costs_nothing(box, clock):
    """With nothing to deliver the deliverer sleeps until it is told of news: one look at the start, one for each news, none else in a day."""
    async with delivering(box, {"ops": Told()}, clock):
        await asyncio.sleep(3_600)
        box.post.tell()
        await asyncio.sleep(86_400)
    assert box.writer.reads == 3, "one more is for messages that nobody will fetch"


async def test_what_comes_together_is_shown_together(box, clock, notice):
    """So long after the first message of a group, and then each interval at most; another group has times of its own."""
    told, habits = Told(), Habits(wait=5_000, interval=15_000)
    async with delivering(box, {"ops": told}, clock, {"ops": habits}):
        begun = asyncio.get_running_loop().time()
        for number in range(20):
            await box.hand(notice(f"a{number}", "a"))
            await asyncio.sleep(2)
        await box.hand(notice("b", "b"))
        await asyncio.sleep(60)
    groups: dict[str, list[tuple[int, int]]] = {"a": [], "b": []}
    for at, dispatch in zip(told.times, told.got, strict=True):
        groups[dispatch.group].append((round(at - begun), dispatch.card.told))
    assert [at for at, _ in groups["a"]] == [5, 20, 35, 50]
    assert [told for _, told in groups["a"]][-1] == 20
    assert groups["b"] == [(45, 1)]
    assert sum(len(one.notices) + one.missed for one in told.got) == 21


async def test_a_crowded_group_rests(box, clock, notice):
    """What is more than can be told one by one is shown once a minute: nobody reads it faster. Who wants few is told few by themselves."""
    told, habits = Told(), Habits(wait=5_000, interval=15_000, few=3)
    async with delivering(box, {"ops": told}, clock, {"ops": habits}):
        begun = asyncio.get_running_loop().time()
        for number in range(600):
            await box.hand(notice(f"{number}", f"t{number}", group="a", kind=NoticeKind.FIRING))
            await asyncio.sleep(0.1)
        await asyncio.sleep(100)
    assert [round(at - begun) for at in told.times] == [5, 65]
    assert [len(dispatch.notices) for dispatch in told.got] == [3, 3]
    assert told.got[-1].card.told == 600


async def test_a_busy_minute_costs_few_looks(box, clock, notice):
    """However many messages come, the outbox is looked at about once a second."""
    async with delivering(box, {"ops": Told()}, clock, {"ops": Habits(wait=5_000, interval=15_000)}):
        before = box.writer.reads
        for number in range(1_500):
            await box.hand(notice(f"{number}", "a"))
            await asyncio.sleep(0.04)
        looks = box.writer.reads - before
    assert 10 <= looks <= 90


async def test_no_receiver_is_called_more_often_than_he_may_be(box, clock, notice):
    """Ten times in ten seconds, whatever waits, wherever the ten seconds begin; what a receiver remembers in between counts as a call of its own."""

    class Talkative(Told):
        async def send(self, dispatch, remember, /):
            answer = await super().send(dispatch, remember)
            for number in range(2):
                await remember({"step": str(number)})
                self.times.append(asyncio.get_running_loop().time())
            return answer

    told = Talkative()
    await box.hand(*(notice(f"{number}") for number in range(20)))
    async with delivering(box, {"ops": told}, clock, {"ops": Habits(at_most=Allowance(10, 10_000))}):
        while len(told.got) < 20 or len(told.times) < 60:
            await asyncio.sleep(1)
    assert all(late - early >= 10 for early, late in zip(told.times, told.times[10:], strict=False))
    assert told.times[-1] - told.times[0] <= 60


async def test_a_receiver_that_is_down_is_asked_by_one(box, clock, notice):
    """Of twenty groups that wait, one at a time finds out whether it is well again, at growing intervals; once it is, all of them come at once."""
    told = Told()
    told.failing = lambda: TryAgainError("can't connect: Connection refused", untouched=True)
    await box.hand(*(notice(f"{number}", f"g{number}") for number in range(20)))
    loop = asyncio.get_running_loop()
    async with delivering(box, {"ops": told}, clock):
        begun = loop.time()
        await asyncio.sleep(6 * 3_600)
        tried, last = len(told.times), told.times[-1]
        told.failing = lambda: None
        await asyncio.sleep(600)
    assert last - begun > 5 * 3_600
    # Drawn from below five minutes: at least as many as if each wait were the longest, at most as many as if each were a minute.
    assert 60 <= tried <= 400
    waits = [late - early for early, late in zip(told.times, told.times[1:], strict=False)][:tried]
    assert all(wait >= 1 for wait in waits[3 : tried - 1])
    arrived = told.times[tried:]
    assert len(told.got) == 20
    assert arrived[-1] - arrived[0] < 1


async def test_a_group_that_is_refused_keeps_nobody_waiting(box, clock, notice):
    """A receiver that never takes one message takes the others in the meantime, within seconds of their coming."""
    told = Told()
    told.trouble["bad"] = RefusedError("answered 400 Bad Request", untouched=True)
    await box.hand(notice("bad", "a"))
    handed = {}
    async with delivering(box, {"ops": told}, clock):
        for number in range(100):
            handed[f"{number}"] = asyncio.get_running_loop().time()
            await box.hand(notice(f"{number}"))
            await asyncio.sleep(60)
    heard = [told.heard.get_nowait() for _ in range(told.heard.qsize())]
    arrived = {one.id: at for at, dispatch in zip(told.times, heard, strict=True) for one in dispatch.notices}
    assert len(told.got) == 100
    assert max(arrived[id_] - at for id_, at in handed.items()) < 1


async def test_a_day_away_is_told_in_one(box, clock, notice):
    """A receiver that was down for a day gets one dispatch a group: how it stands, the newest of each thread, and how many are left out."""
    told = Told()
    told.failing = lambda: TryAgainError("can't connect: Connection refused", untouched=True)
    async with delivering(box, {"ops": told}, clock, {"ops": Habits(wait=5_000, interval=15_000, at_most=Allowance(20, 60_000))}):
        for number in range(100):
            await box.hand(notice(f"f{number}", f"t{number}", group="g", kind=NoticeKind.FIRING))
            await asyncio.sleep(500)
            await box.hand(notice(f"r{number}", f"t{number}", group="g", kind=NoticeKind.RESOLVED))
            await asyncio.sleep(364)
        told.failing = lambda: None
        await asyncio.sleep(600)
    (dispatch,) = told.got
    assert dispatch.card.told == 200
    assert len(dispatch.notices) + dispatch.missed == 200
    assert [one.id for one in dispatch.notices] == [f"r{number}" for number in range(90, 100)]
    assert (dispatch.card.is_over, dispatch.card.more, dispatch.card.more_over) == (True, 0, 50)


async def test_programs_are_told_of_each_thread(box, clock, notice):
    """However many there are: the newest of each, in dispatches that are not too large, and in order."""
    told = Told()
    told.failing = lambda: TryAgainError("can't connect: Connection refused", untouched=True)
    async with delivering(box, {"ops": told}, clock, {"ops": Habits(every_thread=True)}):
        for kind in (NoticeKind.FIRING, NoticeKind.RESOLVED):
            await box.hand(*(notice(f"{kind}{number}", f"t{number}", group="g", kind=kind) for number in range(600)))
        told.failing = lambda: None
        await asyncio.sleep(600)
    sizes = [len(dispatch.notices) + dispatch.missed for dispatch in told.got]
    assert sum(sizes) == 1_200
    assert max(sizes) <= AT_ONCE + PAGE
    newest = {one.thread: one.kind for dispatch in told.got for one in dispatch.notices}
    assert newest == {f"t{number}": NoticeKind.RESOLVED for number in range(600)}


async def test_of_many_turns_of_few_stories_each_ending_is_told(box, clock, notice):
    """However few notices the receiver wants where there are many alerts."""
    told = Told()
    await box.hand(*(notice(f"{number}", f"t{number % 7}", group="a") for number in range(21)))
    async with delivering(box, {"ops": told}, clock, {"ops": Habits(few=3)}):
        await asyncio.sleep(1)
    (dispatch,) = told.got
    assert ([one.id for one in dispatch.notices], dispatch.missed) == ([f"{number}" for number in range(14, 21)], 14)


async def test_what_a_person_is_asked_is_told_by_itself(box, clock, notice):
    """Also where much more has come: or nobody could answer it."""
    told = Told()
    await box.hand(notice("ask", "a", kind=NoticeKind.DECIDED, approval="7kq2m", outcome="asked"))
    await box.hand(*(notice(f"{number}", f"t{number}", group="a") for number in range(50)))
    async with delivering(box, {"ops": told}, clock):
        await asyncio.sleep(1)
    (dispatch,) = told.got
    assert dispatch.notices[0].id == "ask"
    assert len(dispatch.notices) == 10


async def test_a_storm_of_groups_is_one(box, clock, notice):
    """10,000 groups in a minute come as a handful of messages, each of them counted; a warning of the agent among them stands by itself."""
    told = Told()
    async with delivering(box, {"ops": told}, clock, {"ops": Habits(wait=5_000, interval=15_000, at_most=Allowance(20, 60_000))}):
        for number in range(1_000):
            await box.hand(*(notice(f"{number}-{part}", kind=NoticeKind.FIRING) for part in range(10)))
            await asyncio.sleep(0.06)
        await box.hand(notice("agent", group="agent:1", kind=NoticeKind.AGENT))
        await asyncio.sleep(600)
    (counted,) = {dispatch.group for dispatch in told.got if dispatch.group.startswith("storm:")}
    assert len(told.got) <= 10
    last = [dispatch for dispatch in told.got if dispatch.group == counted][-1].card
    assert sum(dispatch.group == "agent:1" for dispatch in told.got) == 1
    assert last.told + sum(dispatch.card.told for dispatch in told.got if dispatch.group not in (counted, "agent:1")) == 10_000
    assert len(last.entries) + last.more + last.more_over == last.told


async def test_after_a_storm_groups_stand_by_themselves_again(box, clock, notice):
    """What is new while it rages joins it; a quarter of an hour after its last word something new is a message of its own."""
    told = Told()
    async with delivering(box, {"ops": told}, clock, {"ops": Habits(wait=5_000, interval=15_000)}):
        await box.hand(*(notice(f"{number}", kind=NoticeKind.FIRING) for number in range(30)))
        await asyncio.sleep(60)
        await box.hand(notice("soon", kind=NoticeKind.FIRING))
        await asyncio.sleep(900)
        await box.hand(notice("late", kind=NoticeKind.FIRING))
        await asyncio.sleep(60)
    assert [dispatch.card.told for dispatch in told.got] == [30, 31, 1]
    assert [dispatch.group for dispatch in told.got][-1] == "late"


async def test_what_goes_on_is_shown_again_to_who_forgets(box, clock, notice):
    """At its interval and at the start, as it was shown last, with an id of its own and nothing new; until it is over, and counted as nothing."""

    class Forgetful(Told):
        repeat_every = 60_000

    told = Forgetful()
    await box.hand(notice("1", "a", kind=NoticeKind.FIRING))
    async with delivering(box, {"ops": told}, clock):
        await asyncio.sleep(150)
    async with delivering(box, {"ops": told}, clock):
        await asyncio.sleep(30)
        await box.hand(notice("2", "a", kind=NoticeKind.RESOLVED))
        await asyncio.sleep(3_600)
    assert [[one.id for one in dispatch.notices] for dispatch in told.got] == [["1"], [], [], [], ["2"]]
    assert [round(at - told.times[0]) for at in told.times] == [0, 60, 120, 150, 180]
    assert len({dispatch.id for dispatch in told.got}) == 5
    assert [dispatch.card.told for dispatch in told.got] == [1, 1, 1, 1, 2]
    assert box.rows("SELECT delivered, dispatches, again FROM receivers") == [(2, 2, 0)]


async def test_a_test_comes_at_once(box, clock, notice):
    """Whatever the habits of the receiver: somebody waits for it."""
    told = Told()
    async with delivering(box, {"ops": told}, clock, {"ops": Habits(wait=300_000, interval=600_000)}):
        await box.hand(notice("slow"))
        await asyncio.sleep(10)
        await box.hand(notice("test", kind=NoticeKind.TEST))
        await asyncio.sleep(2)
    assert [one.id for dispatch in told.got for one in dispatch.notices] == ["test"]
    assert box.rows("SELECT answer FROM outbox WHERE outcome = 'delivered'") == [("taken",)]
