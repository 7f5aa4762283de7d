"""The end that nothing can hold up, and threads that nothing waits for."""

import asyncio
import os
import threading

import pytest

from tests.patience import PATIENCE
from watchdog.daemon import last_exit
from watchdog.daemon.last_exit import LastExit, UnwaitedThreads


class Left(threading.Event):
    def __init__(self) -> None:
        super().__init__()
        self.codes: list[int] = []

    def leave(self, code: int) -> None:
        self.codes.append(code)
        self.set()


@pytest.fixture
def left(monkeypatch):
    """Set, with the exit code, when the process would have ended."""
    one = Left()
    monkeypatch.setattr(os, "_exit", one.leave)
    return one


def test_a_hanging_end_is_ended_and_named(left, caplog):
    """Once the time is over the process is gone, with a code of failure, and the log says what hung."""
    LastExit(0.01, still_there=lambda: ["receivers", "turns"]).arm()
    assert left.wait(PATIENCE)
    assert left.codes == [1]
    assert "Still there: receivers, turns" in caplog.text


def test_a_hanging_log_does_not_hold_it_up(left, monkeypatch):
    """Whatever the log waits for, the end does not wait for the log."""
    released = threading.Event()
    monkeypatch.setattr(last_exit, "SAYING", 0.01)
    try:
        LastExit(0.01, still_there=lambda: ["x"] if released.wait(PATIENCE) else []).arm()
        assert left.wait(PATIENCE)
        assert not released.is_set()
    finally:
        released.set()


def test_an_end_that_was_reached_is_left_alone(left):
    """Disarmed in time, it does nothing; also if it never was armed."""
    one = LastExit(PATIENCE, still_there=list)
    one.arm()
    one.disarm()
    one._timer.join(PATIENCE)
    LastExit(0.01, still_there=list).disarm()
    assert left.codes == []


async def test_threads_of_the_loop_give_their_answers():
    """Results and exceptions come to whoever waits; several run at a time."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(UnwaitedThreads())
    together = threading.Barrier(3)

    def meet(number):
        together.wait(PATIENCE)
        return number

    assert await asyncio.gather(*(asyncio.to_thread(meet, number) for number in range(3))) == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(lambda: 1 // 0)


def test_the_end_does_not_wait_for_a_thread():
    """A loop ends although one of its threads hangs; and that thread would not hold up the interpreter."""
    released, started = threading.Event(), threading.Event()
    threads = []

    def hang():
        threads.append(threading.current_thread())
        started.set()
        released.wait(10)

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(UnwaitedThreads())
        task = asyncio.create_task(asyncio.to_thread(hang))
        while not started.is_set():
            await asyncio.sleep(0)
        task.cancel()

    try:
        asyncio.run(main())
        assert not released.is_set()
        assert threads[0].daemon
        assert threads[0].is_alive()
    finally:
        released.set()
        threads[0].join()
    asyncio.set_event_loop(None)
