"""
Which rules a person has armed, how far each rule went when it was last in force, and what was so already by then: frozen parts of the ledger.

The counterpart of `arming`, which writes them.
"""

import msgspec

from watchdog.model.verdicts import Mode


class Armed(msgspec.Struct, frozen=True):
    """
    What a person has said of one rule: from `armed_wall` (UTC milliseconds) on it goes as far as `mode`, whatever its file says.

    `digest` is that of the rule by then (`rule_digest`), `was` the mode that its file gave it.
    """

    mode: Mode
    digest: str
    was: Mode
    by: str
    reason: str
    armed_wall: int


class InForce(msgspec.Struct, frozen=True):
    """A rule as it was loaded last, and the mode that was in force for it."""

    digest: str
    mode: Mode


class Arming(msgspec.Struct, frozen=True):
    """
    All of it, by name of the rule.

    `looking` are rules that have begun to act and whose entities have not been read in full since: whatever is found till then was so before. `unknown` are entities of
    which it could not be known by then whether it was so; what is known of them first tells.
    """

    armed: dict[str, Armed] = {}
    in_force: dict[str, InForce] = {}
    looking: tuple[str, ...] = ()
    unknown: dict[str, tuple[str, ...]] = {}
