"""
Whether a file of settings has a setting, and what it should hold. Pure: nothing of what it holds comes out.

Files of variables are read as dotenv does, where the last line of a name counts. YAML is read with its limits and without its values; a value that only
ERB can tell (`<%= … %>`, as in Mastodon's config/sidekiq.yml) is not known.
"""

from typing import Final, NamedTuple

from watchdog.mastodon.dotenv import parse
from watchdog.rulefile.nodes import Mapping, Node, Scalar, Sequence
from watchdog.rulefile.read_yaml import read_yaml

_YAML: Final = (".yml", ".yaml")
_ERB: Final = "<%"


class Judged(NamedTuple):
    """None for what the file does not tell."""

    present: bool | None
    as_expected: bool | None


UNKNOWN: Final = Judged(None, None)
ABSENT: Final = Judged(present=False, as_expected=False)


class SettingsFile:
    """One file, taken apart once; `text` is None where there is no such file."""

    def __init__(self, name: str, text: str | None) -> None:
        self._values: dict[str, str | None] = {}
        self._root: Node | None = None
        self._is_yaml = name.endswith(_YAML)
        self._is_understood = True
        if text is None or not text.strip():
            return
        if self._is_yaml:
            self._root, problems = read_yaml(name, text)
            self._is_understood = all(problem.is_warning for problem in problems)
        else:
            self._values = {entry.name: entry.value for entry in parse(text)[0]}

    def judge(self, key: str, wanted: str | None) -> Judged:
        """Whether it has that key, and holds that under it; `wanted` is None for anything."""
        if not self._is_understood:
            return UNKNOWN
        if self._is_yaml:
            return _judge_node(_at(self._root, key.split(".")), wanted)
        if key not in self._values:
            return ABSENT
        return _compared(self._values[key], wanted)


def _at(node: Node | None, way: list[str]) -> Node | None:
    for step in way:
        match node:
            case Mapping(entries=entries):
                node = next((entry.value for entry in entries if entry.key.text.value.removeprefix(":") == step), None)
            case Sequence(items=items) if step.isdecimal() and int(step) < len(items):
                node = items[int(step)]
            case _:
                return None
    return node


def _judge_node(node: Node | None, wanted: str | None) -> Judged:
    if node is None:
        return ABSENT
    if not isinstance(node, Scalar):
        # A list or a mapping is there; what it holds is no single value.
        return Judged(present=True, as_expected=True if wanted is None else None)
    return _compared(None if _ERB in node.text.value else node.text.value, wanted)


def _compared(value: str | None, wanted: str | None) -> Judged:
    if wanted is None:
        return Judged(present=True, as_expected=True)
    return Judged(present=True, as_expected=None if value is None else value == wanted)
