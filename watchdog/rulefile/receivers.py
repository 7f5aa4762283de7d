"""
The receivers of the config file: name → type and settings, checked against the table of `model.receivers`.

The counterpart of `receivers/`, which tells people. Addresses and secrets are never quoted.
"""

import re
from typing import Any, Final

import msgspec

from watchdog.errors import Span
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers import BY_TYPE, ReceiverSpec
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, entries_of, words_of
from watchdog.rulefile.later import RECEIVER_TYPES
from watchdog.rulefile.nodes import Mapping, Node
from watchdog.rulefile.secrets import SecretRef, read_secret
from watchdog.rulefile.values import Value, default_of, read_value

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_HIDDEN: Final = (Form.SECRET, Form.URL)


class ReceiverSettings(msgspec.Struct, frozen=True):
    """
    One receiver.

    `values` has every setting of its type by name, defaults filled in, in the units of `Form`; a setting without default that was not
    written is absent. They can be secret, so none is ever shown.
    """

    name: str
    type: str
    values: dict[str, Value]

    @property
    def addresses(self) -> frozenset[str]:
        """The settings that must hold a URL."""
        spec = BY_TYPE.get(self.type)
        return frozenset(setting.name for setting in spec.settings if setting.form is Form.URL) if spec else frozenset()

    def __repr__(self) -> str:
        return f"ReceiverSettings({self.name!r}, {self.type!r}, {sorted(self.values)})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name), ("type", self.type), ("values", sorted(self.values))]


def read_receivers(node: Node, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> dict[str, ReceiverSettings]:
    """The receivers by name. References are added to `secrets`, the places of secrets that are written out to `bare`."""
    receivers: dict[str, ReceiverSettings] = {}
    for entry in entries_of(node, "'receivers'", findings) or ():
        name = entry.key.text.value
        if not NAME.fullmatch(name):
            findings.add(
                "E504", entry.key.span, f"{quoted(name)} can't be the name of a receiver", hint="letters, digits, '_', '-' and '.'"
            )
            continue
        spec = _spec(entry.value, name, findings)
        if spec is not None:
            values = _values(entry.value, name, spec, secrets, bare, findings)
            receivers[name] = ReceiverSettings(name, spec.type, values)
    return receivers


def _spec(node: Node, name: str, findings: Findings) -> ReceiverSpec | None:
    what = f"the receiver {quoted(name)}"
    entries = entries_of(node, what, findings)
    if entries is None:
        return None
    value = next((entry.value for entry in entries if entry.key.text.value == "type"), None)
    if value is None:
        if isinstance(node, Mapping) and node.whole:
            findings.add("E121", node.span, f"the key 'type' is missing in {what}", hint=nearest("", BY_TYPE))
        return None
    text = words_of(value, "'type'", findings)
    if text is None or text.value in BY_TYPE:
        return BY_TYPE[text.value] if text else None
    if text.value in RECEIVER_TYPES:
        findings.add(
            "E403", value.span, f"the receiver type {quoted(text.value)} is not supported by this version", hint=nearest("", BY_TYPE)
        )
    else:
        findings.add("E503", value.span, f"unknown receiver type {quoted(text.value)}", hint=nearest(text.value, BY_TYPE))
    return None


def _values(node: Node, name: str, spec: ReceiverSpec, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> dict[str, Value]:
    required = tuple(setting.name for setting in spec.settings if setting.required)
    optional = tuple(setting.name for setting in spec.settings if not setting.required)
    written = Keys(f"a receiver of type '{spec.type}'", required=("type", *required), optional=optional).read(node, findings) or {}
    values: dict[str, Value] = {}
    for setting in spec.settings:
        if setting.name not in written:
            value = default_of(setting)
        elif setting.form in _HIDDEN:
            value = _hidden(written[setting.name], (name, setting), secrets, bare, findings)
        else:
            value = read_value(written[setting.name], setting, findings)
        if value is not None:
            values[setting.name] = value
    return values


def _hidden(node: Node, setting: tuple[str, ParameterSpec], secrets: list[SecretRef], bare: list[Span], findings: Findings) -> Value | None:
    receiver, spec = setting
    text = words_of(node, f"'{spec.name}'", findings)
    secret = read_secret(text, ("receivers", receiver, spec.name), findings) if text else None
    if isinstance(secret, SecretRef):
        secrets.append(secret)
        return ""
    if secret is None or text is None:
        return None
    if spec.form is Form.SECRET:
        bare.append(node.span)
        return secret
    return read_value(node, spec, findings)
