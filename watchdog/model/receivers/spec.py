"""How a type of receiver is described."""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec

COMMON: Final[tuple[ParameterSpec, ...]] = (
    ParameterSpec(
        name="group_wait",
        form=Form.DURATION,
        default="5s",
        doc="How long the first message of a group waits for others that are shown with it.",
        example="group_wait: 5s",
    ),
    ParameterSpec(
        name="group_interval",
        form=Form.DURATION,
        default="15s",
        doc="How soon a group is told of again after the last time.",
        example="group_interval: 15s",
    ),
    ParameterSpec(
        name="at_most",
        form=Form.ALLOWANCE,
        default="20/1m",
        longest=86_400_000,
        doc="How many calls may be made, in any stretch of so long. What is too much for it is told together.",
        example="at_most: 20/1m",
    ),
)
"""What every type can have beside its own: how often and how soon it is told."""

CA: Final = ParameterSpec(
    name="ca",
    form=Form.TEXT,
    doc="A file, by its whole path, with the certificates (PEM) by which its own is judged, in place of those that this machine trusts.",
    example="ca: /etc/sidekiq-watchdog/ca.pem",
)


def timeout(default: str, *, of: str) -> ParameterSpec:
    """How long an attempt, or a call, may take. Never 0, which would be for ever."""
    return ParameterSpec(
        name="timeout", form=Form.DURATION, default=default, least=100, doc=f"How long one {of} may take.", example=f"timeout: {default}"
    )


class ReceiverSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    One type of receiver, as it is named under `type:` in the config.

    `listens` says that people can answer by it,
    where `listens_by` names a setting only if that is given. With `every_thread` programs read it: each alert is told,
    and many are not gathered into one; of others that are too many to be told one by one, `few` are. `common` are defaults of its own for what all types have, by name, as they are written.
    """

    type: str
    doc: str
    settings: tuple[ParameterSpec, ...]
    listens: bool = False
    listens_by: str = ""
    every_thread: bool = False
    few: int = 10
    common: dict[str, str] = {}

    @property
    def all_settings(self) -> tuple[ParameterSpec, ...]:
        """Its settings, and those that every type has."""
        own = {name: {"default": written, "example": f"{name}: {written}"} for name, written in self.common.items()}
        return (*self.settings, *(msgspec.structs.replace(one, **own.get(one.name, {})) for one in COMMON))
