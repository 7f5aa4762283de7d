"""
What a person tells the agent: orders, which are carried out on one process, and commands, which change what the agent may do.

They are left for it in files (`store/orders.py`) or come by its socket and its page (`web/orders/`), so each can be handed over twice: `id` is unique, and the same both times. `by` is who says it and `reason`
why; `asked` is UTC milliseconds, as every time that a person gives.
"""

from typing import Final

import msgspec

from watchdog.model.verdicts import Mode

LOCAL: Final = "local"
"""The channel of who may write into the folder of orders, or comes as root or the user of the agent by its unix socket."""

PAGE: Final = "page"
"""The channel of who has shown a token to the page, or was logged in by the proxy before it."""

SAID: Final = "said_"
"""How the id of what was said by a receiver or the page begins."""


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
    """
    Nothing may be done until that time (UTC milliseconds): whoever forgets a pause is not left without an agent for ever.

    With `rule` or `target` (patterns with `*`) not by those rules, or not to those targets.
    """

    until: int
    rule: str = ""
    target: str = ""
    channel: str = LOCAL


class OperatorResumed(Commanded, frozen=True, kw_only=True, tag="operator_resumed"):
    """Pauses that were said by command are over before their time: those for that very `rule` and `target`, all where neither is given."""

    rule: str = ""
    target: str = ""
    channel: str = LOCAL


class OperatorSilenced(Commanded, frozen=True, kw_only=True, tag="operator_silenced"):
    """No messages until that time for alerts that fit all of what is given, patterns with `*`; `labels` are those of their rules."""

    until: int
    rule: str = ""
    target: str = ""
    entity: str = ""
    labels: dict[str, str] = {}
    channel: str = LOCAL


class OperatorUnsilenced(Commanded, frozen=True, kw_only=True, tag="operator_unsilenced"):
    """The silence with that id is over before its time."""

    silence: str
    channel: str = LOCAL


class OperatorAcknowledged(Commanded, frozen=True, kw_only=True, tag="operator_acknowledged"):
    """
    Somebody has seen it: an `incident` or an alert by its id, several `alerts` that were shown together, or what `rule` says of `target`. It is not said again until that time.

    Where its budget has stopped the rule, that begins anew.
    """

    until: int
    incident: str = ""
    alerts: tuple[str, ...] = ()
    rule: str = ""
    target: str = ""
    channel: str = LOCAL


class OperatorWentOn(Commanded, frozen=True, kw_only=True, tag="operator_went_on"):
    """What stands half-way is to go on at once; `overruled` names guards that are not to hold this action any more."""

    incident: str
    overruled: tuple[str, ...] = ()


class OperatorClosed(Commanded, frozen=True, kw_only=True, tag="operator_closed"):
    """That incident is handled by hand: nothing more is done, and everything stays as it is."""

    incident: str


class OperatorArmed(Commanded, frozen=True, kw_only=True, tag="operator_armed"):
    """The rule goes as far as `mode` from now on, whatever its file says, under the mode of the config; None: as far as its file says."""

    rule: str
    mode: Mode | None


class OperatorAdopted(Commanded, frozen=True, kw_only=True, tag="operator_adopted"):
    """What the agent remembers, or has lost, is to be relied upon from now on: it may act again."""


class OperatorApproved(Commanded, frozen=True, kw_only=True, tag="operator_approved"):
    """The person says yes to what was asked under the id `approval`; `channel` is the way that it was said by, `by` the name that the person has there."""

    approval: str
    channel: str = LOCAL


class OperatorDenied(Commanded, frozen=True, kw_only=True, tag="operator_denied"):
    """The person says no to it."""

    approval: str
    channel: str = LOCAL


class OperatorLooked(Commanded, frozen=True, kw_only=True, tag="operator_looked"):
    """The person wants to be told how things stand: `what` is `status`, `why` or `help`. Nothing is changed by it."""

    what: str
    channel: str = LOCAL


class OperatorTested(Commanded, frozen=True, kw_only=True, tag="operator_tested"):
    """These receivers are to be told something that is marked as a test, on the way that everything goes."""

    receivers: tuple[str, ...]


class OperatorRetried(Commanded, frozen=True, kw_only=True, tag="operator_retried"):
    """What waits for that receiver is to be tried now, however long it was to be left alone."""

    receiver: str


Order = OperatorAsked | OperatorWithdrew
"""What is carried out on a process; heard by `engine/orders.py`."""
Command = (
    OperatorPaused
    | OperatorResumed
    | OperatorSilenced
    | OperatorUnsilenced
    | OperatorAcknowledged
    | OperatorWentOn
    | OperatorClosed
    | OperatorArmed
    | OperatorAdopted
    | OperatorApproved
    | OperatorDenied
    | OperatorLooked
    | OperatorTested
    | OperatorRetried
)
"""What changes what the agent may do; heard by `engine/commands.py`."""
Told = Order | Command
"""All that a person can say."""
