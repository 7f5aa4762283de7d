"""
State folders as earlier versions left them, in the middle of an incident: all of it is read on, and nothing is lost.

`formats/format-N.sql` is what the version wrote that had taken N steps: its own store, its own engine, its own conversation about one process, dumped. They are never
written anew: whoever adds a step keeps the dump of the version before it.
"""

import re
import sqlite3
from pathlib import Path

import msgspec
import orjson
import pytest

from tests.scenario.conversation import WALL
from watchdog.engine import ledger as ledgers
from watchdog.engine.advance import advance
from watchdog.engine.earlier import lifted
from watchdog.engine.ledger import Phase
from watchdog.engine.rules import NO_RULES
from watchdog.engine.state import begin
from watchdog.engine.switches import Pause
from watchdog.model.effects import Audit
from watchdog.model.events import Event, Started
from watchdog.model.quarantine import Kept
from watchdog.store import reading
from watchdog.store.cards import Terms
from watchdog.store.chain import Verified
from watchdog.store.schema import STEPS, version_of
from watchdog.store.store import Store

FORMATS = Path(__file__).parent / "formats"
KNOWN = {int(path.stem.removeprefix("format-")): path for path in FORMATS.glob("format-*.sql")}
ONE = "web1:10:abc"
JOB = f"{ONE}/t1/j1/1000"
STAGES = {1: "grace", 2: "grace", 3: "grace", 4: "two beats", 5: "two beats"}


@pytest.fixture(params=sorted(KNOWN))
def number(request) -> int:
    """Of the format."""
    number: int = request.param
    return number


@pytest.fixture
def old(number, state) -> Path:
    """The folder as it was left."""
    state.mkdir(mode=0o700)
    connection = sqlite3.connect(state / "watchdog.db")
    connection.executescript(KNOWN[number].read_text())
    assert version_of(connection) == number
    connection.close()
    return state


def rows_of(number: int, table: str) -> int:
    """How many rows the dump has of that table."""
    return len(re.findall(rf'^INSERT INTO "{table}" VALUES', KNOWN[number].read_text(), re.MULTILINE))


def test_every_earlier_format_is_tried():
    """Of each step but the last, at least, there is what its version wrote."""
    assert set(KNOWN) >= set(range(1, len(STEPS)))


async def test_what_was_written_is_there(number, old, clock):
    """The account with every row and its chain, incidents, messages that wait, the memory's name and its last event."""
    store = await Store.open(old, clock=clock)
    try:
        assert store.set_aside is None
        assert reading.verify(old) == Verified(rows_of(number, "audit"))
        assert [row["seq"] for row in reading.read_audit(old)] == list(range(1, rows_of(number, "audit") + 1))
        (incident,) = reading.read_incidents(old)
        assert (incident.rule, incident.closed, incident.outcome) == ("stuck-job", None, "open")
        assert (await store.outbox_counts())["ops"].waiting == rows_of(number, "outbox")
        due = (await store.post.look("ops", Terms(), WALL + 86_400_000)).due
        assert sum(group.waiting for group in due) == rows_of(number, "outbox")
        assert all([await store.post.page("ops", group.name, after=0, upto=1_000, limit=9, now=WALL) for group in due])
        assert f"VALUES(1,'{store.name}')" in KNOWN[number].read_text()
        assert store.last_seq > 0
        assert reading.read_status(old) == b'{"mode":"act"}'
        assert (store.history is not None) is (number >= 2)
        kept = await store.quarantine.entries()
        assert [(one.job.jid, one.state) for one in kept] == ([("j9", Kept.KEPT)] if number >= 3 else [])
        if kept:
            assert await store.quarantine.payload(kept[0].id) == b'{"class":"PoisonWorker","jid":"j9","args":[1]}'
        assert [(one.jid, one.payload) for one in await store.flight(incident.id)] == (
            [("j1", b'{"class":"SleepForever","jid":"j1","args":[]}')] if number >= 4 else []
        )
        assert [(one.incident, one.process) for one in await store.kept_evidence()] == ([(incident.id, ONE)] if number >= 5 else [])
    finally:
        await store.close()
    connection = sqlite3.connect(old / "watchdog.db")
    assert version_of(connection) == len(STEPS)
    connection.close()


