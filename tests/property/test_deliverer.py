"""
Whatever a receiver does and whenever the agent is killed: nothing is lost, each group stays in order, nothing is told in two dispatches, and the same dispatch is the same each time.

In virtual time, with the real tables; killed before or after any of the writes, or in the middle of a call.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import looptime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.receivers.memory_store import Direct, LoopClock, MemoryStore
from watchdog.model.cards import Card
from watchdog.model.notices import Notice, NoticeKind, Severity
from watchdog.model.parameters import Allowance
from watchdog.receivers.delivery import Deliverer
from watchdog.receivers.folding import fold
from watchdog.receivers.habits import Habits
from watchdog.receivers.receiver import Dispatch, RefusedError, Remember, TryAgainError

LIMIT = Allowance(30, 60_000)
GROUPS = ("a", "b", "c")
ANSWERS = st.sampled_from(
    ["fine", "fine", "fine", "refused connection", "lost", "arrived and lost", "busy", "no", "fault", "killed before", "killed after"]
)
STEPS = st.lists(st.tuples(st.sampled_from(GROUPS), st.integers(1, 25), st.integers(0, 60)), min_size=1, max_size=12)
DEATHS = st.dictionaries(st.integers(1, 60), st.sampled_from(["before", "after"]), max_size=6)


class KilledError(BaseException):
    """The process is gone."""


class Moody:
    """A receiver that does as it is told, and fine after that. `arrived` is all that came, `calls` when."""

    def __init__(self, answers: list[str]) -> None:
        self.answers = answers
        self.arrived: list[Dispatch] = []
        self.tried: dict[str, Dispatch] = {}
        self.calls: list[float] = []

    async def send(self, dispatch: Dispatch, remember: Remember, /) -> str:
        self.calls.append(asyncio.get_running_loop().time())
        answer = self.answers.pop(0) if self.answers else "fine"
        if answer == "refused connection":
            raise TryAgainError("can't connect", untouched=True)
        if answer == "killed before":
            raise KilledError
        if answer in ("fine", "arrived and lost", "killed after"):
            self.arrived.append(dispatch)
            if dispatch.notices:
                await remember({"last": dispatch.notices[-1].id})
        match answer:
            case "lost" | "arrived and lost":
                raise TryAgainError("no answer")
            case "busy":
                raise TryAgainError("too many", 30_000, untouched=True)
            case "no":
                raise RefusedError("answered 400", untouched=True)
            case "fault":
                raise ValueError
            case "killed after":
                raise KilledError
        return "fine"

    async def close(self) -> None:
        pass


class Mortal:
    """A writer under which the process ends before or after some of its writes, by their numbers."""

    def __init__(self, writer: Direct, deaths: dict[int, str]) -> None:
        self._writer = writer
        self._deaths = deaths
        self._count = 0
        self.read = writer.read

    async def write(self, work: Callable[..., Any], *, then: Callable[[], None] | None = None) -> Any:
        self._count += 1
        death = self._deaths.get(self._count)
        if death == "before":
            raise KilledError
        result = await self._writer.write(work, then=then)
        if death == "after":
            raise KilledError
        return result


async def lives(store: MemoryStore, receiver: Moody, habits: Habits, clock: LoopClock) -> None:
    """One agent after the other."""
    while True:
        try:
            await Deliverer(store, {"ops": receiver}, clock, {"ops": habits}).run()
        except* KilledError:
            await asyncio.sleep(1)


async def conversation(steps: Any, answers: list[str], deaths: dict[int, str], habits: Habits) -> tuple[MemoryStore, Moody, list[Notice]]:
    """Notices that come a few at a time, and two days of peace after them; the outbox, the receiver, and what was handed to them."""
    clock = LoopClock()
    store, receiver = MemoryStore(clock, lambda writer: Mortal(writer, deaths)), Moody(answers)
    handed: list[Notice] = []
    task = asyncio.create_task(lives(store, receiver, habits, clock))
    for group, number, pause in steps:
        notices = [
            Notice(f"{len(handed) + n}", f"{group}{n % 4}", NoticeKind.FIRING, Severity.WARNING, len(handed) + n, "t", group=group)
            for n in range(number)
        ]
        handed += notices
        await store.hand(*notices)
        await asyncio.sleep(pause)
    # Long enough for every answer and every wait, and too short for anything to be given up.
    await asyncio.sleep(2 * 86_400)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return store, receiver, handed


@pytest.mark.filterwarnings("ignore::looptime.TimeWarning")
@given(STEPS, st.lists(ANSWERS, max_size=20), DEATHS, st.booleans(), st.sampled_from([0, 5_000]))
def test_everything_arrives_in_order(steps, answers, deaths, every_thread, wait):
    """And the outbox knows of all of it."""
    habits = Habits(wait=wait, interval=3 * wait, at_most=LIMIT, every_thread=every_thread)
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        store, receiver, handed = runner.run(conversation(steps, list(answers), deaths, habits))
    (counts,) = store.rows("SELECT delivered, given_up, left_out, (SELECT count(*) FROM outbox WHERE ended IS NULL) FROM receivers")
    store.close()
    assert counts == (len(handed), 0, 0, 0)
    for group in GROUPS:
        mine = [notice for notice in handed if notice.group == group]
        first: dict[str, Dispatch] = {}
        for dispatch in receiver.arrived:
            if dispatch.group == group:
                before = first.setdefault(dispatch.id, dispatch)
                assert (before.card, before.notices, before.missed) == (dispatch.card, dispatch.notices, dispatch.missed)
        told = [int(notice.id) for dispatch in first.values() for notice in dispatch.notices]
        assert told == sorted(set(told))
        assert len(told) + sum(dispatch.missed for dispatch in first.values()) == len(mine)
        assert {notice.thread for dispatch in first.values() for notice in dispatch.notices} == {notice.thread for notice in mine}
        if mine:
            assert list(first.values())[-1].card == fold(Card(group=group), mine)
            assert told[-1] == int(mine[-1].id)


@given(STEPS, st.lists(ANSWERS.filter(lambda answer: not answer.startswith("killed")), max_size=20))
@pytest.mark.filterwarnings("ignore::looptime.TimeWarning")
def test_nobody_is_called_too_often(steps, answers):
    """In no minute more than so many times, whatever fails."""
    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        store, receiver, _ = runner.run(conversation(steps, list(answers), {}, Habits(at_most=LIMIT)))
    store.close()
    assert all(late - early >= LIMIT.per / 1000 for early, late in zip(receiver.calls, receiver.calls[LIMIT.times :], strict=False))
