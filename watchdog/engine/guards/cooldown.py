"""
The target was acted upon a short time ago.

Each further action within a day doubles the time: what did not help twice will hardly help at once, and the night is long. It falls back by itself as the actions come
to lie more than a day back.
"""

from watchdog.engine.deploy_signs import JOB
from watchdog.engine.guards.view import View, denies, passes
from watchdog.engine.spending import A_DAY, incidents_within
from watchdog.model.verdicts import Verdict


def cooldown(view: View) -> Verdict:
    """Denies until the cooldown has passed since the END of the last action on the target, whoever did it; but for the next step of the same incident."""
    last = view.cooldowns.get(view.target)
    if last is not None and view.incident and last.incident == view.incident:
        return passes("cooldown")
    lasting, repeated = _lasting(view)
    ended_at = None if last is None else last.ended_at
    by_others = _by_others(view)
    if by_others is not None and (ended_at is None or ended_at < by_others):
        ended_at = by_others
    if ended_at is None or ended_at + lasting <= view.at:
        return passes("cooldown")
    ago = (view.at - ended_at) // 1000
    # Dry-run takes an action to last as long as it could have.
    when = f"ended {ago} s ago" if ago >= 0 else f"would end in {-ago} s"
    if last is None or ended_at != last.ended_at:
        reason = f"somebody else had systemd start or stop {view.target} {ago} s ago"
    else:
        reason = f"{last.action} of rule {last.rule} on {view.target} {when}"
    return denies("cooldown", reason + repeated, ended_at + lasting)


def _lasting(view: View) -> tuple[int, str]:
    """For how many milliseconds, and why it is longer than the rule says."""
    base, longest = int(view.settings["cooldown"]), int(view.settings["cooldown_max"])
    actions = incidents_within(view.spent.get(view.target, ()), A_DAY, view.at)
    lasting = base
    for _ in range(actions - 1):
        if lasting >= longest:
            break
        lasting = min(2 * lasting, longest) if lasting else longest
    if lasting <= base:
        return base, ""
    return lasting, f"; after {actions} actions within 24 h the cooldown is {_said(lasting)}"


def _said(time: int) -> str:
    return f"{time // 60_000} min" if time % 60_000 == 0 else f"{time // 1000} s"


def _by_others(view: View) -> int | None:
    """When somebody else last had the target's unit started, stopped or restarted, as far as systemd has told; what a person orders is not kept from it."""
    if view.ref is None or not view.ref.unit or view.overruled is not None:
        return None
    sign = view.ledger.deploys.signs.get(f"{JOB} {view.ref.unit}")
    return None if sign is None else (view.at if sign.ended_at is None else sign.ended_at)
