"""
May a unit that does not run be started? A pure function of what systemd tells of it and of what is remembered.

Why so little is allowed: a service that is down is down because it failed or because somebody wants it so, and nothing is worse at three in the morning than an agent that undoes what its
operator has just done. So it must be known that it failed by itself, or that the agent ended it. What fails again and again is not started again and again: that mends nothing, and
hides it.
"""

from typing import Final

import msgspec

MOST_STARTS: Final = 2
"""With so many starts within ten minutes another one mends nothing."""
BY_ITSELF: Final = {
    "signal": "it was killed",
    "oom-kill": "the kernel ended it for want of memory",
    "exit-code": "it ended with an exit code",
    "core-dump": "it crashed",  # the same as `signal`, where the system keeps cores
    "watchdog": "systemd ended it because it hung",  # nobody asked for it
}
"""Result of a unit that has failed → how it ended, where nobody wanted it to. `timeout` is none of them: it did not come up in time, which it will not do now, or it was stopped, and did not end in time."""
_NEVER: Final = {
    "start-limit-hit": "systemd has started it too often and has given up",
    "timeout": "it did not start or stop in time, and systemd does not say which: somebody may have stopped it",
    "resources": "systemd lacks what it needs to start it",
    "protocol": "it does not speak with systemd as its unit says",
    "exec-condition": "a condition of the unit keeps it from being started",
}
_LOADED: Final = ("loaded", "")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """
    A unit as it stands: systemd's words, empty where it does not tell, and what is remembered.

    `ours` says that the agent ended the process in it and that it has not run since, `disabled_since` that somebody has disabled it after that. `stopped` says that somebody was seen to have it stopped;
    `starts` is how often it was started within ten minutes.
    """

    load_state: str = ""
    state: str = ""
    sub_state: str = ""
    result: str = ""
    job: str = ""
    file_state: str = ""
    ours: bool = False
    disabled_since: bool = False
    stopped: bool = False
    starts: int = 0


def runs(unit: Standing) -> bool:
    """It has been started and is not on its way out."""
    return unit.state in ("active", "reloading", "refreshing")


def comes(unit: Standing) -> bool:
    """Systemd starts it already, or is about to: whoever wants it to run need only wait."""
    return unit.state == "activating" or unit.sub_state.startswith(
        ("auto-restart", "failed-before-auto-restart", "dead-before-auto-restart")
    )


def against_start(unit: Standing) -> str:
    """Why it must not be started, '' where nothing is against it. The first reason that stands by itself is given."""
    return _as_it_is(unit) or _somebody(unit) or _by_its_end(unit)


def _as_it_is(unit: Standing) -> str:
    if "masked" in (unit.load_state, unit.file_state):
        return "it is masked: somebody does not want it to run"
    if unit.load_state not in _LOADED:
        return f"systemd can't start it: {unit.load_state}"
    if runs(unit):
        return "it runs"
    if comes(unit):
        return "systemd is about to start it by itself"
    if unit.state not in ("inactive", "failed"):
        return f"it is {unit.state or 'in no state that is known'}"
    return ""


def _somebody(unit: Standing) -> str:
    if unit.job:
        return f"somebody has asked systemd to {unit.job} it"
    if unit.stopped:
        return "somebody has stopped it"
    if unit.file_state == "disabled" and (not unit.ours or unit.disabled_since):
        return "it is disabled: somebody does not want it to run"
    return ""


def _by_its_end(unit: Standing) -> str:
    if unit.result in _NEVER:
        return _NEVER[unit.result]
    failed_by_itself = unit.state == "failed" and unit.result in BY_ITSELF
    if not unit.ours and not failed_by_itself:
        if unit.result in ("success", ""):
            return "it has ended in good order, as one does that was stopped"
        if unit.result in BY_ITSELF:
            return "it had failed and is so no more: somebody has seen to it"
        return f"it ended with {unit.result}, which is no end that it is started after"
    if unit.starts >= MOST_STARTS:
        return f"it was started {unit.starts} times within 10 min, and has ended again"
    return ""
