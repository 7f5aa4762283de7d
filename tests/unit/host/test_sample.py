"""What one process uses, read at one moment from a made-up kernel."""

import shutil

import msgspec
import pytest

from watchdog.host import children, threads
from watchdog.host.boot import here
from watchdog.host.group_memory import GroupMemory
from watchdog.host.sample import Sample, read_sample
from watchdog.host.threads import kind_of

PID = 77


def _sample(tree, *, start: int = 5000) -> Sample | None:
    return read_sample(PID, start, here(name="web1", proc=tree.proc, cgroups=tree.cgroups), at=1000)


def _read(tree) -> Sample:
    sample = _sample(tree)
    assert sample is not None
    return sample


@pytest.fixture
def sidekiq(tree):
    """A Sidekiq 7 with a child that has a child."""
    tree.write(PID, ticks=301)
    tree.thread(PID, PID, comm=b"ruby", ticks=100)
    tree.thread(PID, 80, comm=b"sidekiq.heartbe", switches=41)
    tree.thread(PID, 81, comm=b"sidekiq.default", ticks=200, children="90 ")
    tree.write(90, comm=b"ffmpeg", parent=PID, start=6000)
    tree.thread(90, 90, ran=5_000_000, children="91 ")
    tree.thread(90, 92, ran=7_000_000)
    tree.write(91, comm=b"sh", parent=90, start=6001)
    tree.thread(91, 91, ran=1_000)
    return tree


def test_everything_is_read(sidekiq):
    """Processor time, memory, threads by name, the switches of the heart, and children with the run time of their trees."""
    sample = _read(sidekiq)

    assert (sample.at, sample.state, sample.ticks, sample.native_threads) == (1000, "S", 301, 7)
    assert (sample.memory, sample.swap, sample.tracer, sample.frozen) == (204_800 * 1024, 0, 0, False)
    assert [(one.id, one.name, one.kind, one.ticks) for one in sample.threads or ()] == [
        (PID, "ruby", "main", 100),
        (80, "sidekiq.heartbe", "heartbeat", 0),
        (81, "sidekiq.default", "processor", 200),
    ]
    assert sample.heart == ((80, 41),)
    assert [(one.pid, one.born, one.name, one.ran) for one in sample.children or ()] == [
        (90, 6000, "ffmpeg", ((90, 5_000_000), (91, 1_000), (92, 7_000_000)))
    ]
    assert sample.group == GroupMemory()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("heartbeat", "heartbeat"),
        ("sidekiq.heartbe", "heartbeat"),
        ("scheduler", "scheduler"),
        ("sidekiq.schedul", "scheduler"),
        ("processor", "processor"),
        ("sidekiq.default", "processor"),
        ("sidekiq.mail", "processor"),
        ("app.rb:12", "other"),
        ("", "other"),
    ],
)
def test_threads_by_name(name, kind):
    """Threads are known by the names that Sidekiq 6 and 7 give them; the main thread by its number, whatever its name."""
    assert kind_of(name, is_main=False) == kind
    assert kind_of(name, is_main=True) == "main"


@pytest.mark.parametrize("comm", [b"foo) Z ", b")", b"((", b"a) R 9 9 9 9", b"x\ny", b"\xff", b"\x1b[2J"])
def test_hostile_names(sidekiq, comm):
    """Whatever a process, a thread or a child calls itself, figures are those of the kernel, and the name does no harm."""
    sidekiq.write(PID, comm=comm, state=b"T", ticks=301)
    sidekiq.thread(PID, 81, comm=comm, ticks=200, children="90 ")
    sidekiq.write(90, comm=comm, parent=PID, start=6000)
    sample = _read(sidekiq)

    assert (sample.state, sample.ticks) == ("T", 301)
    assert sample.threads is not None
    assert sample.children is not None
    assert (sample.threads[-1].ticks, sample.threads[-1].kind, sample.children[0].born) == (200, "other", 6000)
    assert sample.threads[-1].name.isprintable()
    assert sample.children[0].name.isprintable()


def test_pid_that_was_given_away(sidekiq):
    """A process with another start than the one that was meant is not read."""
    assert _sample(sidekiq, start=5001) is None
    sidekiq.write(PID, start=5001)
    assert _sample(sidekiq) is None


def test_child_whose_pid_was_given_away(sidekiq):
    """A pid in the list of children that now has another parent is no child."""
    sidekiq.write(90, parent=1, start=9000)

    assert _read(sidekiq).children == ()


def test_child_that_has_ended(sidekiq):
    """Who is dead, and only has not been asked for, does not stand still."""
    sidekiq.write(90, comm=b"ffmpeg", parent=PID, start=6000, state=b"Z")

    assert _read(sidekiq).children == ()


