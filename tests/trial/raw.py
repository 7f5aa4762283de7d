"""
What a Redis may answer, made of raw bytes: each byte decides something, so that a fuzzer that changes one changes one thing.

The counterpart of `tests/property/hostile.py`, which draws the same by hypothesis: too slow to be asked a million times.
"""

from typing import Any

from tests.property.hostile import IDENTITY, WRONGTYPE, dumped
from watchdog.sidekiq.decode import Beat, Info, Work
from watchdog.sidekiq.failures import ServerError
from watchdog.sidekiq.reading import Reading

_ERRORS = (WRONGTYPE, "NOPERM no", "LOADING wait", "ERR x", "", "max number of clients", "MISCONF")
_NAMES = (b"push", b"pull", IDENTITY.encode(), b"mast:" + IDENTITY.encode(), b"mast:processes", b"a\nb", b"\xff", b"")
_INFO = dumped(
    {"hostname": "web1", "pid": 42, "queues": ["push"], "tag": "app", "concurrency": 5, "started_at": 1_700_000_000.5, "version": "8"}
)
_JOB = dumped(
    {
        "jid": "j1",
        "class": "C",
        "wrapped": "D",
        "retry_count": 2,
        "created_at": 1_700_000_000_000,
        "enqueued_at": 1.7e9,
        "args": ["PRIVATE"],
    }
)
_ENTRY = dumped({"queue": "push", "payload": _JOB.decode(), "run_at": 1_700_000_000})
_SERVER = b"# Server\r\nredis_version:7.0.15\r\nrole:master\r\nused_memory:100\r\nmaxmemory:0\r\nuptime_in_seconds:9\r\nrdb_last_bgsave_status:err\r\n"
_USUAL = (_INFO, _JOB, _ENTRY, _SERVER, b"1700000000.5", b"1", b"true")


class Raw:
    """A supply of bytes; at its end everything is zero."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        """One of 256."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def below(self, number: int) -> int:
        """One of so many."""
        return self.byte() % number

    def whole(self) -> int:
        """Of any size up to 64 bits and a little more, of either sign."""
        return int.from_bytes(self.some(self.below(10)), "big", signed=True)

    def some(self, length: int) -> bytes:
        """So many, or what is left."""
        part = self._data[self._at : self._at + length]
        self._at += length
        return part

    def rest(self) -> bytes:
        """All that is left."""
        return self.some(len(self._data))

    def text(self) -> bytes:
        """Bytes as a key may hold them: raw ones, a number, or what Sidekiq writes with a piece of it replaced."""
        match self.below(4):
            case 0:
                return self.some(self.below(40))
            case 1:
                return str(self.whole()).encode()
            case 2:
                return _USUAL[self.below(len(_USUAL))]
            case _:
                usual = _USUAL[self.below(len(_USUAL))]
                begin = self.byte() * len(usual) // 256
                return usual[:begin] + self.some(self.below(12)) + usual[begin + self.below(12) :]

    def name(self) -> bytes:
        """A key, a member, a thread."""
        chosen = self.below(len(_NAMES) + 1)
        return _NAMES[chosen] if chosen < len(_NAMES) else self.some(self.below(20))

    def error(self) -> ServerError:
        """A refusal."""
        return ServerError(_ERRORS[self.below(len(_ERRORS))])

    def reply(self, depth: int = 0) -> Any:
        """Anything that can come over a connection."""
        match self.below(10 if depth < 3 else 7):
            case 0:
                return None
            case 1:
                return bool(self.below(2))
            case 2:
                return self.whole()
            case 3:
                return float(self.whole())
            case 4:
                return self.error()
            case 5:
                return self.name()
            case 6:
                return self.text()
            case 7:
                return {self.name(): self.reply(depth + 1) for _ in range(self.below(4))}
            case 8:
                return {self.whole(): self.reply(depth + 1) for _ in range(self.below(4))}
            case _:
                return [self.reply(depth + 1) for _ in range(self.below(8))]

    def mostly(self, usual: Any) -> Any:
        """That, or in one case of eight anything."""
        return self.reply() if self.below(8) == 0 else usual

    def process(self) -> list[Any]:
        """Answers to what is asked of one process."""
        values = [self.text() if self.below(8) else None for _ in range(7)]
        if self.below(2):
            values[:2] = [_INFO, b"17000000%02d.5" % self.below(100)]
        hashes = [{self.name(): self.text() for _ in range(self.below(4))} for _ in range(2)]
        return [
            self.mostly(values), self.mostly(self.byte() * 300), *(self.mostly(one) for one in hashes), self.mostly(self.below(2)),
        ]  # fmt: skip

    def answer(self, command: tuple[Any, ...]) -> Any:
        """An answer to a command of the sampler."""
        usual: dict[Any, Any] = {
            "TIME": [b"1700000000", b"5"], "ZCARD": self.byte(), "LLEN": self.byte(), "SSCAN": [b"0", [self.name() for _ in range(self.below(4))]],
        }  # fmt: skip
        return self.mostly(usual[command[0]] if command[0] in usual else self.text() if self.below(4) else None)

    def reading(self) -> Reading:
        """A reading of one of three processes."""
        runs = {f"t{self.below(2)}/j{self.below(3)}/{1_000 + self.below(5)}" for _ in range(self.below(4))}
        work = tuple(
            Work(run=run, thread=run[:2], jid=run[3:5], job_class="C", queue="push", retries=0, run_at=int(run.rsplit("/", 1)[1]) * 1_000)
            for run in sorted(runs)
        )
        at = 1_000_000 + self.byte() * 40
        beat = Beat(at=at, written=str(at).encode(), busy=(None, 0, 1, 2, 3)[self.below(5)], quiet=(None, True, False)[self.below(3)])
        return Reading(
            identity=(IDENTITY, "web1:42:second", "odd")[self.below(3)], at=0, ttl=self.byte() * 240 - 2, member=bool(self.below(2)),
            info=Info(host="web1", pid=42, queues=("push",), threads=5, started_at=1_000_000) if self.below(2) else None,
            beat=beat if self.below(6) else None, work=work, held=len(work) + self.below(2),
        )  # fmt: skip
