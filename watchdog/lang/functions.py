"""
Every function of the language: one table, for the checker, for hints and for the reference.

The counterpart of `calls.py`, which checks how they are called. To add a function, add a line here and its check there.
"""

from enum import StrEnum
from typing import Final

import msgspec

from watchdog.lang.demands import Function
from watchdog.model.kinds import Kind


class Across(StrEnum):
    """What can be asked of all entities of a kind at this moment; each is a function of the language with the same name."""

    COUNT = "count"
    SHARE = "share"
    ANY = "any"
    ALL = "all"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


class FunctionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One way to call a function, as the reference shows it.

    `example` is a condition of a rule that looks at `each`; a test reads it. A name can have several ways, which
    differ in what stands in the parentheses.
    """

    name: str
    signature: str
    result: str
    doc: str
    example: str
    each: Kind


def _past(name: Function, result: str, doc: str, example: str, each: Kind = Kind.QUEUE) -> FunctionSpec:
    return FunctionSpec(name=name, signature=f"{name}(x, window)", result=result, doc=doc, example=example, each=each)


def _across(name: Across, inside: str, result: str, doc: str, example: str, each: Kind = Kind.QUEUE) -> FunctionSpec:
    return FunctionSpec(name=name, signature=f"{name}({inside})", result=result, doc=doc, example=example, each=each)


FUNCTIONS: Final[tuple[FunctionSpec, ...]] = (
    _past(Function.AVG, "as x", "The average over the window, by time.", "avg(process.rss, 10m) > 2GiB", Kind.PROCESS),
    _past(Function.MIN, "as x", "The smallest value in the window.", "min(queue.latency, 5m) > 1m"),
    _past(Function.MAX, "as x", "The greatest value in the window.", "max(queue.size, 30m) == 0"),
    _past(Function.SUM, "as x", "The value added up once for each second of the window.", "sum(queue.size, 5m) == 0"),
    _past(Function.FIRST, "as x", "The value at the beginning of the window.", "queue.size > first(queue.size, 1h) * 2"),
    _past(Function.LAST, "as x", "The last value that is known in the window.", "last(queue.size, 5m) > 100"),
    _past(Function.INCREASE, "as x", "By how much a counter has grown; a fall is a restart from 0.", "increase(sidekiq.failed, 30m) > 500", Kind.SIDEKIQ),
    _past(Function.RATE, "a rate", "How fast a counter grew, on average.", "rate(sidekiq.processed, 5m) < 1/s", Kind.SIDEKIQ),
    _past(Function.SLOPE, "a rate; of a duration a ratio", "How steeply a value goes up or down.", "slope(queue.latency, 10m) > 50%"),
    _past(Function.CHANGES, "a count", "How often a value became another.", "changes(process.quiet, 1h) > 4", Kind.PROCESS),
    FunctionSpec(name="held", signature="held(condition, window)", result="true or false",
                 doc="The condition was never false in the window, and never unknown for longer than three beats.",
                 example="held(process.busy == process.threads, 10m)", each=Kind.PROCESS),
    _across(Across.COUNT, "KIND where condition", "a count", "How many there are; without `where` all are counted.",
            "count(job where job.queue == queue.name and job.elapsed > 10m) > 3"),
    _across(Across.SHARE, "KIND where condition", "a ratio", "How many of all; unknown where there are none.",
            "share(job where job.process == process.id and job.elapsed > 10m) >= 50%", Kind.PROCESS),
    _across(Across.ANY, "KIND where condition", "true or false", "There is at least one.", 'any(process where process.queues contains "push")', Kind.SIDEKIQ),
    _across(Across.ALL, "KIND where condition", "true or false", "There is none of which it is not so; true where there are none at all.",
            "all(process where process.quiet)", Kind.SIDEKIQ),
    _across(Across.SUM, "x of a KIND where condition", "as x", "The values of all added up.", "sum(queue.size) > 10000", Kind.SIDEKIQ),
    _across(Across.AVG, "x of a KIND where condition", "as x", "The average of all; unknown where there are none.", "avg(process.rss where process.local) > 2GiB", Kind.SIDEKIQ),
    _across(Across.MIN, "x of a KIND where condition", "as x", "The smallest of all; unknown where there are none.", "min(process.uptime) > 1h", Kind.SIDEKIQ),
    _across(Across.MAX, "x of a KIND where condition", "as x", "The greatest of all; unknown where there are none.",
            "max(job.elapsed where job.queue == queue.name) > 1h"),
    FunctionSpec(name="known", signature="known(x)", result="true or false", doc="Whether x can be known at this moment.",
                 example="known(process.unit)", each=Kind.PROCESS),
    FunctionSpec(name="default", signature="default(x, value)", result="as x", doc="x, or the value where x can't be known; the blind guard still sees that it is unknown.",
                 example="default(process.rss, 0) > 2GiB", each=Kind.PROCESS),
    FunctionSpec(name="queue", signature='KIND("id").field', result="as the field", doc="A field of another entity; unknown where there is none of that id.",
                 example='queue("push").size > 1000', each=Kind.PROCESS),
)  # fmt: skip
"""All ways to call something; `KIND` stands for an entity: queue, process, …"""

NAMES: Final[tuple[str, ...]] = tuple(dict.fromkeys(spec.name for spec in FUNCTIONS if spec.name not in tuple(Kind)))
"""The names of all functions."""