@pytest.mark.parametrize("file", ["stat", "status", "cgroup"])
def test_vanishing_between_two_reads(sidekiq, file):
    """A process of which one file is already gone is not read by halves."""
    (sidekiq.proc / str(PID) / file).unlink()

    assert _sample(sidekiq) is None
    shutil.rmtree(sidekiq.proc / str(PID))
    assert _sample(sidekiq) is None


def test_thread_or_child_that_vanishes(sidekiq):
    """A thread or a child that ends while it is looked for is left out; the others are there."""
    (sidekiq.proc / str(PID) / "task/81/stat").unlink()
    sidekiq.thread(PID, 80, comm=b"sidekiq.heartbe", switches=41, children="90 4711 ")
    sample = _read(sidekiq)

    assert [one.id for one in sample.threads or ()] == [PID, 80]
    assert [one.pid for one in sample.children or ()] == [90]
    shutil.rmtree(sidekiq.proc / "91")
    assert [one.pid for one in _read(sidekiq).children or ()] == [90]


@pytest.mark.parametrize(
    ("file", "lacking"),
    [
        ("task/81/children", {"children"}),
        ("task/80/status", {"heart"}),
        ("task", {"threads", "heart", "children"}),
        ("../90/task/92/schedstat", {"children"}),
    ],
)
def test_what_the_kernel_does_not_show_is_missing_alone(sidekiq, file, lacking):
    """A kernel that does not show one thing (built without it, or not to us) leaves the rest readable."""
    path = sidekiq.proc / str(PID) / file
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    sample = _read(sidekiq)
    fields = ("memory", "threads", "heart", "children")
    missing = {name for name in fields if getattr(sample, name) is None}

    if file.startswith(".."):
        # A file that is not there looks like a child that has just ended.
        assert sample.children == ()
    else:
        assert missing == lacking


@pytest.mark.parametrize("digits", [str(2**63), str(2**64), "9" * 5000, "-1", "1e3", "x"], ids=["2**63", "2**64", "9…", "-1", "1e3", "x"])
def test_impossible_numbers(sidekiq, digits):
    """A number that the kernel can't have written is a missing reading, whichever file it stands in."""
    folder = sidekiq.proc / str(PID)
    sidekiq.write(PID, ticks=301, memory=f"{digits} kB")
    assert _read(sidekiq).memory is None

    (folder / "task/80/status").write_text(f"voluntary_ctxt_switches:\t{digits}\n")
    assert _read(sidekiq).heart is None

    (sidekiq.proc / "90/task/92/schedstat").write_text(f"{digits} 1 1\n")
    assert _read(sidekiq).children is None

    (folder / "task/81/children").write_text(f"{digits} ")
    assert _read(sidekiq).children is None

    stat = folder / "task/81/stat"
    stat.write_bytes(stat.read_bytes().replace(b" 200 ", f" {digits} ".encode()))
    assert (_read(sidekiq).threads, _read(sidekiq).children) == (None, None)

    stat = folder / "stat"
    stat.write_bytes(stat.read_bytes().replace(b" 201 100 ", f" {digits} 100 ".encode()))
    assert _sample(sidekiq) is None


def test_greatest_size(sidekiq):
    """A size whose bytes would not fit into an event is missing, though its kibibytes would."""
    sidekiq.write(PID, memory=f"{2**53 - 1} kB")
    assert _read(sidekiq).memory == (2**53 - 1) * 1024
    sidekiq.write(PID, memory=f"{2**53} kB")
    assert _read(sidekiq).memory is None


@pytest.mark.parametrize("file", ["stat", "task/81/stat", "status", "task/80/status"])
def test_cut_off_anywhere(sidekiq, file):
    """Of a file that ends too early, at whichever byte, only what is whole is taken; a number never lacks digits."""
    path = sidekiq.proc / str(PID) / file
    whole, right = path.read_bytes(), msgspec.structs.asdict(_read(sidekiq))
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        sample = _sample(sidekiq)

        assert sample is None or all(value in (None, right[name]) for name, value in msgspec.structs.asdict(sample).items())


def test_too_many_threads_and_children(sidekiq, monkeypatch):
    """A look is bounded: whoever has more threads or descendants than a Sidekiq can have is not looked at by each."""
    monkeypatch.setattr(children, "MOST", 1)
    assert _read(sidekiq).children is None
    monkeypatch.setattr(threads, "MOST", 2)
    assert _read(sidekiq).threads is None


def test_a_circle_of_children_ends(sidekiq):
    """A made-up tree that bites its own tail is given up, not followed for ever."""
    sidekiq.thread(91, 91, children="90 ")

    assert _read(sidekiq).children is None
