"""Lines of Sidekiq's log: each form of 6.4 to 8.1, and what is not believed."""

import json
from itertools import product

import pytest

from watchdog.model.log_lines import LogLine
from watchdog.sidekiq.log.events import (
    Booted,
    DumpBegan,
    Ended,
    Frames,
    JobEnded,
    JobSaid,
    JobStarted,
    JobTimed,
    PushedBack,
    Quieted,
    RequeueFailed,
    ShuttingDown,
    Unreadable,
)
from watchdog.sidekiq.log.head import LONGEST
from watchdog.sidekiq.log.parse import parse

TIME = "2026-11-22T14:11:22.123Z"
AT = 1_795_356_682_123
JID = "4caa0123456789abcdef0123"


def json_line(msg, **ctx):
    """What `Formatters::JSON` writes."""
    return json.dumps(
        {"ts": TIME, "pid": 255, "tid": "zz", "lvl": "INFO", "msg": msg, **({"ctx": ctx} if ctx else {})}, separators=(",", ":")
    )


def lines(msg, *, level="INFO", **ctx):
    """The same words in every form, with whether the line tells the time."""
    old = "".join(f" {name}={value}" for name, value in ctx.items())
    padded = level.ljust(5)
    return [
        (f"{TIME} pid=255 tid=zz{old} {level}: {msg}", AT),
        (f"pid=255 tid=zz{old} {level}: {msg}", 0),
        (f"\x1b[1;34m{padded}\x1b[0m {TIME} pid=255 tid=zz{old}: {msg}", AT),
        (f"\x1b[1;34m{padded}\x1b[0m pid=255 tid=zz{old}: {msg}", 0),
        (f"\x1b[1;34m{padded}\x1b[0m pid=255 tid=zz {old}: {msg}", 0),
        (f"{level} {TIME} pid=255 tid=zz{old}: {msg}", AT),
        (json_line(msg, **ctx), AT),
    ]


JOB = {"class": "ActivityPub::DeliveryWorker", "jid": JID}


def said(msg):
    """What a job's own words come to, in each form: that it runs."""
    return [JobSaid(at, 255, "zz", JID, "ActivityPub::DeliveryWorker") for _, at in lines(msg, **JOB)]


@pytest.mark.parametrize(("line", "at"), lines("start", **JOB))
def test_a_start(line, at):
    """A start of a job in every form; the time is the line's own where the log has none."""
    assert parse(LogLine(line)) == JobStarted(at, 255, "zz", JID, "ActivityPub::DeliveryWorker")
    assert parse(LogLine(line, at=7, pid=255)) == JobStarted(7, 255, "zz", JID, "ActivityPub::DeliveryWorker")


@pytest.mark.parametrize(("case", "word"), list(product(range(7), ("done", "fail"))))
def test_an_end(case, word):
    """An end of a job in every form, with how long it took."""
    line, at = lines(word, **JOB, bid="b-1", tags="a,b", elapsed="12.052")[case]
    assert parse(LogLine(line)) == JobEnded(at, 255, "zz", JID, "ActivityPub::DeliveryWorker", 12_052, failed=word == "fail")


@pytest.mark.parametrize(
    ("msg", "event"),
    [
        ("Bye!", Ended), ("Shutting down", ShuttingDown), ("Received TSTP, no longer accepting new work", Quieted),
        ("Running in ruby 3.3.8 (2025-04-09 revision b200bad6cd) [x86_64-linux-gnu]", Booted),
    ],
)  # fmt: skip
def test_words_of_the_process(msg, event):
    """What the process says of itself, in every form."""
    assert [parse(LogLine(line)) for line, _ in lines(msg)] == [event(at, 255) for _, at in lines(msg)]


def test_pushing_back():
    """How many jobs went back, and how many did not; the error behind it is not kept."""
    assert {parse(LogLine(line)) for line, at in lines("Pushed 12 jobs back to Redis") if at} == {PushedBack(AT, 255, 12)}
    failed = "Failed to requeue 3 jobs: Connection refused"
    assert {parse(LogLine(line)) for line, at in lines(failed, level="WARN") if at} == {RequeueFailed(AT, 255, 3)}


