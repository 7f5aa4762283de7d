"""No task ends unseen."""

import asyncio
import logging

import pytest

from watchdog.daemon.tasks import TaskEndedError, Tasks
from watchdog.errors import WatchdogError


async def under_group(*begin):
    """Runs a group of tasks until it ends."""
    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        for start in begin:
            start(tasks)
        await asyncio.Event().wait()


async def for_ever():
    """A service as it should be."""
    await asyncio.Event().wait()


async def fails():
    """A service with a mistake in it, whose text must not be shown."""
    await asyncio.sleep(0)
    raise ValueError("somebody's private post")


async def fails_on_purpose():
    """A service that says why."""
    await asyncio.sleep(0)
    raise WatchdogError("the kernel tells nothing")


async def returns():
    """A service that just stops."""
    await asyncio.sleep(0)


async def cancels_itself():
    """A service that waits for something which somebody else cancels."""
    never = asyncio.get_running_loop().create_future()
    never.cancel()
    await never


@pytest.mark.parametrize(
    ("work", "error", "line"),
    [
        (fails, ValueError, "task 'follower' died, and the agent ends with it: ValueError"),
        (fails_on_purpose, WatchdogError, "task 'follower' died, and the agent ends with it: the kernel tells nothing"),
        (returns, TaskEndedError, "task 'follower' came to its end, and the agent ends with it"),
        (cancels_itself, TaskEndedError, "task 'follower' was cancelled from within, and the agent ends with it"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_service_that_ends_ends_everything_by_name(caplog, work, error, line):
    """However it ends, even without an exception; the log names it and shows no text that was not made to be shown."""
    with caplog.at_level(logging.CRITICAL, "watchdog"), pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(under_group(lambda tasks: tasks.serve("other", for_ever), lambda tasks: tasks.serve("follower", work)), 1)
    assert [type(one) for one in raised.value.exceptions] == [error]
    assert [record.message for record in caplog.records] == [line]


async def test_an_errand_may_end_but_not_die(caplog):
    """What is done once may come to its end; if it dies, that is the end of all."""
    done = asyncio.Event()

    async def errand():
        done.set()

    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        tasks.serve("service", for_ever)
        tasks.do("errand", errand)
        await done.wait()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert tasks.names() == ["service"]
        tasks.cancel()
    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(under_group(lambda tasks: tasks.do("errand", fails)), 1)


async def test_a_service_is_exchanged():
    """The one that served before under this name is ended, which is no death; one that has not even begun leaves nothing behind."""
    began, ended = [], []

    def service(number):
        async def work():
            began.append(number)
            try:
                await for_ever()
            finally:
                ended.append(number)

        return work

    async with asyncio.TaskGroup() as group:
        tasks = Tasks(group)
        tasks.serve("receivers", service(1))
        await asyncio.sleep(0)
        tasks.serve("receivers", service(2))
        tasks.serve("receivers", service(3))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (began, ended) == ([1, 3], [1])
        tasks.cancel()
    assert ended == [1, 3]
