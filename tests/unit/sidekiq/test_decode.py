"""Sidekiq's bytes become typed values, whichever version wrote them; what is broken is named without being quoted."""

import orjson
import pytest

from watchdog.sidekiq.decode import (
    Beat,
    Broken,
    Info,
    Work,
    count,
    decode_beat,
    decode_class,
    decode_enqueued_at,
    decode_info,
    decode_work,
    label,
    milliseconds,
    name,
)

IDENTITY = "web1:42:0123456789ab"
INFO = {
    "hostname": "web1",
    "started_at": 1795354400.25,
    "pid": 42,
    "tag": "live",
    "concurrency": 25,
    "queues": ["push", "pull", "push"],
    "labels": [],
    "identity": IDENTITY,
}
JOB = {
    "class": "PushWorker",
    "args": ["secret"],
    "jid": "4caa72fe18d4b6a0d19e77c3",
    "queue": "push",
    "retry": True,
    "created_at": 1795354498.5,
}


def info(**changes: object) -> bytes:
    """Info as a process writes it, with changes; `...` leaves a field out."""
    return orjson.dumps({key: value for key, value in (INFO | changes).items() if value is not ...})


def entry(job: object = JOB, **changes: object) -> bytes:
    """An entry of a work hash, with changes; `...` leaves a field out."""
    whole = {"queue": "push", "payload": orjson.dumps(job).decode(), "run_at": 1795354499} | changes
    return orjson.dumps({key: value for key, value in whole.items() if value is not ...})


def test_info_of_sidekiq_6():
    """Before 7.0.2 there is no version; a queue that is given twice for its weight counts once."""
    assert decode_info(IDENTITY, info()) == Info(
        host="web1", pid=42, tag="live", queues=("push", "pull"), threads=25, started_at=1795354400250
    )


def test_info_of_sidekiq_8_without_concurrency():
    """From 8.1.2 on the number of threads stands in the hash."""
    found = decode_info(IDENTITY, info(version="8.1.7", concurrency=..., embedded=False, capsules={"default": {}}))

    assert isinstance(found, Info)
    assert (found.version, found.threads) == ("8.1.7", None)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "not a JSON object"),
        (b"", "not a JSON object"),
        (b"{", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'{"hostname":"\xff"}', "not a JSON object"),
        (b"[" * 100_000, "not a JSON object"),
        (info(hostname=None), "host and a process id"),
        (info(hostname="web1\nweb2"), "host and a process id"),
        (info(pid="42"), "host and a process id"),
        (info(pid=True), "host and a process id"),
        (info(pid=0), "host and a process id"),
        (info(pid=-42), "host and a process id"),
        (info(pid=4.2e40), "host and a process id"),
        (info(pid=43), "another host or process id"),
        (info(hostname="web2"), "another host or process id"),
        (info(queues="push"), "not a list of names"),
        (info(queues=["push", 1]), "not a list of names"),
        (info(queues=...), "not a list of names"),
    ],
)
def test_broken_info(raw, reason):
    """Info that does not name its process beyond doubt is not believed."""
    found = decode_info(IDENTITY, raw)

    assert isinstance(found, Broken)
    assert found.key == IDENTITY
    assert reason in found.reason


def test_odd_but_harmless_info():
    """What only describes a process is left out where it is odd."""
    assert decode_info(IDENTITY, info(tag=7, version=[], concurrency="many", started_at="yesterday")) == Info(
        host="web1", pid=42, queues=("push", "pull")
    )


def test_a_host_name_with_colons():
    """The identity is split from the right."""
    assert isinstance(decode_info("a:b:42:cafe", info(hostname="a:b")), Info)


def beat(**changes: object) -> Beat | Broken:
    """The beat of an identity hash, with changes."""
    fields = {"beat": b"1795354500.1234", "busy": b"3", "quiet": b"false", "rss": b"204800", "rtt_us": b"1001", "concurrency": None}
    return decode_beat(IDENTITY, **(fields | changes))


