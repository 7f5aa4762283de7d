"""
The target was acted upon a short time ago.

Each further action within a day doubles the time: what did not help twice will hardly help at once, and the night is long. It falls back by itself as the actions come
to lie more than a day back.
"""

from watchdog.engine.deploy_signs import JOB
from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.scaled import also_named
from watchdog.engine.spending import A_DAY, incidents_within
from watchdog.model.targets import unit_of
from watchdog.model.verdicts import Verdict


def cooldown(view: View) -> Verdict:
    """Denies until the cooldown has passed since the END of the last action on the target, whoever did it; but for the next step of the same incident."""
    done = [view.cooldowns[name] for name in (view.target, *also_named(view.action, view.target)) if name in view.cooldowns]
    last = max(done, key=lambda one: one.ended_at, default=None)
    if last is not None and view.incident and last.incident == view.incident:
        return passes("cooldown")
    ended_at, what = _by_others(view)
    if last is not None and (not what or last.ended_at >= ended_at):
        ended_at, what = last.ended_at, f"{last.action} of rule {last.rule} on {view.target}"
    lasting, repeated = _lasting(view)
    if not what or ended_at + lasting <= view.at:
        return passes("cooldown")
    ago = (view.at - ended_at) // 1000
    # Until what dry-run has left out could have ended it is in flight.
    when = f"ended {ago} s ago" if ago >= 0 else f"would end in {-ago} s"
    return denies("cooldown", f"{what} {when}{repeated}", ended_at + lasting)


def _lasting(view: View) -> tuple[int, str]:
    """For how many milliseconds, and why for longer than the rule says."""
    base, longest = int(view.settings["cooldown"]), int(view.settings["cooldown_max"])
    actions = incidents_within(view.spent.get(view.target, ()), A_DAY, view.at)
    lasting = max(base, min(base * 2 ** max(0, actions - 1), longest))
    if lasting == base:
        return base, ""
    said = f"{lasting // 60_000} min" if lasting % 60_000 == 0 else f"{lasting // 1000} s"
    return lasting, f"; after {actions} actions within 24 h the cooldown is {said}"


def _by_others(view: View) -> tuple[int, str]:
    """When somebody else last had the target's unit started or stopped, and words for it, as far as systemd has told; nothing where a person orders."""
    unit = view.ref.unit if view.ref is not None else unit_of(view.thing)
    sign = view.ledger.deploys.signs.get(f"{JOB} {unit}") if unit and view.overruled is None else None
    if sign is None:
        return 0, ""
    return sign.seen_at if sign.ended_at is None else sign.ended_at, f"what somebody else had systemd do with {view.target}"
