"""A fault of ours in what is shown: it is answered without a word of the inside, logged without a word of the caller's that does harm, and begun anew."""

import asyncio
import logging

import pytest

from tests.unit.web.served import served
from watchdog.daemon import windows
from watchdog.store.failures import StoreError
from watchdog.web import application
from watchdog.web.endpoint import Endpoint, Method, Param
from watchdog.web.limits import Limits


def endpoint(run, path: str = "/broken") -> Endpoint:
    """One that does that."""
    return Endpoint(
        method=Method.GET, path=path, doc="Broken.", answer=dict, run=run, params=(Param("what", "Anything.", in_path="{" in path),)
    )


async def raises(_call):
    """A mistake of this program."""
    raise KeyError("secret of the inside")


async def unreadable(_call):
    """A disk."""
    raise StoreError("the state database can't be read: disk I/O error")


async def for_ever(_call):
    """Nothing comes of it."""
    await asyncio.Event().wait()


async def test_a_fault_is_answered(spoken, until, monkeypatch, caplog):
    """With 500 and a sentence; the log has the traceback, and the path without what would pass for a line of its own."""
    monkeypatch.setattr(application, "ENDPOINTS", (endpoint(raises, "/broken{what}"),))
    async with served(spoken, until) as here:
        with caplog.at_level(logging.ERROR):
            status, answer = await here.local.get("/api/v1/broken%0aCRITICAL:%1b[2J")
        assert (status, answer["error"]["code"]) == (500, "fault")
        assert "secret of the inside" not in str(answer)
        assert (await here.local.get("/healthz"))[0] == 200
    (record,) = (record for record in caplog.records if record.name == "watchdog")
    assert record.exc_info is not None
    assert "\n" not in record.getMessage()
    assert "\x1b" not in record.getMessage()


@pytest.mark.parametrize(("run", "code"), [(unreadable, "not_ready"), (for_ever, "not_ready")])
async def test_what_can_be_tried_again(spoken, until, monkeypatch, run, code):
    """A disk that fails, and what takes too long: 503, and when to come again."""
    monkeypatch.setattr(application, "ENDPOINTS", (endpoint(run),))
    limits = Limits(whole=0.2) if run is for_ever else Limits()
    async with (
        served(spoken, until, limits=limits) as here,
        here.local.session.get("http://api/api/v1/broken") as answer,
    ):
        assert (answer.status, (await answer.json())["error"]["code"]) == (503, code)
        assert answer.headers["Retry-After"] == "5"


async def test_what_fails_is_begun_anew(monkeypatch, caplog):
    """Not at once, and never with the end of the agent."""
    monkeypatch.setattr(windows, "AGAIN", 0.01)
    begun = asyncio.Event()
    times = 0

    async def work() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise RuntimeError("a mistake")
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(windows._again("test", work))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert times == 2
    assert "what shows the agent to others (test) has failed, and is begun anew" in caplog.text