async def test_what_was_under_way_goes_on(number, old, clock):
    """Its ledger is read: the alert, the pause, and the incident at its stage, which is resumed and stays one."""
    store = await Store.open(old, clock=clock)
    ledger = ledgers.decode(store.ledger or b"")
    history = store.history
    seq = store.last_seq
    await store.close()
    (alert,) = ledger.alerts.values()
    (run,) = ledger.runs.values()
    (playbook,) = ledger.playbooks.values()
    assert (alert.rule, alert.entity, alert.phase, alert.seen["jid"]) == ("stuck-job", JOB, Phase.FIRING, "j1")
    assert ledger.pauses == {"ada": Pause("ada", "deploy", None)}
    assert (run.incident, run.stage, run.ref.name) == (playbook.id, STAGES[number], "web1/s.service")
    assert (playbook.rule, playbook.entity, playbook.seen["jid"], playbook.alerts) == ("stuck-job", JOB, "j1", (f"stuck-job|{JOB}",))
    assert reading.read_incidents(old)[0].id == playbook.id
    assert run.marks

    state, effects = advance(
        NO_RULES, begin(ledger, history=history), Event(seq + 1, ledger.at + 1_000, WALL, Started("1", "boot-1", "web1", "m", "r"))
    )
    outcomes = [effect.row.outcome for effect in effects if isinstance(effect, Audit) and effect.row.kind == "incident"]
    assert outcomes == ["resumed"]
    assert list(state.ledger.runs) == [run.id]
    assert state.ledger.doubt is None
    assert ledgers.decode(ledgers.encode(state.ledger)) == state.ledger


async def test_it_is_read_twice(old, clock):
    """Cut off after its migration, it is opened again as what it is by then."""
    for _ in range(2):
        store = await Store.open(old, clock=clock)
        ledger = store.ledger
        await store.close()
        assert store.set_aside is None
        assert ledgers.decode(ledger or b"").runs


@pytest.mark.parametrize(
    "data", [b"[]", b'{"runs": 5}', b'{"runs": {}}', b'{"runs": {"1": 5}}', b'{"runs": {"1": {"incident": "1"}}}', b"{}"]
)
def test_what_has_no_shape_of_before_is_left(data):
    """Then what is wrong with it is said as before."""
    assert lifted(data) is None


def test_a_run_whose_alert_is_gone_is_lifted_as_well():
    """Its playbook then stands for the process."""
    (text,) = re.findall(r"INSERT INTO \"ledger\" VALUES\(1,X'([0-9A-F]+)'\)", KNOWN[1].read_text())
    plain = orjson.loads(bytes.fromhex(text))
    plain["alerts"] = {}
    (playbook,) = ledgers.decode(orjson.dumps(plain)).playbooks.values()
    assert (playbook.kind.value, playbook.seen, playbook.rule) == ("process", {}, "stuck-job")


@pytest.mark.parametrize(
    ("before", "pauses"),
    [
        ({"pause": None}, {}),
        ({"pause": {"by": "the pause file", "reason": "x", "until_at": None}}, {"the pause file": Pause("the pause file", "x", None)}),
        ({"pause": {"by": "ada", "reason": "x", "until_at": 5}}, {"ada": Pause("ada", "x", 5)}),
    ],
)
def test_the_one_pause_of_before_is_one_of_several(before, pauses):
    """It holds until whoever had said it lifts it, or to its end; where there was none there is none."""
    ledger = ledgers.decode(orjson.dumps(before))

    assert ledger.pauses == pauses
    assert {key: one.key for key, one in ledger.pauses.items()} == {key: key for key in pauses}


def test_a_pause_that_makes_no_sense_is_no_ledger():
    """Nobody may act because a pause could not be read."""
    with pytest.raises(msgspec.ValidationError):
        ledgers.decode(b'{"pause": {"by": 5, "reason": "x", "until_at": null}}')
    with pytest.raises(msgspec.ValidationError):
        ledgers.decode(b'{"pause": "soon"}')
