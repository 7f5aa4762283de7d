"""What the log is asked about a process that has ended, and what the last work hash adds to its answer."""

from datetime import UTC, datetime

import orjson
import pytest

from watchdog.model.effects import When
from watchdog.model.findings import Certainty
from watchdog.model.targets import ProcessRef
from watchdog.recovery.beside_redis import the_log
from watchdog.rulefile.log import LogSettings
from watchdog.sidekiq.flight import Noted

NOW = 1_795_700_000_000
MINUTE = 60_000
TARGET = ProcessRef("web1/a", "web1:42:abc", "web1", 42, 0, "b")


def line(at, words, *, tid="a", jid=""):
    """A line of Sidekiq 7 in a file."""
    when = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{when} pid=42 tid={tid}{f' class=Push jid={jid}' if jid else ''} INFO: {words}\n"


def noted(*jids, beat):
    """Its last work hash."""
    payload = '{{"class":"Push","args":[],"queue":"push","jid":"{}"}}'
    return Noted(
        {f"t{jid}".encode(): orjson.dumps({"queue": "push", "payload": payload.format(jid), "run_at": 1_700_000_000}) for jid in jids},
        False,
        2,
        beat,
    )


@pytest.mark.parametrize(
    ("last", "certainty", "names_running"),
    [
        (noted("j1", beat=NOW - 5_000), Certainty.PROVEN, False),
        (noted("j9", beat=NOW - 5_000), Certainty.LIKELY, False),
        (noted(beat=NOW - 10 * MINUTE + 1_000), Certainty.PROVEN, True),
        (noted(beat=NOW - 9 * MINUTE), Certainty.LIKELY, False),
        (None, Certainty.LIKELY, False),
    ],
)
async def test_a_job_that_ran_for_long_on_a_quiet_server(tmp_path, last, certainty, names_running):
    """Nothing was written for ten minutes: proven is what the last work hash holds, or what began just before the last beat; and only then does the log name all."""
    log = tmp_path / "sidekiq.log"
    log.write_text(line(NOW - 11 * MINUTE, "Running in ruby 3.1") + line(NOW - 10 * MINUTE, "start", jid="j1"))
    ask = the_log(lambda: LogSettings(journal=False, files={"any": str(log)}), lambda: NOW)
    told = await ask(TARGET, When.DEAD, last, ())

    assert [(one.jid, one.certainty) for one in told.findings] == [("j1", certainty)]
    assert told.names_running is names_running
