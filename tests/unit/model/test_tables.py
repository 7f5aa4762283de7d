"""The vocabulary's tables agree with each other, and its values survive being written down."""

import msgspec
import pytest

from tests.scenario.conversation import found, host, job, process, redis
from watchdog.model import actions, actions_on_peers, fields, guards, receivers
from watchdog.model.events import (
    Delta,
    EffectDone,
    Event,
    FleetLead,
    FleetLockLost,
    Gone,
    Paused,
    ReloadRefused,
    Resumed,
    RulesLoaded,
    SourceBack,
    SourceLost,
    Started,
    Stopping,
    TimeReached,
    Vouched,
    decode,
    encode,
)
from watchdog.model.kinds import Kind, Source, Type
from watchdog.model.missing import MISSING
from watchdog.model.parameters import Form
from watchdog.model.results import (
    Exited,
    FleetBudgetSpent,
    FleetLockHeld,
    FleetLockRefused,
    FleetLockTaken,
    Look,
    Refused,
    Sent,
    StillRunning,
)
from watchdog.model.rows import ROW_TYPES
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Answer, Mode, lower

ONE = "web1:10:abc"
BODIES = [
    redis(process(ONE, 1), job(ONE, "j", 1), Gone(Kind.JOB, "x", "finished"), Delta(Kind.QUEUE, "q", {"size": None}), complete=True),
    host(found(ONE)),
    SourceLost(Source.REDIS, "refused", 'ü \u2028 " \n'),
    SourceBack(Source.HOST),
    TimeReached(),
    *(
        EffectDone("1.0", result)
        for result in (Look(alive=True, same=True, catches=("TERM",)), Sent(), Exited(), StillRunning(), Refused("x"))
    ),
    Started("0", "b", "h"),
    RulesLoaded("d", Mode.DRY_RUN),
    ReloadRefused(("a", "b")),
    Paused("ada", "x", 5),
    Paused("ada", "x"),
    Resumed("ada"),
    Vouched("j1", "ada", 1_790_000_000_000),
    FleetLockLost("fence", "gone"),
    FleetLead("web2"),
    FleetLead("web1", mine=True),
    *(
        EffectDone("1.0", one)
        for one in (FleetLockTaken("f", 1), FleetLockHeld("h", "a", "t", 5), FleetBudgetSpent(9), FleetLockRefused("x"))
    ),
    Stopping("x"),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_an_event_survives_a_trace(body):
    """One event is one line, and comes back as it was."""
    event = Event(3, -5, 1_790_000_000_000, body)

    assert decode(encode(event)) == event
    assert b"\n" not in encode(event)


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b'{"seq":1,"at":1,"wall":1,"body":{"type":"nonsense"}}', encode(Event(1, 1, 1, TimeReached()))[:-3]]
)
def test_what_is_no_event_is_refused(line):
    """Damage in a trace is an error, never another event."""
    with pytest.raises(msgspec.DecodeError):
        decode(line)


@pytest.mark.parametrize("kind", fields.BY_KIND)
def test_rows_have_a_slot_for_every_field(kind):
    """A new row knows nothing, and has room for each reading of its kind and nothing else."""
    row = ROW_TYPES[kind]("x")

    assert set(row.slots) == {spec.slot for spec in fields.BY_KIND[kind].values() if not spec.stands_for} - {"id"}
    assert all(getattr(row, slot) is MISSING for slot in row.slots)
    assert (row.id, row.as_plain()) == ("x", {})
    with pytest.raises(AttributeError):
        row.elephants = 1  # type: ignore[attr-defined]  # that is the test


def test_fields_are_what_they_say():
    """No path and no slot stands twice; what grows is a duration; what refers names a kind with fields; internal ones have no example to show."""
    assert len({spec.path for spec in fields.FIELDS}) == len({(spec.kind, spec.slot) for spec in fields.FIELDS}) == len(fields.FIELDS)
    for spec in fields.FIELDS:
        assert spec.clock is None or spec.type is Type.DURATION
        assert spec.refers is None or spec.refers in fields.BY_KIND
        assert bool(spec.example) is not spec.internal
        assert spec.doc.endswith(".")


def test_names_are_unique_in_each_table():
    """Actions, guards, receivers, and the settings of all guards together, each have a name of their own."""
    settings = [setting.name for guard in guards.GUARDS for setting in guard.settings]

    assert len(actions.BY_NAME) == len(actions.ACTIONS)
    assert len(guards.BY_NAME) == len(guards.GUARDS)
    assert len(receivers.BY_TYPE) == len(receivers.RECEIVERS)
    assert len(settings) == len(set(settings))


_FORMS = {
    TargetKind.PROCESS: Form.PROCESS,
    TargetKind.UNIT: Form.UNIT,
    TargetKind.COMMAND: Form.COMMAND,
    TargetKind.CHILD: Form.PROCESS,
    TargetKind.PEER: Form.PEER,
}


def test_actions_name_a_target_that_is_there():
    """The target is a required parameter, or one of those that say which jobs are meant; overridden guard settings exist; choices hold their default."""
    settings = {setting.name for guard in guards.GUARDS for setting in guard.settings}
    for action in actions.ACTIONS:
        names = {parameter.name: parameter for parameter in action.parameters}
        assert set(action.which) <= set(names)
        assert action.target or action.which
        if action.target:
            target = names[action.target]
            assert target.required or action.target in action.which
            by_command = action.name in actions_on_peers.COMMANDS
            assert target.form is (Form.JOB if action.which else Form.PEER if by_command else _FORMS[action.acts_on])
        assert set(action.guards) <= settings
    for setting in (setting for guard in guards.GUARDS for setting in guard.settings):
        assert setting.default is not None
        assert setting.form is not Form.CHOICE or setting.default in setting.choices


@pytest.mark.parametrize("one", Mode)
@pytest.mark.parametrize("other", Mode)
def test_the_lower_mode_is_the_more_careful(one, other):
    """Whichever comes first, the more careful of two modes wins."""
    order = [Mode.OBSERVE, Mode.DRY_RUN, Mode.ASK, Mode.ACT]

    assert lower(one, other) is order[min(order.index(one), order.index(other))]


def test_the_stricter_answer_is_greater():
    """DENY beats ASK beats PASS."""
    assert Answer.DENY > Answer.ASK > Answer.PASS


def test_no_field_is_for_what_is_private():
    """A reading goes into the trace and into checkpoints: none may be what a job was given, or what can repeat it."""
    private = {"args", "arguments", "payload", "item", "body", "error_message", "error_backtrace", "backtrace", "message"}
    assert not private & {name for spec in fields.FIELDS for name in (spec.name, spec.slot)}


def test_what_a_growing_field_counts_from_is_called_a_time():
    """The ledger keeps such readings over a reboot, and moves what is called `…_at` with the engine's time."""
    assert {spec.slot for spec in fields.FIELDS if spec.clock is not None and not spec.slot.endswith("_at")} == set()
