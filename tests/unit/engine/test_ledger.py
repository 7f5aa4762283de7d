"""The ledger written down, read back, and moved over a reboot."""

import msgspec
import pytest

from watchdog.engine.incidents import Branch, Flight, Playbook, Proof, Run
from watchdog.engine.ledger import Alert, Cooldown, Ledger, Loss, Phase, Request, Shadow, Strike, decode, encode, rebase
from watchdog.engine.switches import Ack, Pause, Rearmed, Silence
from watchdog.model.findings import Certainty
from watchdog.model.flight import Fate, Held, Placed, PlaceKind, Placement
from watchdog.model.kinds import Kind
from watchdog.model.notices import Severity
from watchdog.model.targets import ProcessRef
from watchdog.model.verdicts import Decision, Mode

REF = ProcessRef("web1/app[push]", "web1:10:abc", "web1", 10, 77, "boot-1", "app", "")
FULL = Ledger(
    seq=9, at=1_000, wall=2_000, boot_id="boot-1", host="web1", mode=Mode.ACT,
    alerts={
        "r|j": Alert(
            id="3.0", rule="r", kind=Kind.JOB, entity="j", phase=Phase.FIRING, since_at=10, since_wall=20, counted=30, counted_at=40,
            counting=True, severity=Severity.CRITICAL, notify=("ops",), title="t", target=REF.name, acted=True, beat_at=45,
            seen={"started_at": 50, "jid": "j1", "retries": 3, "queues": ["push"]},
        )
    },
    requests={
        "4.0": Request(
            id="4.0", rule="r", action="terminate_process", arguments={"grace": 10_000}, playbook="5.0", process="web1:10:abc", target=REF.name, alerts=("r|j",),
            created_at=60, created_wall=70, decision=Decision.DENY, guard="cooldown", reason="x", until=80,
        )
    },
    runs={
        "5.0": Run(
            id="5.2", incident="5.0", rule="r", action="terminate_process", arguments={"grace": 10_000}, ref=REF, entity="j", thread="3.0",
            severity=Severity.CRITICAL, notify=("ops",), stage="KILL", looking=False, opened_wall=90, state="S", effect="5.1", intent="5.1", held="h",
            held_by="paused", again_at=100, marks={"TERM": 110, "KILL?": 120}, account=("+0.0 s: SIGTERM sent",),
            flight=Flight(
                beats=1, quiet_beats=2, beat_at=125, jobs=(Held("j1", "Job", "push", Certainty.PROVEN, ("work_hash",), has_payload=True, digest="d"),), seen=("j1", "j2"),
                stuck=("j1",), unnamed=4, plan=(Placement("j1", "Job", "push", PlaceKind.RETRY, ("work_hash",), "strike", 5, 6),),
                placed=(Placed("j1", Fate.DONE, "retry"),),
            ),
        )
    },
    playbooks={
        "5.0": Playbook(
            id="5.0", rule="r", kind=Kind.JOB, entity="j", seen={"started_at": 50, "jid": "j1", "retries": 3}, seen_at=10, beat_at=45,
            target=REF.name, action="terminate_process", alerts=("r|j",), thread="3.0", severity=Severity.CRITICAL, notify=("ops",),
            opened_wall=90, since_at=95, branch=Branch.OR_ELSE, step=1, proof=Proof(counted=5, counted_at=96, counting=True), account=("a",),
        )
    },
    cooldowns={REF.name: Cooldown(130, "r", "terminate_process", "5.0")},
    shadow=Shadow(cooldowns={REF.name: Cooldown(140, "r", "terminate_process")}, cured={f"r|{REF.name}": 150}),
    strikes={"jid j1": Strike(7, 8, 155)},
    pauses={"ada": Pause("ada", "x", 160), "command|eve|r": Pause("eve", "y", 161, 162, rule="r", source="command")},
    silences={"8.0": Silence("8.0", "ada", "x", 163, 164, rule="r", labels={"team": "mail"})},
    acks={f"r|{REF.name}": Ack("ada", "x", "r", REF.name, 165, 166)},
    rearmed={f"r|{REF.name}": Rearmed(167, "ada")},
    lost={"redis": Loss("refused", "m", 170)},
)  # fmt: skip


@pytest.mark.parametrize("ledger", [Ledger(), FULL])
def test_what_is_written_down_comes_back(ledger):
    """Nothing is lost on the way to the store and back."""
    assert decode(encode(ledger)) == ledger


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"alerts": []}', b'{"at": "soon"}', b'{"mode": "yolo"}', encode(FULL)[:-9]])
def test_what_is_no_ledger_is_refused(data):
    """Damage is an error of msgspec, never a ledger with holes."""
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def _numbers(value, path=()):
    match value:
        case dict():
            for key, inner in value.items():
                yield from _numbers(inner, (*path, key))
        case list() | tuple():
            for index, inner in enumerate(value):
                yield from _numbers(inner, (*path, index))
        case bool():
            pass
        case int():
            yield path, value


def test_a_reboot_moves_every_engine_time_and_nothing_else():
    """Each number that is an engine time moves by the shift; wall times, durations and counts stay."""
    before = dict(_numbers(msgspec.to_builtins(FULL)))
    after = dict(_numbers(msgspec.to_builtins(rebase(FULL, -5_000_000))))
    moved = {path[-1] if path[-2:-1] != ("cured",) else "cured" for path in before if after[path] != before[path]}
    stayed = {path[-1] for path in before if after[path] == before[path]}

    assert before.keys() == after.keys()
    assert {after[path] - before[path] for path in before} == {0, -5_000_000}
    assert moved == {
        "at",
        "opened_at",
        "since_at",
        "seen_at",
        "beat_at",
        "counted_at",
        "started_at",
        "created_at",
        "until",
        "again_at",
        "TERM",
        "KILL?",
        "ended_at",
        "cured",
        "until_at",
        "last_at",
    }
    assert stayed == {
        "seq",
        "wall",
        "since_wall",
        "counted",
        "step",
        "retries",
        "created_wall",
        "opened_wall",
        "grace",
        "pid",
        "start_ticks",
        "beats",
        "quiet_beats",
        "unnamed",
        "due_wall",
        "until_wall",
        "strikes",
        "count",
        "crashed",
        "suspected",
        "quiet",
    }


def test_moving_there_and_back_is_nothing():
    """A shift undone gives the ledger that was."""
    assert rebase(rebase(FULL, 12_345), -12_345) == FULL
    assert rebase(FULL, 0) == FULL


def test_an_open_end_stays_open():
    """What has no time gets none by moving."""
    assert rebase(Ledger(pauses={"ada": Pause("ada", "x", None)}), 500).pauses == {"ada": Pause("ada", "x", None)}
