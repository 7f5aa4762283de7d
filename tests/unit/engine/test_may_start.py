"""Which units may be started: every combination of what systemd tells and what is remembered."""

import itertools

import pytest

from watchdog.engine.may_start import BY_ITSELF, MOST_STARTS, Standing, against_start, comes, runs

KILLED = {"load_state": "loaded", "state": "failed", "sub_state": "failed", "result": "signal", "file_state": "enabled"}
STOPPED = {"load_state": "loaded", "state": "inactive", "sub_state": "dead", "result": "success", "file_state": "enabled"}
STATES = (
    ("active", "running"), ("reloading", "reload"), ("activating", "auto-restart"), ("activating", "start"), ("deactivating", "stop-sigterm"),
    ("inactive", "dead"), ("failed", "failed"), ("maintenance", ""), ("", ""),
)  # fmt: skip
RESULTS = (
    *BY_ITSELF, "success", "", "timeout", "start-limit-hit", "resources", "protocol", "exec-condition", "something-new",
)  # fmt: skip
SETTINGS = list(
    itertools.product(
        ("loaded", "", "masked", "bad-setting", "error", "not-found"), STATES, RESULTS, ("", "stop", "start", "restart"),
        ("enabled", "disabled", "static", "masked", "indirect", ""), (False, True), (False, True), (False, True), (0, 1, 2, 5),
    )
)  # fmt: skip


def standing(**more: object) -> Standing:
    """It was killed, but for what is said."""
    return Standing(**{**KILLED, **more})  # type: ignore[arg-type]  # as the test names it


@pytest.mark.parametrize("result", BY_ITSELF)
def test_what_failed_by_itself_is_started(result):
    """Killed, out of memory, with an exit code, crashed, or ended by systemd's watchdog: once or twice in ten minutes."""
    assert against_start(standing(result=result)) == ""
    assert against_start(standing(result=result, starts=MOST_STARTS - 1)) == ""
    assert against_start(standing(result=result, starts=MOST_STARTS)) == "it was started 2 times within 10 min, and has ended again"


def test_what_the_agent_ended_is_started():
    """However it ended, and although it has never been enabled."""
    for result in (*BY_ITSELF, "success", ""):
        for state in ("failed", "inactive"):
            for file_state in ("enabled", "disabled", "static", ""):
                assert against_start(standing(result=result, state=state, file_state=file_state, ours=True)) == ""


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (STOPPED, "it has ended in good order, as one does that was stopped"),
        ({**STOPPED, "result": ""}, "it has ended in good order, as one does that was stopped"),
        ({"load_state": "masked"}, "it is masked: somebody does not want it to run"),
        ({"file_state": "masked", "ours": True}, "it is masked: somebody does not want it to run"),
        ({"load_state": "not-found"}, "systemd can't start it: not-found"),
        ({"load_state": "bad-setting", "ours": True}, "systemd can't start it: bad-setting"),
        ({"state": "active", "sub_state": "running"}, "it runs"),
        ({"state": "activating", "sub_state": "auto-restart"}, "systemd is about to start it by itself"),
        ({"sub_state": "failed-before-auto-restart"}, "systemd is about to start it by itself"),
        ({"state": "deactivating", "sub_state": "stop-sigterm"}, "it is deactivating"),
        ({"state": ""}, "it is in no state that is known"),
        ({"job": "stop"}, "somebody has asked systemd to stop it"),
        ({"job": "stop", "ours": True}, "somebody has asked systemd to stop it"),
        ({"stopped": True}, "somebody has stopped it"),
        ({"stopped": True, "ours": True}, "somebody has stopped it"),
        ({"file_state": "disabled"}, "it is disabled: somebody does not want it to run"),
        ({"file_state": "disabled", "ours": True, "disabled_since": True}, "it is disabled: somebody does not want it to run"),
        ({"result": "start-limit-hit"}, "systemd has started it too often and has given up"),
        ({"result": "start-limit-hit", "ours": True}, "systemd has started it too often and has given up"),
        ({"result": "timeout"}, "it did not start or stop in time, and systemd does not say which: somebody may have stopped it"),
        ({"result": "resources"}, "systemd lacks what it needs to start it"),
        ({"result": "protocol"}, "it does not speak with systemd as its unit says"),
        ({"result": "exec-condition"}, "a condition of the unit keeps it from being started"),
        ({"state": "inactive", "sub_state": "dead"}, "it had failed and is so no more: somebody has seen to it"),
        ({"result": "something-new"}, "it ended with something-new, which is no end that it is started after"),
        ({"ours": True, "starts": 3, **STOPPED}, "it was started 3 times within 10 min, and has ended again"),
    ],
)
def test_what_is_never_started(told, reason):
    """A reason for each."""
    assert against_start(standing(**told)) == reason


def test_every_combination():
    """Nothing is started but what failed by itself or was ended by the agent, does not run, and is nobody's; and for everything else there is a reason."""
    allowed = 0
    for load_state, (state, sub_state), result, job, file_state, ours, disabled_since, stopped, starts in SETTINGS:
        one = Standing(load_state=load_state, state=state, sub_state=sub_state, result=result, job=job, file_state=file_state, ours=ours,
                       disabled_since=disabled_since, stopped=stopped, starts=starts)  # fmt: skip
        nobodys = (
            not job
            and not stopped
            and "masked" not in (load_state, file_state)
            and (file_state != "disabled" or (ours and not disabled_since))
        )
        could_be = load_state in ("loaded", "") and state in ("failed", "inactive") and starts < MOST_STARTS
        fell = state == "failed" and result in BY_ITSELF
        may = could_be and nobodys and (fell or (ours and (result in BY_ITSELF or result in ("success", "", "something-new"))))
        assert (against_start(one) == "") is may, one
        allowed += may
    assert allowed


@pytest.mark.parametrize(("state", "sub_state"), STATES)
def test_what_runs_and_what_is_about_to(state, sub_state):
    """Neither need be started; nothing is both."""
    one = standing(state=state, sub_state=sub_state)

    assert runs(one) is (state in ("active", "reloading"))
    assert comes(one) is (state == "activating")
