"""Who has alerts is known without going through them, and as if they had been gone through."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.test_moved import Watched
from watchdog.engine.alerted import Alerted
from watchdog.engine.ledger import Alert, Phase
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity

KEYS = [f"{rule}|{entity}" for rule in ("a", "b") for entity in ("x", "y")]


def alert(key: str) -> Alert:
    """One of that rule and entity."""
    rule, _, entity = key.partition("|")
    return Alert(
        id=key, rule=rule, kind=Kind.QUEUE, entity=entity, phase=Phase.FIRING, since_at=0, since_wall=0, counted=0, counted_at=0, counting=False,
        severity=Severity.WARNING, notify=(),
    )  # fmt: skip


def gone_through(table: dict[str, Alert]) -> dict[str, int]:
    """The same, by going through them."""
    return {entity: sum(one.entity == entity for one in table.values()) for entity in {one.entity for one in table.values()}}


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.booleans(), st.sampled_from(["same", "copy", "undone"]))))
def test_it_agrees_with_going_through_them(steps):
    """Alerts come, go and come again, in a table or in a copy of it that comes into force; one that is thrown away leaves nothing behind."""
    alerted, table = Alerted(), dict[str, Alert]()
    for key, comes, way in steps:
        written = table if way == "same" else dict(table)
        alerted.put(written, table, key, alert(key) if comes else None)
        assert written.get(key) == (alert(key) if comes else None)
        assert dict(alerted.entities(written)) == gone_through(written)
        if way != "undone":
            table = written
        assert dict(alerted.entities(table)) == gone_through(table)


def test_what_the_engine_writes_is_heard():
    """Each alert that it begins and ends."""
    talk = Watched("process: process.busy > 4")
    for busy, count in ((5, 1), (6, 1), (0, 0)):
        talk.asked_by(Kind.PROCESS, "web1:10:abc", busy=busy)
        assert sum(talk.state.world.alerted.entities(talk.state.ledger.alerts).values()) == count
