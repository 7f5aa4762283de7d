"""
The receivers of the config file: name → type and settings, checked against the table of `model.receivers`.

The counterpart of `receivers/`, which tells people. Addresses and secrets are never quoted.
"""

from typing import Any, Final

import msgspec

from watchdog.errors import Span
from watchdog.model.parameters import Form
from watchdog.model.receivers import BY_TYPE
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.receivers_judged import judge
from watchdog.rulefile.secrets import SecretRef
from watchdog.rulefile.typed import Section, read_typed

_SECTION: Final = Section("receivers", "receiver", BY_TYPE, bad_name="E504", bad_type="E503", secret_urls=True)


class ReceiverSettings(msgspec.Struct, frozen=True):
    """
    One receiver.

    `values` has every setting of its type by name, defaults filled in, in the units of `Form`; a setting without default that was not
    written is absent. They can be secret, so none is ever shown.
    """

    name: str
    type: str
    values: dict[str, Any]

    @property
    def addresses(self) -> frozenset[str]:
        """The settings that must hold a URL."""
        spec = BY_TYPE.get(self.type)
        return frozenset(setting.name for setting in spec.settings if setting.form is Form.URL) if spec else frozenset()

    @property
    def listens(self) -> bool:
        """Whether people can answer by it."""
        spec = BY_TYPE.get(self.type)
        return spec is not None and spec.listens and (not spec.listens_by or spec.listens_by in self.values)

    def __repr__(self) -> str:
        return f"ReceiverSettings({self.name!r}, {self.type!r}, {sorted(self.values)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name), ("type", self.type), ("values", sorted(self.values))]


def read_receivers(node: Node, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> dict[str, ReceiverSettings]:
    """The receivers by name. References are added to `secrets`, the places of secrets that are written out to `bare`."""
    receivers = {}
    for one in read_typed(node, _SECTION, secrets, bare, findings):
        judge(one.spec.type, one.values, one.written, findings)
        receivers[one.name] = ReceiverSettings(one.name, one.spec.type, one.values)
    return receivers
