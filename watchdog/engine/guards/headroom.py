"""
One more process would find no room: what is scarce already would become scarcer for all.

It speaks of `scale_out` alone; whatever else is done adds nothing to the host.
"""

from typing import Final

from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.scaling.headroom import headroom as room_for
from watchdog.model.actions_on_templates import SCALE_OUT
from watchdog.model.kinds import Source
from watchdog.model.targets import UnitRef
from watchdog.model.template_names import template_of
from watchdog.model.verdicts import Answer, Verdict

SOURCES: Final = (Source.REDIS, Source.HOST, Source.CHECKS)
"""What tells of it; while one of them is lost its last readings are still in the picture."""


def headroom(view: View) -> Verdict:
    """Denies while processor, memory, Redis or the database have no room for one more, and names each that has none; says what was not looked at."""
    if view.action != SCALE_OUT or not isinstance(view.thing, UnitRef):
        return passes("headroom")
    blind = next((source for source in SOURCES if source in view.ledger.lost), None)
    if blind is not None:
        return denies("headroom", f"whether there is room for one more is not known: {blind} can't be read")
    found = room_for(view.world, template_of(view.thing.unit)[0], idle=float(view.settings["idle"]))
    if found.lacking:
        return denies("headroom", f"no room for one more: {'; '.join(found.lacking)}")
    unseen = ", ".join(found.not_looked_at)
    return Verdict("headroom", Answer.PASS, f"not looked at for room: {unseen}" if unseen else "")
