"""
One more process would find no room: what is scarce already would become scarcer for all.

It speaks of `scale_out` alone; whatever else is done adds nothing to the host.
"""

from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.scaling.headroom import headroom as room_for
from watchdog.model.verdicts import Answer, Verdict


def headroom(view: View) -> Verdict:
    """Denies while processor, memory, Redis or the database have no room for one more, and names each that has none; says what was not looked at."""
    if not view.adds_to:
        return passes("headroom")
    found = room_for(view.world, view.adds_to, idle=float(view.settings["idle"]))
    if found.lacking:
        return denies("headroom", f"no room for one more: {'; '.join(found.lacking)}")
    unseen = ", ".join(found.not_looked_at)
    return Verdict("headroom", Answer.PASS, f"not looked at for room: {unseen}" if unseen else "")
