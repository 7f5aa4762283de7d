"""
The stage in which evidence is collected: what is asked for, and what is made of the answer.

It holds nobody up. It is asked for once: whatever cut the agent off in the middle of it could do so again; the incident then goes on without. A shell that never
answers is not waited for.
"""

from collections import Counter
from typing import Final

import msgspec

from watchdog.engine import accounts
from watchdog.engine.incidents import Run
from watchdog.engine.procedures.recover import is_frozen
from watchdog.engine.sightings import scene_of
from watchdog.engine.turn import Turn
from watchdog.model.effects import CollectEvidence
from watchdog.model.evidence import ALL, Came, Suspect, Suspicion
from watchdog.model.results import EvidenceCollected, Result

LIMIT: Final = 5_000
"""Milliseconds that the shell has for it."""
PATIENCE: Final = LIMIT + 1_000
"""Milliseconds after which no answer is waited for."""
_MOST_TOLD: Final = 3


def ask(turn: Turn, run: Run) -> Run | None:
    """The run that waits for its evidence; None where it is to go on without."""
    rule = turn.rule.get(run.rule)
    kinds = ALL if rule is None else rule.evidence
    if not kinds or run.stage in run.marks:
        return None
    effect = turn.id()
    scene = scene_of(turn, run)
    still = not scene.known or is_frozen(scene)
    turn.effects.append(CollectEvidence(effect, run.incident, run.ref, kinds, turn.at + LIMIT, still))
    return msgspec.structs.replace(run, effect=effect, marks={**run.marks, run.stage: turn.at}, again_at=turn.at + PATIENCE)


def hear(turn: Turn, run: Run, result: Result) -> Run:
    """The run with what the evidence says, written down."""
    run = msgspec.structs.replace(run, again_at=None)
    if not isinstance(result, EvidenceCollected):
        reason = getattr(result, "reason", "it was answered with something else")
        turn.audit("outcome", **accounts.names(run), stage=run.stage, outcome=f"nothing: {reason}")
        return accounts.noted(turn, run, f"no evidence: {reason}")
    pieces = ", ".join(f"{piece.kind} {piece.came}" for piece in result.pieces)
    turn.audit("outcome", **accounts.names(run), stage=run.stage, outcome=pieces or "nothing", reason=suspicion(result))
    run = accounts.noted(turn, run, f"evidence: {_kept(run, result)}; {suspicion(result)}")
    if any(one.suspicion is not Suspicion.POSSIBLE for one in result.suspects):
        accounts.tell(turn, run, f"{run.ref.name}: {suspicion(result)}", outcome="suspected")
    return msgspec.structs.replace(run, named=result.alone)


def suspicion(found: EvidenceCollected) -> str:
    """Who is suspected, as one sentence without a point."""
    told = [_told(one) for one in found.suspects[:_MOST_TOLD]]
    if len(found.suspects) > _MOST_TOLD:
        told.append(f"{len(found.suspects) - _MOST_TOLD} more jobs are possible as well")
    said = "; ".join((*told, *([found.note] if found.note else [])))
    return said or "no job is suspected"


def _told(one: Suspect) -> str:
    return f"{one.job_class} {one.jid} is suspected ({one.suspicion}): {one.why}"


def _kept(run: Run, found: EvidenceCollected) -> str:
    came = Counter(piece.came for piece in found.pieces)
    kept = ", ".join(piece.kind.replace("_", " ") for piece in found.pieces if piece.came is Came.KEPT)
    missing = ", ".join(
        f"{piece.kind.replace('_', ' ')} ({piece.why or piece.came})" for piece in found.pieces if piece.came is not Came.KEPT
    )
    said = f"kept {kept} (sidekiq-watchdog evidence {run.incident})" if came[Came.KEPT] else "nothing was kept"
    return f"{said}, not {missing}" if missing else said
