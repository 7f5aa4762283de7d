"""Counting the follows of watched hosts in virtual time: at which pace, what is said of them, and what of an API that fails."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.unit.mastodon.watching import FakeClock, File, Heard, running, settings
from watchdog.mastodon.admin_api import Follows
from watchdog.mastodon.api_failures import ApiError
from watchdog.mastodon.follow_counts import ROUND, FollowCounts

pytestmark = pytest.mark.looptime
A, B = "a.example", "b.example"


class Api:
    """Knows the follows by host, fails as long as `fails` says how; `asked` is when which host was asked about, in seconds of the loop."""

    def __init__(self, **_: object) -> None:
        self.known: dict[str, Follows] = {}
        self.fails: ApiError | None = None
        self.asked: list[tuple[int, str]] = []

    @asynccontextmanager
    async def opened(self, _settings):
        yield self

    async def follows(self, host: str) -> Follows:
        self.asked.append((int(asyncio.get_running_loop().time()), host))
        if self.fails is not None:
            raise self.fails
        return self.known.get(host, Follows(0, 0))


def source(api: Api, heard: Heard, file: File, meant=None, clock=None) -> FollowCounts:
    """That follows this API."""
    return FollowCounts(meant, clock=clock or FakeClock(), emit=heard.bodies.append, tell=heard.peers.tell, kept=file, open_api=api.opened)


async def test_who_is_asked_about_and_when():
    """Each host soon after the start, later once in three hours, spread over them."""
    api, heard = Api(), Heard(A, B)
    api.known = {A: Follows(3, 40), B: Follows(0, 7)}
    async with running(source(api, heard, File(), settings(A, B))):
        await asyncio.sleep(10)
        assert api.asked == [(0, A), (2, B)]
        assert heard.of(A) == {"follows": 3, "followers": 40, "follows_peak": 43}
        assert heard.of(B) == {"follows": 0, "followers": 7, "follows_peak": 7}
        assert heard.complete == 1
        await asyncio.sleep(2 * ROUND)
    assert [(at // 600, host) for at, host in api.asked[2:]] == [(9, A), (18, B), (27, A), (36, B)]
    assert heard.losses == []


async def test_ties_that_are_cut():
    """The peak stays, over a restart as well."""
    api, heard, file = Api(), Heard(A), File()
    api.known[A] = Follows(3, 40)
    async with running(source(api, heard, file, settings(A))):
        await asyncio.sleep(1)
    api.known[A] = Follows(0, 0)
    heard = Heard(A)
    async with running(source(api, heard, file, settings(A))):
        await asyncio.sleep(1)
    assert heard.of(A) == {"follows": 0, "followers": 0, "follows_peak": 43}


async def test_an_api_that_is_away_for_a_moment():
    """Is no loss: its web server is being replaced, or it was asked too often. What was counted before counts on."""
    api, heard = Api(), Heard(A)
    api.known[A] = Follows(3, 40)
    async with running(source(api, heard, File(), settings(A))):
        await asyncio.sleep(ROUND - 1)
        api.fails = ApiError("timeout", "it fails")
        await asyncio.sleep(2)
        api.fails = None
        assert heard.of(A)["followers"] == 40
        await asyncio.sleep(ROUND)
    assert heard.losses == []
    assert len(api.asked) == 3


async def test_another_server_of_ours():
    """What was counted for the one says nothing of the other: else all its ties would seem to be cut."""
    api, heard, file = Api(), Heard(A), File()
    api.known[A] = Follows(3, 40)
    counts = source(api, heard, file, settings(A))
    async with running(counts):
        await asyncio.sleep(1)
        api.known[A] = Follows(0, 0)
        counts.mean(settings(A, domain="example.com"))
        await asyncio.sleep(1)
        assert heard.of(A) == {"follows": 0, "followers": 0, "follows_peak": 0}


@pytest.mark.parametrize(("code", "until"), [("timeout", 300), ("unauthorized", 900)])
async def test_an_api_that_fails(code, until):
    """Is lost, by one word each, where it passes by itself only the second time; it is back once all hosts have been asked about again."""
    api, heard = Api(), Heard(A, B)
    api.fails = ApiError(code, "it fails")
    async with running(source(api, heard, File(), settings(A, B))):
        await asyncio.sleep(until - 1)
        assert (api.asked, heard.losses) == ([(0, A)], [code] if code == "unauthorized" else [])
        await asyncio.sleep(until)
        assert heard.losses == [code]
        api.fails = None
        await asyncio.sleep(until)
        assert (heard.losses, heard.complete) == ([code, "back"], 1)
        assert heard.of(B)["follows"] == 0


async def test_one_that_was_asked_too_often_is_left_alone():
    """For as long as it says."""
    api, heard = Api(), Heard(A)
    api.fails = ApiError("limited", "too often", after=1_800_000)
    async with running(source(api, heard, File(), settings(A))):
        await asyncio.sleep(1_799)
        assert len(api.asked) == 1
        await asyncio.sleep(2)
        assert len(api.asked) == 2


async def test_other_settings():
    """Hosts that are no longer watched are no longer known; without a token nobody is asked."""
    api, heard = Api(), Heard(A, B)
    counts = source(api, heard, File())
    async with running(counts):
        await asyncio.sleep(1)
        assert api.asked == []
        counts.mean(settings(A))
        await asyncio.sleep(1)
        counts.mean(settings(B))
        await asyncio.sleep(1)
        assert (heard.of(A), heard.of(B)["followers"]) == ({}, 0)
        counts.mean(settings(B, token=""))
        await asyncio.sleep(10 * ROUND)
        assert (len(api.asked), heard.of(B)) == (2, {})
        counts.mean(settings(B))
        await asyncio.sleep(1)
        assert heard.of(B)["followers"] == 0


async def test_settings_that_lose_the_reason_for_a_loss():
    """Whoever takes the token away has answered what was complained of."""
    api, heard = Api(), Heard(A)
    api.fails = ApiError("forbidden", "no")
    counts = source(api, heard, File(), settings(A))
    async with running(counts):
        await asyncio.sleep(1)
        counts.mean(settings(A, token=""))
        await asyncio.sleep(1)
    assert heard.losses == ["forbidden", "back"]


@pytest.mark.parametrize("file", [File(b"damaged"), File()], ids=["damaged", "unreadable"])
async def test_a_file_that_is_of_no_use(file, caplog):
    """Is said once, and done without."""
    file.fails = file.data is None
    api, heard = Api(), Heard(A)
    async with running(source(api, heard, file, settings(A))):
        await asyncio.sleep(ROUND + 60)
    assert heard.of(A)["follows"] == 0
    # Reading and writing fail in different words.
    assert len(caplog.messages) == (2 if file.fails else 1)
