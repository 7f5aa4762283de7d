"""A retry set as Sidekiq keeps it, in memory and in a time of its own: jobs fail into it, its poller takes what is due, people delete."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from watchdog.clock import Clock
from watchdog.sidekiq.broken import Tally
from watchdog.sidekiq.frontiers import DISTANCES, counted_by
from watchdog.sidekiq.keys import Keys
from watchdog.sidekiq.pace import Pace
from watchdog.sidekiq.retries import Retries

BEGAN = 1_795_000_000
OUTCOMES = (
    ("Mastodon::UnexpectedResponseError", "https://{host}/inbox returned code 503", ("status", 503)),
    ("Mastodon::UnexpectedResponseError", "https://{host}/inbox returned code 401", ("status", 401)),
    ("HTTP::TimeoutError", "Connect timed out after 5 seconds on https://{host}/inbox", ("timeout", 0)),
)
Entry = tuple[float, float, str, int]
"""Score, when it failed, domain, outcome."""


class Simulated(Clock):
    """The set, its clock, and a follower that asks it. `meanwhile` is called before each page of a census is answered."""

    def __init__(self) -> None:
        self.now = float(BEGAN)
        self.set: dict[bytes, Entry] = {}
        self.failures = 0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.longest = 0
        self.retries = Retries(Keys(), Tally(self), where="here", clock=self, pace=Pace(1.0))

    def at(self) -> int:
        return round((self.now - BEGAN) * 1000)

    def wall(self) -> int:
        return round(self.now * 1000)

    # What Sidekiq does

    def fail(self, domain: str, outcome: int, failed_before: int, chance: float) -> None:
        """A job fails for another time; the pause is that of Mastodon's deliveries."""
        pause = failed_before**4 * (1 + chance / 2) + 15 + 9 * chance * (failed_before + 1)
        error_class, message, _ = OUTCOMES[outcome]
        self.failures += 1
        job = {
            "class": "ActivityPub::DeliveryWorker", "queue": "push", "args": ["{}", 1, f"https://{domain}/inbox"], "jid": f"{self.failures:024x}",
            "error_class": error_class, "error_message": message.format(host=domain), "failed_at": self.now, "retry_count": failed_before,
        }  # fmt: skip
        self.set[orjson.dumps(job)] = (self.now + pause, self.now, domain, outcome)

    def poll(self) -> list[Entry]:
        """The poller takes everything that is due."""
        due = [member for member, entry in self.set.items() if entry[0] <= self.now]
        return [self.set.pop(member) for member in due]

    def delete(self, chance: float) -> None:
        """Somebody deletes an entry."""
        if self.set:
            del self.set[list(self.set)[int(chance * len(self.set))]]

    # What Redis answers

    async def ask(self, commands: Sequence[Any]) -> list[Any]:
        """Answers of RESP3 to what a follower asks."""
        if self.meanwhile is not None and len(commands) in {3, 5} and commands[0] == commands[-1] == ("TIME",):
            await self.meanwhile()
        return [self._answer(*command) for command in commands]

    def _answer(self, name: str, *rest: Any) -> Any:
        match name:
            case "TIME":
                return [str(int(self.now)).encode(), str(int(self.now % 1 * 1e6)).encode()]
            case "LLEN":
                return 0
            case "ZCARD":
                return len(self.set)
            case "ZRANGE":
                return self._ordered()[:1]
            case "ZRANGEBYSCORE":
                return self._between(*rest[1:])
        raise AssertionError(name)

    def _ordered(self) -> list[list[Any]]:
        return [[member, entry[0]] for entry, member in sorted((entry, member) for member, entry in self.set.items())]

    def _between(self, low: str, high: str, *rest: Any) -> list[Any]:
        *words, start, most = rest
        above = float(low.removeprefix("("))
        found = [pair for pair in self._ordered() if above < pair[1] <= float(high)][start : start + most]
        self.longest = max(self.longest, len(found))
        return found if "WITHSCORES" in words else [member for member, _ in found]

    # What must be so

    def waiting(self) -> Counter[tuple[str, int]]:
        """Everything in the set, by domain and outcome."""
        return Counter(entry[2:] for entry in self.set.values())

    def surely_counted(self) -> Counter[tuple[str, int]]:
        """What a frontier must have counted by now, given a turn each second."""
        return Counter(entry[2:] for entry in self.set.values() if self.is_surely_counted(entry))

    def is_surely_counted(self, entry: Entry) -> bool:
        """The frontier that counts it has passed over it, and has been asked for since."""
        distance = DISTANCES[counted_by(entry[0], entry[1])]
        return self.now >= entry[0] - distance + distance / 20 + 2

    def counted(self) -> Counter[tuple[str, int]]:
        """What the follower's book says, by domain and outcome (of the three, each is another part)."""
        book = self.retries._book
        assert book is not None
        return Counter(
            {
                (domain, outcome): towards.parts[place]
                for domain, towards in book.domains.items()
                for outcome, place in enumerate((3, 0, 1))
                if towards.parts[place]
            }
        )
