"""
A source that the condition rests on can't be read.

The silence of the target itself, while its source answers, is no blindness: it is a finding.
"""

from typing import Final

from watchdog.engine.guards.view import View, denies, passes
from watchdog.model.kinds import Source
from watchdog.model.verdicts import Verdict

LIMIT: Final = {Source.REDIS: 60_000}
"""Source → milliseconds after which silence of the source itself counts as blindness; it completes a round each 15 s."""


def blind(view: View) -> Verdict:
    """Denies while a source is lost, has not been read in full yet, or is older than its limit."""
    for source in view.sources:
        if (loss := view.ledger.lost.get(source)) is not None:
            return denies("blind", f"{source} can't be read: {loss.message}")
        if source in LIMIT and source not in view.world.complete:
            return denies("blind", f"{source} has not been read in full yet")
        if source in LIMIT and view.at - view.world.read_at.get(source, 0) > LIMIT[source]:
            return denies("blind", f"nothing has been read from {source} for more than {LIMIT[source] // 1000} s")
    return passes("blind")
