"""
Named things of several types, each with the settings of its type: receivers and checks of the config.

Pure, and told by a table what there is. Addresses and secrets are never quoted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import msgspec

from watchdog.errors import Span
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.rulefile import nodes
from watchdog.rulefile.findings import Findings, nearest, quoted
from watchdog.rulefile.keys import Keys, entries_of, words_of
from watchdog.rulefile.names import Setting, default_setting, read_setting
from watchdog.rulefile.nodes import Node
from watchdog.rulefile.secrets import SecretRef, read_secret
from watchdog.rulefile.values import read_value

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class TypeSpec(Protocol):
    """One line of the table."""

    @property
    def type(self) -> str:
        """As it is written under `type:`."""

    @property
    def all_settings(self) -> tuple[ParameterSpec, ...]:
        """Every key that can stand beside it."""


class Section(msgspec.Struct, frozen=True):
    """
    One such part of the config: the key it stands under, what each of them is called, and its table by type.

    With `secret_urls` addresses can be written as references, too.
    """

    key: str
    what: str
    types: Mapping[str, Any]
    bad_name: str
    bad_type: str
    secret_urls: bool = False


class Typed(msgspec.Struct, frozen=True):
    """One of them. `values` has its settings with defaults filled in, as their forms promise, `written` the nodes of those that were written, by name."""

    name: str
    spec: Any
    values: dict[str, Any]
    written: Mapping[str, Node]
    span: Span


def read_typed(node: Node, section: Section, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> Iterator[Typed]:
    """Those that have a name and a type; what is wrong is noted. References are added to `secrets`, places of bare secrets to `bare`."""
    for entry in entries_of(node, f"'{section.key}'", findings) or ():
        name = entry.key.text.value
        if not NAME.fullmatch(name):
            findings.add(
                section.bad_name,
                entry.key.span,
                f"{quoted(name)} can't be the name of a {section.what}",
                hint="letters, digits, '_', '-' and '.'",
            )
            continue
        spec = _spec(entry.value, name, section, findings)
        if spec is not None:
            written = _written(entry.value, spec, section, findings)
            values = _Values(section, name, secrets, bare, findings).of(spec, written)
            yield Typed(name, spec, values, written, entry.key.span)


def _spec(node: Node, name: str, section: Section, findings: Findings) -> TypeSpec | None:
    what = f"the {section.what} {quoted(name)}"
    entries = entries_of(node, what, findings)
    if entries is None:
        return None
    value = next((entry.value for entry in entries if entry.key.text.value == "type"), None)
    if value is None:
        if isinstance(node, nodes.Mapping) and node.whole:
            findings.add("E121", node.span, f"the key 'type' is missing in {what}", hint=nearest("", section.types))
        return None
    text = words_of(value, "'type'", findings)
    if text is None:
        return None
    spec: TypeSpec | None = section.types.get(text.value)
    if spec is None:
        findings.add(
            section.bad_type, value.span, f"unknown {section.what} type {quoted(text.value)}", hint=nearest(text.value, section.types)
        )
    return spec


def _written(node: Node, spec: TypeSpec, section: Section, findings: Findings) -> dict[str, Node]:
    required = tuple(setting.name for setting in spec.all_settings if setting.required)
    optional = tuple(setting.name for setting in spec.all_settings if not setting.required)
    return Keys(f"a {section.what} of type '{spec.type}'", required=("type", *required), optional=optional).read(node, findings) or {}


class _Values:
    """Reads the settings of one of them."""

    def __init__(self, section: Section, name: str, secrets: list[SecretRef], bare: list[Span], findings: Findings) -> None:
        self._section = section
        self._name = name
        self._secrets = secrets
        self._bare = bare
        self._findings = findings

    def of(self, spec: TypeSpec, written: Mapping[str, Node]) -> dict[str, Any]:
        """By name; what is wrong is left out."""
        values: dict[str, Any] = {}
        for setting in spec.all_settings:
            if setting.name in written:
                value = self._value(written[setting.name], setting)
            else:
                value = None if setting.default is None else default_setting(setting)
            if value is not None:
                values[setting.name] = value
        return values

    def _value(self, node: Node, setting: ParameterSpec) -> Setting | None:
        hidden = setting.form is Form.SECRET or (setting.form is Form.URL and self._section.secret_urls)
        return self._hidden(node, setting) if hidden else read_setting(node, setting, self._findings)

    def _hidden(self, node: Node, setting: ParameterSpec) -> Setting | None:
        text = words_of(node, f"'{setting.name}'", self._findings)
        secret = read_secret(text, (self._section.key, self._name, setting.name), self._findings) if text else None
        if isinstance(secret, SecretRef):
            self._secrets.append(secret)
            return ""
        if secret is None or text is None:
            return None
        if setting.form is Form.SECRET:
            self._bare.append(node.span)
            return secret
        return read_value(node, setting, self._findings)
