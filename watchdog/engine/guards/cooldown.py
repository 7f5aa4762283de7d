"""The target was acted upon a short time ago."""

from watchdog.engine.guards.view import View, denies, passes
from watchdog.model.verdicts import Verdict


def cooldown(view: View) -> Verdict:
    """Denies until `cooldown` has passed since the END of the last action on the target, whichever rule asked for it; but for the next step of the same incident."""
    last = view.cooldowns.get(view.target)
    if last is None or (view.incident and last.incident == view.incident):
        return passes("cooldown")
    until = last.ended_at + int(view.settings["cooldown"])
    if until <= view.at:
        return passes("cooldown")
    ago = (view.at - last.ended_at) // 1000
    # Dry-run takes an action to last as long as it could have.
    when = f"ended {ago} s ago" if ago >= 0 else f"would end in {-ago} s"
    return denies("cooldown", f"{last.action} of rule {last.rule} on {view.target} {when}", until)
