"""However a retry set moves, and whenever it is counted: the counts are those of a naive count, within the bounds that are stated."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.retry_simulation import Simulated
from watchdog.sidekiq import pages

HOSTS = st.sampled_from(["a.example", "b.example", "c.example"])
FAIL = st.tuples(st.just("fail"), HOSTS, st.integers(0, 2), st.integers(0, 5), st.floats(0, 1))
PASS = st.tuples(st.just("pass"), st.integers(1, 40))
FRACTION = st.tuples(st.just("fraction"), st.floats(0.001, 0.9))
DELETE = st.tuples(st.just("delete"), st.floats(0, 0.999))
BURST = st.tuples(st.just("burst"), HOSTS, st.integers(5, 15))
MOVE = FAIL | BURST | PASS | FRACTION
CENSUS = st.tuples(st.just("census"), st.lists(st.lists(MOVE, max_size=3), max_size=6))
ORDERLY = st.lists(MOVE | CENSUS, max_size=25)
DISORDERLY = st.lists(MOVE | DELETE | CENSUS, max_size=25)


@pytest.fixture(autouse=True, scope="module")
def small_pages():
    """Pages of five, so that a few entries make many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "PAGE", 5)
        yield


class Story:
    """Steps carried out one after the other, with a turn each second."""

    def __init__(self) -> None:
        self.one = Simulated()
        self.taken = 0
        self.left: list[Any] = []

    async def step(self, step: Any) -> None:
        match step:
            case ("fail", domain, outcome, failed_before, chance):
                self.one.now += 0.000_7
                self.one.fail(domain, outcome, failed_before, chance)
            case ("burst", domain, number):
                for count in range(number):
                    await self.step(("fail", domain, count % 3, count % 2, count / number))
            case ("fraction", seconds):
                self.one.now += seconds
            case ("delete", chance):
                self.one.delete(chance)
            case ("pass", seconds):
                for _ in range(seconds):
                    self.one.now += 1
                    self.left += self.one.poll()
                    await self.one.retries.turn(self.one.ask)
            case ("census", meanwhile):
                await self.census(meanwhile)

    async def census(self, meanwhile: Any = ()) -> None:
        steps = iter(meanwhile)

        async def between() -> None:
            for step in next(steps, ()):
                await self.step(step)
            self.one.now += 0.001

        self.one.meanwhile = between
        await self.one.retries.census(self.one.ask)
        self.one.meanwhile = None

    async def play(self, steps: Any) -> None:
        await self.one.retries.turn(self.one.ask)
        await self.step(("census", ()))
        for step in steps:
            await self.step(step)
            await self.step(("fraction", 0.001))


def play(steps: Any, then: Any) -> None:
    """Carry out the steps in a loop of their own, and look at what came of it."""

    async def run() -> None:
        story = Story()
        await story.play(steps)
        await then(story)

    asyncio.run(run())


async def holds(story: Story) -> None:
    """The book holds all that a frontier has come to, or a census met, and nothing that is not in the set."""
    one = story.one
    await story.step(("pass", 1))
    found, at_most, at_least = one.counted(), one.waiting(), one.surely_counted()
    assert all(number <= at_most[key] for key, number in found.items()), (found, at_most)
    assert all(number <= found[key] for key, number in at_least.items()), (found, at_least)
    assert one.retries._book.total == found.total()


@given(ORDERLY)
def test_nothing_is_counted_twice_and_nothing_is_missed(steps):
    """At any moment, whatever failed and was tried again."""
    play(steps, holds)


@given(
    st.lists(BURST, max_size=2),
    st.integers(1, 12),
    st.lists(st.lists(BURST | st.tuples(st.just("pass"), st.integers(1, 12)), max_size=2), max_size=5),
)
def test_what_leaves_while_a_census_goes_on(bursts, seconds, meanwhile):
    """Entries that are tried while the pages are read are taken off if their page was read already, and only then."""
    play([*bursts, ("pass", seconds), ("census", meanwhile)], holds)


@given(DISORDERLY)
def test_a_census_puts_everything_right(steps):
    """Whatever was deleted from the middle of the set: after the next census each count is that of a naive count."""

    async def then(story: Story) -> None:
        await story.census()
        assert story.one.counted() == story.one.waiting()
        assert story.one.retries._book.total == len(story.one.set)

    play(steps, then)


@given(ORDERLY)
def test_each_failure_is_added_once(steps):
    """When every frontier has come to what failed, each failure was added once, however many times a census met it."""

    async def then(story: Story) -> None:
        one = story.one
        await story.step(("pass", 30))
        sure = sum(one.is_surely_counted(entry) for entry in one.set.values()) + len(story.left)
        added = sum(one.retries.entities._groups.values())
        assert sure <= added <= one.failures

    play(steps, then)


@given(ORDERLY)
@settings(max_examples=20)
def test_no_command_is_long(steps):
    """No answer holds more than a page or a slice."""

    async def then(story: Story) -> None:
        assert story.one.longest <= 1_000

    play(steps, then)
