"""What is kept for a successor: how much of the picture, and what he makes of too much."""

from tests.scenario.conversation import Conversation, job, process, redis, rules
from watchdog.engine import saved as saving
from watchdog.engine.catching_up import caught_up
from watchdog.engine.saved import read_saved
from watchdog.engine.state import keep
from watchdog.model.events import Delta, Event
from watchdog.model.kinds import Kind

JOBS = rules("rules:\n  - {rule: long, each: job, when: 'held(job.elapsed > 10m, 1m)'}\n")
QUEUES = rules("rules:\n  - {rule: full, each: queue, when: 'avg(queue.size, 1m) > 10'}\n")
ONE = "web1:10:abc"


def talk(ruleset):
    """An agent that has seen a process with a job, and a queue."""
    one = Conversation(ruleset)
    one.hear(redis(process(ONE, 0), job(ONE, "j1", 0), Delta(Kind.QUEUE, "push", {"size": 3}), complete=True))
    return one


def kept(one):
    """As the daemon keeps it."""
    return keep(one.state, at=one.at, wall=one.booted_wall + one.at, seq=one.seq)


def test_only_rows_of_which_there_are_histories_are_kept():
    """And the processes of jobs, on whose beats their time rests."""
    assert set(read_saved(kept(talk(QUEUES))).rows or ()) == {Kind.QUEUE}
    assert set(read_saved(kept(talk(JOBS))).rows or ()) == {Kind.JOB, Kind.PROCESS}


def test_too_large_a_picture_is_not_carried_on(monkeypatch):
    """The stretch since then stays uncovered, as it would without a trace."""
    monkeypatch.setattr(saving, "MOST_ROWS", 1)
    one = talk(JOBS)
    data = kept(one)
    event = Event(one.seq + 1, 5_000, one.booted_wall + 5_000, redis(process(ONE, 5_000)))
    assert read_saved(data).rows is None
    assert caught_up(data, [event], JOBS.series) == data


def test_too_much_to_be_read_at_a_start_ends_where_it_is_too_much():
    """What was taken in until then is known, and nothing after it."""
    one = talk(QUEUES)
    data = kept(one)
    events = [
        Event(one.seq + number, number * 1000, one.booted_wall + number * 1000, redis(Delta(Kind.QUEUE, "push", {"size": number})))
        for number in range(1, 20)
    ]
    assert read_saved(caught_up(data, events, QUEUES.series, most=7)).at == 7_000
    assert read_saved(caught_up(data, events, QUEUES.series, most=0)).at == 0
