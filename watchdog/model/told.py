"""
What a person tells the agent: orders, which are carried out on one process, and commands, which change what the agent may do.

They are left for it in files (`store/orders.py`), so each can be handed over twice: `id` is unique, and the same both times. `by` is who says it and `reason`
why; `asked` is UTC milliseconds, as every time that a person gives.
"""

from typing import Final

import msgspec

LOCAL: Final = "local"
"""The channel of who may write into the folder of orders."""


class OperatorAsked(msgspec.Struct, frozen=True, kw_only=True, tag="operator_asked"):
    """
    A person orders an action on one process: `by` whom and for what `reason`.

    `id` is unique, and the same where the order is handed over once more after a crash. `process` is Sidekiq's identity of it; `arguments` are
    those of the action, as in a rule. `overruled` names the guards that the person overrules. `only_looks`
    asks what would be done, and nothing is. `asked` is UTC milliseconds: nobody wants done today what was asked for yesterday.
    """

    id: str
    by: str
    reason: str
    asked: int
    action: str
    process: str
    arguments: dict[str, int | float | bool | str]
    overruled: tuple[str, ...] = ()
    only_looks: bool = False


class OperatorWithdrew(msgspec.Struct, frozen=True, tag="operator_withdrew"):
    """The order with that id is withdrawn; what can't be taken back is carried to its end all the same."""

    id: str
    by: str


class Commanded(msgspec.Struct, frozen=True, kw_only=True):
    """What every command holds."""

    id: str
    by: str
    reason: str
    asked: int


class OperatorPaused(Commanded, frozen=True, kw_only=True, tag="operator_paused"):
    """Nothing may be done until that time (UTC milliseconds): whoever forgets a pause is not left without an agent for ever."""

    until: int


class OperatorResumed(Commanded, frozen=True, kw_only=True, tag="operator_resumed"):
    """The pause is over before its time."""


class OperatorApproved(Commanded, frozen=True, kw_only=True, tag="operator_approved"):
    """The person says yes to what was asked under the id `approval`; `channel` is the way that it was said by, `by` the name that the person has there."""

    approval: str
    channel: str = LOCAL


class OperatorDenied(Commanded, frozen=True, kw_only=True, tag="operator_denied"):
    """The person says no to it."""

    approval: str
    channel: str = LOCAL


Order = OperatorAsked | OperatorWithdrew
"""What is carried out on a process; heard by `engine/orders.py`."""
Command = OperatorPaused | OperatorResumed | OperatorApproved | OperatorDenied
"""What changes what the agent may do; heard by `engine/commands.py`."""
Told = Order | Command
"""All that a person can say."""