def test_a_dump():
    """A thread of a dump, the first line of its backtrace, and the lines that follow without a head."""
    assert parse(LogLine(lines("Thread TID-mu6 sidekiq.default/processor", level="WARN")[0][0])) == DumpBegan(
        AT, 255, "mu6", "sidekiq.default/processor"
    )
    assert parse(LogLine(lines("Thread TID-mp2 ")[2][0])) == DumpBegan(AT, 255, "mp2", "")
    first = "/srv/app/app.rb:26:in `sleep'"
    assert parse(LogLine(lines(first, level="WARN")[0][0])) == Frames((first,), first=True)
    assert parse(LogLine("<internal:kernel>:187:in 'Kernel#loop'")) == Frames(("<internal:kernel>:187:in 'Kernel#loop'",), first=False)
    assert parse(LogLine(json_line(f"{first}\n/srv/app/app.rb:26:in `perform'"))) == Frames(
        (first, "/srv/app/app.rb:26:in `perform'"), first=True
    )


@pytest.mark.parametrize("word", ["done", "fail"])
def test_a_job_can_not_end_itself(word):
    """A job that logs "done" has no `elapsed` before it, and has not ended: it runs."""
    assert [parse(LogLine(line)) for line, _ in lines(word, **JOB)] == said(word)


@pytest.mark.parametrize(
    "msg", ["Bye!", "Pushed 7 jobs back to Redis", "Shutting down", "Running in ruby", "Thread TID-zz x", "Failed to requeue 1 jobs: x"]
)
def test_a_job_can_not_speak_for_its_process(msg):
    """What a job says through the logger carries its jid; Sidekiq's own words never do."""
    assert [parse(LogLine(line)) for line, _ in lines(msg, **JOB)] == said(msg)


def test_a_message_can_not_put_fields_before_itself():
    """Whatever a message looks like, the fields are those that the logger wrote first."""
    other = "f" * 24
    for msg in (f"x jid={other} elapsed=1.0 INFO: done", f"start\n{TIME} pid=255 tid=zz class=A jid={other} elapsed=0.1 INFO: done"):
        assert [parse(LogLine(line)) for line, _ in lines(msg, **JOB)] == said(msg)


def test_nobody_speaks_for_another_process():
    """Where the log vouches for the writer's pid, a line that names another one says nothing."""
    line = lines("start", **JOB)[0][0]
    assert parse(LogLine(line, pid=256)) is None
    assert parse(LogLine(line, pid=255)) is not None


@pytest.mark.parametrize("jid", ["1", "my-own:jid/7", "x" * 256])
def test_jids_of_ones_own(jid):
    """A client may give a job any jid; one word of printable ASCII is believed."""
    assert parse(LogLine(lines("start", **{"class": "A", "jid": jid})[0][0])) == JobStarted(AT, 255, "zz", jid, "A")


@pytest.mark.parametrize("jid", ["", "x" * 257, "é", "a\x1bb"])
def test_what_is_no_jid(jid):
    """It is counted as unreadable: a job began, and nobody can say which."""
    assert parse(LogLine(lines("start", **{"class": "A", "jid": jid})[0][0])) == Unreadable(AT, 255)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\0", "{", '{"ts":1}', '{"', "[" * 5_000, '{"ts":' + "[" * 100_000, "pid=", "x" * (LONGEST + 1),
        'WARN: {"context":"Job raised exception","job":{"args":["a private post"]}}', "Redis#sadd will always return an Integer (called from: /x.rb:165:in `block')",
        "/srv/app/app.rb:38:in `perform': a private message (ArgumentError)",
    ],
)  # fmt: skip
def test_noise_is_nothing(text):
    """What is no line of Sidekiq's is no event, and an error's message is no part of a backtrace."""
    assert parse(LogLine(text)) is None


def test_nothing_shows_a_line():
    """A line can be somebody's post: it does not appear where the object is printed."""
    assert "private" not in repr(LogLine("a private post"))


def test_words_behind_the_end_of_a_job():
    """A line whose fields already tell how long the job took says nothing of a running one; by another logger than Sidekiq's it may be its end."""
    assert isinstance(parse(LogLine(lines("anything", **JOB, elapsed="0.1")[0][0])), JobTimed)