def test_a_beat():
    """Memory comes in KiB, the ping in microseconds and is rounded up."""
    assert beat() == Beat(at=1795354500123, written=b"1795354500.1234", busy=3, quiet=False, rss=204800 * 1024, rtt=2)
    assert beat(concurrency=b"10", quiet=b"true") == Beat(
        at=1795354500123, written=b"1795354500.1234", busy=3, quiet=True, rss=204800 * 1024, rtt=2, threads=10
    )


@pytest.mark.parametrize("value", [None, b"", b"soon", b"nan", b"inf", b"-1", b"0", b"1_000", b" 5", b"1e300", b"9" * 400, b"\xff"])
def test_a_beat_without_a_time_is_broken(value):
    """Nothing can be said of a process whose beat is no time."""
    assert beat(beat=value) == Broken(IDENTITY, "`beat` is not a time")


@pytest.mark.parametrize("value", [None, b"", b"-1", b"1.5", b"many", b"9" * 30, b"\xff"])
def test_odd_fields_of_a_beat_are_left_out(value):
    """A field that can't be read leaves the others as they are."""
    assert beat(busy=value, rss=value, rtt_us=value, quiet=value) == Beat(at=1795354500123, written=b"1795354500.1234")


def test_an_entry_of_all_versions():
    """A payload may be JSON text or an object, times seconds or milliseconds."""
    expected = Work(
        run="oxr1/4caa72fe18d4b6a0d19e77c3/1795354499",
        thread="oxr1",
        jid="4caa72fe18d4b6a0d19e77c3",
        job_class="PushWorker",
        queue="push",
        retries=0,
        run_at=1795354499000,
    )

    assert decode_work("k", b"oxr1", entry()) == expected
    assert decode_work("k", b"oxr1", entry(payload=JOB)) == expected
    assert decode_work("k", b"oxr1", entry(run_at=1795354499000)) == expected
    assert decode_work("k", b"oxr1", entry(run_at=1795354499.0)) == expected


def test_a_start_within_a_second():
    """A start that is not a whole second still names one run."""
    found = decode_work("k", b"oxr1", entry(run_at=1795354499.25))

    assert isinstance(found, Work)
    assert found.run == "oxr1/4caa72fe18d4b6a0d19e77c3/1795354499.250"


def test_where_a_delivery_goes():
    """The registrable domain of its address, and nothing else of its arguments."""
    args = ["PRIVATE", 1, "https://mail.example.social/inbox", {}]
    found = decode_work("k", b"t", entry(JOB | {"class": "ActivityPub::DeliveryWorker", "args": args}))

    assert found.domain == "example.social"
    assert "PRIVATE" not in repr(found)
    assert decode_work("k", b"t", entry(JOB | {"args": args})).domain is None


def test_a_job_of_active_job():
    """The class that matters is the wrapped one."""
    found = decode_work("k", b"t", entry(JOB | {"class": "Sidekiq::ActiveJob::Wrapper", "wrapped": "MailJob"}))

    assert isinstance(found, Work)
    assert found.job_class == "MailJob"


@pytest.mark.parametrize(("value", "once"), [(False, True), (0, True), (None, True), (True, False), (1, False), (25, False)])
def test_a_job_that_is_run_once(value, once):
    """With `retry: 0` or `false` Sidekiq does not run it again; where it is not said it does."""
    found = decode_work("k", b"t", entry(JOB | {"retry": value}))

    assert isinstance(found, Work)
    assert found.once is once
    assert not decode_work("k", b"t", entry({name: said for name, said in JOB.items() if name != "retry"})).once


