"""The guard `headroom`: what is lacking is named, each by itself and all together, and what is not known is lacking."""

from typing import Any

import pytest

from tests.scenario.conversation import found, process
from tests.unit.engine.conftest import AT
from watchdog.engine.scaling.headroom import Headroom, headroom
from watchdog.engine.world import World
from watchdog.model.events import Delta, Observed
from watchdog.model.kinds import Kind, Source

TEMPLATE, ONE, OTHER = "ingress@.service", "web1:10:abc", "web1:11:def"
GIB = 1 << 30
HOST = {"cores": 4.0, "cpu": 0.5, "memory_available": 4 * GIB, "memory_pressure": 0.0}
REDIS = {"memory": GIB, "maxmemory": 0, "clients": 100, "max_clients": 1_000, "latency": 2}
DATABASE = {"name": "postgres", "type": "postgres", "ok": True, "free_connections": 20}
NOT_LOOKED_AT = "connections to the database (the config declares no check of type postgres)"


def room(
    *, idle: float = 0.5, host: dict[str, Any] = HOST, server: dict[str, Any] = REDIS, check: dict[str, Any] | None = DATABASE,
    size: int | None = GIB, rss: int | None = None, unit: str = "ingress@1.service", threads: int | None = 15, local: bool = True,
) -> Headroom:  # fmt: skip
    """What is found with these readings, of one process in that unit."""
    world = World()
    beat = process(ONE, AT, queues=("ingress",))
    seen = Delta(Kind.PROCESS, ONE, {**beat.fields, "rss": rss, "threads": threads})
    world.take(Observed(Source.REDIS, (seen, Delta(Kind.REDIS, "redis", server)), complete=True), AT)
    placed = Delta(Kind.PROCESS, ONE, {**found(ONE, unit=unit).fields, "memory": size, "local": local})
    world.take(Observed(Source.HOST, (placed, Delta(Kind.HOST, "web1", host))), AT)
    world.take(Observed(Source.CHECKS, () if check is None else (Delta(Kind.CHECK, check["name"], check),), complete=True), AT)
    return headroom(world, TEMPLATE, idle=idle)


def test_there_is_room():
    """With enough of everything nothing is lacking, and without a check it is said what was not looked at."""
    assert room() == Headroom()
    assert room(check=None) == Headroom(not_looked_at=(NOT_LOOKED_AT,))
    assert room(check={"name": "web", "type": "http", "ok": True}).not_looked_at == (NOT_LOOKED_AT,)


@pytest.mark.parametrize(
    ("case", "lacking"),
    [
        ({"host": {**HOST, "cpu": 0.9}}, "processor: 40% of one is idle on this host, and it takes 50%"),
        ({"host": {**HOST, "cpu": 0.876}}, "processor: 50% of one is idle on this host, and it takes 50%"),
        ({"host": {**HOST, "cpu": 0.875}}, ""),
        ({"host": {**HOST, "cpu": 1.2}}, "processor: 0% of one is idle on this host, and it takes 50%"),
        ({"host": {**HOST, "cpu": 1.2}, "idle": 0.0}, ""),
        ({"host": {**HOST, "cpu": None}}, "how much of the processors is idle is not known"),
        ({"host": {**HOST, "cores": None}}, "how much of the processors is idle is not known"),
        ({"host": {**HOST, "memory_available": 2 * GIB}}, ""),
        ({"host": {**HOST, "memory_available": 2 * GIB - 1}}, "memory: 2.0 GiB are available, and it takes 2.0 GiB, 2 times the largest process"),
        ({"size": 3 * GIB}, "memory: 4.0 GiB are available, and it takes 6.0 GiB, 2 times the largest process"),
        ({"size": None, "rss": 3 * GIB}, "memory: 4.0 GiB are available, and it takes 6.0 GiB, 2 times the largest process"),
        ({"rss": 3 * GIB}, "memory: 4.0 GiB are available, and it takes 6.0 GiB, 2 times the largest process"),
        ({"size": None}, "memory: what is available, or what one process takes, is not known"),
        ({"host": {**HOST, "memory_available": None}}, "memory: what is available, or what one process takes, is not known"),
        ({"host": {**HOST, "memory_pressure": 0.0999}}, ""),
        ({"host": {**HOST, "memory_pressure": 0.1}}, "memory pressure: 10%, and it must be below 10%"),
        ({"host": {**HOST, "memory_pressure": None}}, "memory pressure is not known"),
        ({"server": {**REDIS, "maxmemory": GIB}}, "Redis: 100% of its maxmemory is used"),
        ({"server": {**REDIS, "maxmemory": 2 * GIB}}, ""),
        ({"server": {**REDIS, "maxmemory": None}}, "Redis: its memory is not known"),
        ({"server": {**REDIS, "memory": None}}, "Redis: its memory is not known"),
        ({"server": {**REDIS, "clients": 880}}, ""),
        ({"server": {**REDIS, "clients": 881}}, "Redis: 881 of 1000 clients are connected, and 20 would come"),
        ({"server": {**REDIS, "clients": None}}, "Redis: for how many more clients it has room is not known"),
        ({"server": {**REDIS, "max_clients": None}}, "Redis: for how many more clients it has room is not known"),
        ({"server": {**REDIS, "latency": 100}}, ""),
        ({"server": {**REDIS, "latency": 101}}, "Redis: it took 101 ms to answer"),
        ({"server": {**REDIS, "latency": None}}, "Redis: how fast it answers is not known"),
        ({"check": {**DATABASE, "free_connections": 15}}, ""),
        ({"check": {**DATABASE, "free_connections": 14}}, "database: 14 connections are free by the check postgres, and it takes 15, one for each thread"),
        ({"check": {**DATABASE, "free_connections": None}}, "database: how many more connections the check postgres would find free is not known"),
        ({"check": {**DATABASE, "ok": False}}, "database: the check postgres does not succeed"),
        ({"check": {**DATABASE, "ok": None}}, "database: the check postgres does not succeed"),
        ({"unit": "sidekiq.service"}, ""),
        ({"unit": "sidekiq.service", "size": 3 * GIB}, "memory: 4.0 GiB are available, and it takes 6.0 GiB, 2 times the largest process"),
    ],
)  # fmt: skip
def test_what_is_lacking(case, lacking):
    """Each by itself, on both sides of its limit."""
    assert room(**case).lacking == ((lacking,) if lacking else ())


def test_all_that_is_lacking_is_named():
    """Not the first alone: whoever mends one wants to know of the next."""
    found_lacking = room(
        host={"cores": 1.0, "cpu": 1.0, "memory_available": GIB, "memory_pressure": 0.5},
        server={"memory": GIB, "maxmemory": GIB, "clients": 10, "max_clients": 10, "latency": 900}, check={**DATABASE, "free_connections": 0},
    ).lacking  # fmt: skip

    assert [words.split(":")[0] for words in found_lacking] == [
        "processor",
        "memory",
        "memory pressure",
        "Redis",
        "Redis",
        "Redis",
        "database",
    ]


def test_where_nothing_is_known_everything_is_lacking():
    """An empty picture has no room for anything."""
    assert headroom(World(), TEMPLATE, idle=0.0).lacking == (
        "processor and memory of the host are not known",
        "how full Redis is, is not known",
    )


@pytest.mark.parametrize("case", [{"local": False}, {"threads": None}])
def test_what_one_process_takes_must_be_known(case):
    """Without a process on this host nobody knows what one takes, nor without its threads how many connections."""
    assert room(**case).lacking
