"""
Every guard with the settings that a rule can give it: one table.

The order in which guards are asked is the literal of `engine/guards/__init__.py`; a test proves that
it holds just these.
"""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec


class GuardSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One guard. `denies` completes "denies when …".

    `binds_after_no_return` says that it still guards the stages after the one that can't be taken back.
    """

    name: str
    denies: str
    settings: tuple[ParameterSpec, ...] = ()
    binds_after_no_return: bool = False


GUARDS: Final[tuple[GuardSpec, ...]] = (
    GuardSpec(name="paused", denies="a switch or file says that nothing may be done (owner, reason, expiry)", binds_after_no_return=True),
    GuardSpec(name="blind", denies="a source that the condition rests on can't be read", binds_after_no_return=True),
    GuardSpec(
        name="settling",
        denies="the target has beaten less than `settle` times since the agent's start, a reload, a loss or fail-over of Redis, or a time in which the agent saw nothing; 10 s count as a beat where none comes",
        settings=(
            ParameterSpec(
                name="settle",
                form=Form.COUNT,
                default="3",
                doc="How many beats the target must have shown since the picture was shaken; 0 waits for a complete reading only.",
                example="settle: 6",
            ),
        ),
    ),
    GuardSpec(
        name="common_cause",
        denies="the trouble has another cause than the target: Redis refuses writes, a check that the config declares fails, the disk of the state folder is full, or more than `max_unhealthy` of the processes are sick; what is not declared is not checked. After the stage that can't be taken back only the first two count",
        settings=(
            ParameterSpec(
                name="max_unhealthy",
                form=Form.RATIO,
                default="50%",
                doc="The share of all processes that may be sick, which is: have an alert, or a job with one, above `info`; a single sick process is always allowed.",
                example="max_unhealthy: 50%",
            ),
        ),
        binds_after_no_return=True,
    ),
    GuardSpec(
        name="coverage",
        denies="a queue of the target would keep less than `keep` of its working threads elsewhere; held threads don't work",
        settings=(
            ParameterSpec(
                name="keep",
                form=Form.RATIO,
                default="50%",
                doc="The share of each queue's working threads that must be left elsewhere.",
                example="keep: 50%",
            ),
            ParameterSpec(
                name="alone",
                form=Form.CHOICE,
                default="when_half_held",
                choices=("ask", "allow", "when_half_held"),
                doc="What holds for the only process of a queue.",
                example="alone: ask",
            ),
        ),
    ),
    GuardSpec(name="in_flight", denies="an action on this target or host is under way"),
    GuardSpec(
        name="cooldown",
        denies="the last action on this target, by whichever rule, ended less than `cooldown` ago",
        settings=(
            ParameterSpec(
                name="cooldown", form=Form.DURATION, default="15m", doc="Counted from the end of the last action.", example="cooldown: 15m"
            ),
        ),
    ),
    GuardSpec(
        name="last_look",
        denies="the condition no longer holds, or the target is not, or not quite, the process that was meant: looked at again at once before each stage",
        binds_after_no_return=True,
    ),
)

BY_NAME: Final[dict[str, GuardSpec]] = {spec.name: spec for spec in GUARDS}
"""Name → spec."""
