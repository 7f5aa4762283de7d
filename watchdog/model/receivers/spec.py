"""How a type of receiver is described."""

from typing import Final

import msgspec

from watchdog.model.parameters import ParameterSpec

COMMON: Final[tuple[ParameterSpec, ...]] = ()
"""What every type can have beside its own: how often and how soon it is told."""


class ReceiverSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One type of receiver, as it is named under `type:` in the config.

    `edits` says that what has been sent can be changed there; then an incident is one message that moves. `listens` says that people can answer by it,
    where `listens_by` names a setting only if that is given.
    """

    type: str
    doc: str
    settings: tuple[ParameterSpec, ...]
    edits: bool = False
    listens: bool = False
    listens_by: str = ""

    @property
    def all_settings(self) -> tuple[ParameterSpec, ...]:
        """Its settings, and those that every type has."""
        return (*self.settings, *COMMON)
