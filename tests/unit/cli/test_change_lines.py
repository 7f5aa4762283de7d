"""A change as people and programs are shown it, from a reading of the world to the line."""

import json
import re

import pytest

from tests.scenario.conversation import WALL, found, host, job, process, redis
from watchdog.cli.change_lines import line, plain
from watchdog.cli.output import Plain, text_of
from watchdog.engine.world import World
from watchdog.model.changes import BY_NAME, CHANGES
from watchdog.model.events import Delta, Gone
from watchdog.model.kinds import Kind
from watchdog.timeline.changes import of_source, shown

ONE = "web1:10:abc"
J1 = job(ONE, "j1", 0)


def told(*bodies):
    """What is shown of everything that these readings change, after one process with a job, a queue and totals were read."""
    world = World()
    world.demand((), (), [spec.name for spec in CHANGES], 0)
    queue = Delta(Kind.QUEUE, "push", {"name": "push", "size": 2, "latency": 0})
    server = Delta(Kind.REDIS, "redis", {"role": "master", "maxmemory": 2**30})
    world.take(redis(process(ONE, 0), J1, queue, server, complete=True), 0)
    for body in bodies:
        world.take(body, 1_000)
    return [shown(seen, at=WALL) for seen in world.news.tell()]


def text(one) -> str:
    """The line without its time and the blanks that fill its columns."""
    return re.sub(" {2,}", "  ", "".join(map(text_of, line(one))).rstrip().split("  ", 1)[1])


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            redis(Delta(Kind.QUEUE, "push", {"size": 1_205})),
            ["queue  QueueGrew  push  2 -> 1,205"],
        ),
        (
            redis(Gone(Kind.JOB, J1.id, "finished")),
            ["job  JobFinished  SleepForever j1 on push in web1:10:abc  (finished)"],
        ),
        (
            redis(Delta(Kind.PROCESS, ONE, {"quiet": True, "threads": 10})),
            ["process  ProcessQuiet  web1:10:abc app", "process  ThreadsChanged  web1:10:abc app  5 -> 10"],
        ),
        (
            redis(Delta(Kind.PROCESS, ONE, {"listed": False})),
            [
                "process  ProcessVanished  web1:10:abc app  (left Redis)",
                "job  JobLost  SleepForever j1 on push in web1:10:abc  (its process left Redis)",
            ],
        ),
        (redis(Delta(Kind.REDIS, "redis", {"role": "slave"})), ["redis  RoleChanged  redis  master -> slave"]),
        (redis(Delta(Kind.REDIS, "redis", {"maxmemory": 2**31})), ["redis  MaxmemoryChanged  redis  1 GiB -> 2 GiB"]),
        (redis(Delta(Kind.JOB, "odd", {"queue": "push"})), ["job  JobStarted  odd"]),
        (host(found(ONE)), []),
    ],
)
def test_a_line_says_what_changed_from_what_to_what_and_why(body, lines):
    """In the units of the field; a job by its class, id, queue and process; nothing is invented where a reading is missing."""
    assert [text(one) for one in told(body)] == lines


def test_silence_is_told_in_time():
    """How long a process has been, or had been, silent."""
    world = World()
    world.demand((), (), ["ProcessSilent", "ProcessBeatsAgain"], 0)
    world.take(redis(process(ONE, 0), complete=True), 0)
    world.news.fall_silent(31_000, world.rows[Kind.PROCESS])
    world.take(redis(process(ONE, 90_000)), 90_000)
    assert [text(shown(seen, at=WALL)) for seen in world.news.tell()] == [
        "process  ProcessSilent  web1:10:abc app  for 31s",
        "process  ProcessBeatsAgain  web1:10:abc app  for 1m 30s",
    ]


def test_programs_get_the_same_keys_for_each_change():
    """With the readings of what changed, but for those that hold a moment of the agent's own clock."""
    first, lost = (
        told(redis(Delta(Kind.QUEUE, "push", {"size": 3})))[0],
        of_source("SourceLost", at=WALL, source="redis", reason="x", code="c"),
    )
    assert plain(first) == {
        "at": "2026-09-21T14:13:20.000Z",
        "change": "QueueGrew",
        "kind": "queue",
        "id": "push",
        "from": 2,
        "to": 3,
        "reason": "",
        "seen": {"name": "push", "size": 3, "latency": 0},
    }
    assert plain(lost).keys() == plain(first).keys()
    assert plain(lost)["seen"] == {"code": "c"}
    (started,) = told(redis(job(ONE, "j2", 500, thread="t2")))
    assert plain(started)["seen"] == {
        "jid": "j2", "class": "SleepForever", "queue": "push", "process": ONE, "host": "web1", "thread": "t2", "retries": 0,
    }  # fmt: skip
    assert json.loads(json.dumps(plain(started))) == plain(started)


def test_what_is_shown_stays_as_it_was():
    """Rows move on; a line that waits to be printed does not."""
    first, second = told(redis(Delta(Kind.QUEUE, "push", {"size": 3})), redis(Delta(Kind.QUEUE, "push", {"size": 4})))
    assert (second.before, second.after, second.seen["size"]) == (3, 4, 4)
    assert (first.before, first.after) == (2, 3)


def test_a_name_from_redis_can_not_command_the_terminal(capsys):
    """Escape sequences in a queue's name are shown, not obeyed."""
    import sys

    for one in told(redis(Delta(Kind.QUEUE, "a\x1b[2J\nb", {"name": "x", "size": 1}))):
        Plain(sys.stdout).line(*line(one))
    assert r"a\x1b[2J\nb" in capsys.readouterr().out


def test_names_fit_their_column():
    """So that lines stand below each other."""
    assert max(len(name) for name in (*BY_NAME, "SourceLost")) <= 19