@pytest.mark.parametrize(("value", "failed"), [(0, 1), (3, 4), (None, 0), (-1, 0), ("2", 0), (True, 0), (1e30, 0)])
def test_failed_runs(value, failed):
    """`retry_count` is absent before the first failure and 0 after it."""
    found = decode_work("k", b"t", entry(JOB | {"retry_count": value}))

    assert isinstance(found, Work)
    assert found.retries == failed


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b"NaN",
        b'"\\ud800"',
        b"\xff\xfe",
        b"[" * 200_000,
        17,
        entry(payload=...),
        entry(payload="{"),
        entry(payload=[1]),
        entry(payload=None),
        entry(payload="[" * 200_000),
        entry(payload="[]"),
        entry(run_at=...),
        entry(run_at=None),
        entry(run_at="1795354499"),
        entry(run_at=0),
        entry(run_at=-5),
        entry(run_at=True),
        entry(run_at=1e300),
        entry(run_at=2**64 - 1),
        entry(run_at=1e13 * 10),
        entry().replace(b"1795354499", b"NaN"),
        entry().replace(b"1795354499", b"9" * 300),
        entry(queue=...),
        entry(queue=7),
        entry(queue=""),
        entry(queue="q" * 1001),
        entry(queue="a\nb"),
        entry(JOB | {"jid": None}),
        entry(JOB | {"jid": "\x1b[2J"}),
        entry(JOB | {"jid": "j" * 2000}),
        entry(JOB | {"class": None}),
        entry(JOB | {"class": ["secret"]}),
    ],
)
def test_a_broken_entry(raw):
    """An entry that does not say which job runs since when is broken; the reason does not quote it."""
    found = decode_work("web1:42:0123456789ab:work", b"t", raw)

    assert isinstance(found, Broken)
    assert found.key == "web1:42:0123456789ab:work"
    assert "secret" not in found.reason


def test_a_thread_whose_name_is_not_text():
    """A field that no Sidekiq would write is broken."""
    assert isinstance(decode_work("k", b"\xff", entry()), Broken)


def test_a_payload_of_ten_megabytes():
    """Size alone breaks nothing."""
    assert isinstance(decode_work("k", b"t", entry(JOB | {"args": ["x" * 10_000_000]})), Work)


@pytest.mark.parametrize(
    ("job", "at"),
    [
        ({"enqueued_at": 1795354498.5}, 1795354498500),
        ({"enqueued_at": 1795354498500}, 1795354498500),
        ({"enqueued_at": 1795354498}, 1795354498000),
        ({"enqueued_at": "now", "created_at": 1795354498}, 1795354498000),
        ({"created_at": 1795354498500}, 1795354498500),
    ],
)
def test_since_when_a_job_waits(job, at):
    """Float seconds (up to 7), whole milliseconds (8) and whole seconds (other clients) are told apart by magnitude."""
    assert decode_enqueued_at("queue:push", orjson.dumps(job)) == at


def test_the_class_of_a_waiting_job():
    """The wrapped one, where there is one; a job that can't be read has none."""
    assert decode_class(b'{"class":"Wrapper","wrapped":"Mail"}') == "Mail"
    assert [decode_class(raw) for raw in (b"{}", b"x", None, b'{"class":7}')] == [None] * 4


@pytest.mark.parametrize("raw", [b"{}", b"", b"[]", b'{"enqueued_at":-1}', b'{"enqueued_at":1e300}'])
def test_a_waiting_job_without_a_time(raw):
    """There is no waiting time to tell."""
    assert isinstance(decode_enqueued_at("queue:push", raw), Broken)


def test_names_and_labels():
    """A name is text that can stand in a log; a label is made of any bytes."""
    assert name(b"push") == "push"
    assert name("zürich".encode()) == "zürich"
    assert [name(raw) for raw in (b"", b"\xff", b"a\nb", b"x" * 1001, None, 3)] == [None] * 6
    assert label(b"a\xff\nb") == "a\\xff\\nb"
    assert len(label(b"x" * 10_000_000)) == 1000


def test_counts():
    """A count is a whole number that every store can hold."""
    assert [count(raw) for raw in (b"0", b"12", 7, b"9007199254740991")] == [0, 12, 7, 2**53 - 1]
    assert [count(raw) for raw in (b"-1", b"1.0", b"", None, True, -1, b"9007199254740992", 2**63, "7")] == [None] * 9


def test_milliseconds_of_a_float_are_rounded():
    """Floats of seconds carry noise below the millisecond."""
    assert milliseconds(1795354499.0007) == 1795354499001
    assert milliseconds(b"1795354499.9999") == 1795354500000
    assert milliseconds(float("nan")) is None
