"""What the log told is kept with an event, and shows nothing private."""

from watchdog.model.events import EffectDone, Event, decode, encode
from watchdog.model.findings import Certainty, Finding, Origin
from watchdog.model.log_lines import LogLine
from watchdog.model.results import DumpedThread, LogRead


def test_a_line_does_not_show_its_text():
    """Only how long it is, when it came and from whom."""
    assert repr(LogLine("a private post", 5, 42, "x.service", "s=1")) == "LogLine(14 characters, at=5, pid=42, unit='x.service')"


def test_what_was_read_survives_being_written_down():
    """As the result of an effect, in an event."""
    read = LogRead(
        findings=(Finding(jid="j1", certainty=Certainty.LIKELY, origin=Origin.LOG, job_class="Push", tid="a"),),
        started={"j1": 5},
        clean=None,
        pushed_back=0,
        not_pushed_back=0,
        starts=1,
        ends=0,
        lines=9,
        missing=("something",),
        threads=(DumpedThread("a", "processor", ("/srv/app/app.rb:1:in `x'",)),),
        dumped_at=7,
    )
    event = Event(1, 2, 3, EffectDone("e1", read))
    assert decode(encode(event)) == event
