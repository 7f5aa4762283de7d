"""The engine's state: what it must not forget, and what it sees."""

import msgspec

from watchdog.engine.ledger import Ledger
from watchdog.engine.saved import save
from watchdog.engine.world import World
from watchdog.model.kinds import Source
from watchdog.model.vocabulary import BUILT, Vocabulary


class State(msgspec.Struct, frozen=True):
    """
    What `advance` takes and gives back.

    The ledger is frozen: a turn whose commit fails is undone by keeping the old one. The world is shared
    and goes on: what was read was read. After an undone turn set `world.must_judge_all`, so that
    what the lost ledger had drawn from those readings is drawn again.
    """

    ledger: Ledger
    world: World


def begin(ledger: Ledger | None = None, *, history: bytes | None = None, vocabulary: Vocabulary = BUILT) -> State:
    """
    A state that has seen nothing yet, with the ledger of a predecessor and the histories that it kept (`keep`).

    `vocabulary` is that in which the rules were read; only the tests of rules have another than the built one.
    """
    world = World(vocabulary)
    world.kept = history
    return State(ledger or Ledger(), world)


def keep(state: State, *, at: int, wall: int, seq: int = 0) -> bytes | None:
    """
    The histories at engine time `at` (UTC `wall`), after event `seq`, for a successor; None where no rule asks for any.

    They are not part of the ledger: what is lost of them with a crash is a stretch without coverage, and no rule forgets what it has done.
    To be called between two turns, the last of which was committed: then `catching_up` can go on from here.
    """
    ledger, world = state.ledger, state.world
    if not world.history.is_asked():
        return None
    lost = tuple(Source(name) for name in ledger.lost)
    return save(world, seq=seq, at=max(at, ledger.at), wall=wall, boot_id=ledger.boot_id, lost=lost)
