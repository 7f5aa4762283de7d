"""
The picture has just been shaken: what it shows may be no news of the target, but of what happened to us or to Redis.

Why: after a start, an outage or a fail-over everything that is read is a first impression, and a machine that slept for eight minutes looks
like one on which every job has been stuck for eight minutes. Whoever beats shows within three beats what is true of it. The silent are not
waited for longer than three beats of the slowest version take.
"""

from watchdog.engine.guards.led import is_for_the_leader
from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.settling import SLOWEST
from watchdog.model.targets import TargetKind
from watchdog.model.verdicts import Verdict


def settling(view: View) -> Verdict:
    """Denies until a complete snapshot has come since the picture was shaken, and who leads is known to whom that concerns; and after it `settle` beats of the target, or their time."""
    shaken, wanted = view.world.settling, int(view.settings["settle"])
    if shaken.awaits:
        return denies("settling", f"{shaken.why}, and not everything has been read since")
    if view.led is None and is_for_the_leader(view):
        return denies("settling", "it is not known yet who leads")
    beats, until = shaken.beats(view.process), shaken.since + wanted * SLOWEST
    if beats >= wanted or view.at >= until:
        return passes("settling")
    if view.about is not TargetKind.PROCESS:
        return denies("settling", f"{shaken.why}: less than {wanted} beats ago", until)
    return denies("settling", f"{shaken.why}: {beats} of {wanted} beats of it seen since", until)
