"""
What a file defines under `define:`, and its use: a word stands for a tree, never for text.

The counterpart of the parser for words that an author made up. A definition is read once; where its word is used, its tree is put
in place, so that what is wrong in it is told where it was written. A word means the same everywhere in its file; it is
checked anew for each kind of entity that it is used for.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

import msgspec

from watchdog.errors import Problem
from watchdog.lang import syntax
from watchdog.lang.complaint import Complaints, nearest, quoted
from watchdog.lang.functions import NAMES, Across
from watchdog.lang.lexer import KEYWORDS
from watchdog.lang.parser import MOST_CALLS, parse
from watchdog.lang.syntax import Broken, Call, Listing, Member, Named, Node, Path, Value
from watchdog.lang.text import Text
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind, Type
from watchdog.model.vocabulary import BUILT, Vocabulary

MOST_NODES: Final = 20_000
"""Nodes of one condition with all its definitions in place: definitions of definitions can double each time."""
HIGHEST: Final = 150
"""How many nodes are above each other in it; a call, which is compiled by itself, counts for several."""
_HEIGHT_OF_CALL: Final = 4

_ACROSS: Final = frozenset(str(function) for function in Across)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_TOO_BIG: Final = "with its definitions in place the expression is too big"
_LESS: Final = "define less in terms of other definitions"
_DEEPEST: Final = 20
"""How far definitions use each other."""


class Definition(msgspec.Struct, frozen=True):
    """What a word stands for; `tree` has all words in it put in place, and its places are those of `text`."""

    text: Text
    tree: Node
    nodes: int
    calls: int
    height: int


class Names(msgspec.Struct, frozen=True):
    """The words that a file defines, and the fields that there are for it."""

    definitions: Mapping[str, Definition] = {}
    vocabulary: Vocabulary = BUILT


NO_NAMES: Final = Names()
"""Nothing is defined."""


def read_names(conditions: Mapping[str, Text], sets: Mapping[str, Sequence[Text]] | None = None) -> tuple[Names, tuple[Problem, ...]]:
    """
    The words that stand for these expressions (conditions, thresholds, lists), and for these sets of strings.

    The words are usable even if there are problems: a definition with a problem is silent where it is used. Problems of types
    are found where a word is used. Never raises, whatever the texts.
    """
    reader = _Reader(conditions, sets or {})
    for name in (*conditions, *(sets or {})):
        reader.define(name)
    return Names(reader.read), tuple(dict.fromkeys(reader.problems))


def resolve(complaints: Complaints, node: Node, names: Names) -> Node:
    """The tree with what its words stand for in place; a word that nobody defined stays as it is."""
    if not names.definitions:
        return node
    resolver = _Resolver(names.definitions)
    tree, height = resolver.put(node)
    if resolver.is_too_big(height):
        complaints.add("E316", node.offset, node.width, _TOO_BIG, hint=_LESS)
        return Broken(node.offset, node.width)
    return tree


def plain(node: Node) -> Node:
    """The list or literal that a word stands for, in the place of the word; anything else as it is."""
    place = {"offset": node.offset, "width": node.width}
    meaning = node
    while isinstance(meaning, Named):
        meaning = meaning.meaning
    match meaning:
        case _ if meaning is node:
            return node
        case Listing(items=items):
            return Listing(node.offset, node.width, tuple(msgspec.structs.replace(item, **place) for item in items))
        case Value():
            return msgspec.structs.replace(meaning, **place)
        case _:
            return node


def standing_for(node: Path, spec: FieldSpec) -> Named:
    """The condition that a field stands for, in the place of its path."""
    return Named(node.offset, node.width, spec.path, *_meaning(spec))


@cache
def _meaning(spec: FieldSpec) -> tuple[Node, Text]:
    text = Text(spec.stands_for, spec.path)
    meaning = parse(Complaints(text))
    assert meaning is not None  # it stands in the table, and a test reads each
    return meaning, text


def read_name(text: Text) -> tuple[str | None, tuple[Problem, ...]]:
    """A word that can be defined, and what is wrong with it: it is None exactly if there is a problem."""
    word = text.value
    complaints = Complaints(text)
    if not _WORD.fullmatch(word):
        complaints.add(
            "E227", 0, len(word), f"{quoted(word)} can't be defined: it is no single word", hint="letters, digits and _, like long_queues"
        )
    elif word in KEYWORDS or word in NAMES or word in tuple(Kind):
        complaints.add("E227", 0, len(word), f"{quoted(word)} can't be defined: it has a meaning already", hint=f"call it my_{word}")
    return (None if complaints.any else word), complaints.found


@cache
def looks_at_others(spec: FieldSpec) -> bool:
    """Whether the condition that a field stands for asks for other entities as well."""
    return any(isinstance(node, Member) or (isinstance(node, Call) and node.name in _ACROSS) for node in _below(_meaning(spec)[0]))


def _below(node: Node) -> Iterator[Node]:
    yield node
    for name in node.__struct_fields__:
        part = getattr(node, name)
        for one in part if isinstance(part, tuple) else (part,):
            if isinstance(one, syntax.Place):
                yield from _below(cast("Node", one))


class _Resolver:
    """Puts definitions in place in one tree, and counts its nodes."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self.definitions = definitions
        self.nodes = 0
        self.calls = 0

    def is_too_big(self, height: int) -> bool:
        """Whether what has been put in place would cost too much to check and to run."""
        return self.nodes > MOST_NODES or self.calls > MOST_CALLS or height > HIGHEST

    def put(self, node: Node) -> tuple[Node, int]:
        """The tree with its words in place, and its height."""
        self.nodes += 1
        self.calls += isinstance(node, Call)
        if isinstance(node, Path) and len(node.names) == 1:
            definition = self.meaning(node)
            if definition is None:
                return node, 1
            self.nodes += definition.nodes
            self.calls += definition.calls
            return Named(node.offset, node.width, node.names[0], definition.tree, definition.text), 1 + definition.height
        changes: dict[str, Any] = {}
        tallest = 0
        for name in node.__struct_fields__:
            match getattr(node, name):
                case tuple(several) if several and isinstance(several[0], syntax.Place):
                    placed = [self.put(one) for one in several]
                    changes[name] = tuple(one for one, _ in placed)
                    tallest = max(tallest, *(height for _, height in placed))
                case syntax.Place() as one:
                    changes[name], height = self.put(cast("Node", one))
                    tallest = max(tallest, height)
                case _:
                    pass
        step = _HEIGHT_OF_CALL if isinstance(node, Call) else 1
        return (msgspec.structs.replace(node, **changes) if changes else node), step + tallest

    def meaning(self, node: Path) -> Definition | None:
        """What the word stands for, None where it stands for itself."""
        return self.definitions.get(node.names[0])


class _Reader(_Resolver):
    """Reads definitions, each when it is first needed."""

    def __init__(self, conditions: Mapping[str, Text], sets: Mapping[str, Sequence[Text]]) -> None:
        self.read: dict[str, Definition] = {}
        super().__init__(self.read)
        self.problems: list[Problem] = []
        self._conditions = conditions
        self._sets = sets
        self._open: list[tuple[str, Complaints]] = []

    def define(self, name: str) -> Definition:
        """Reads a definition, and those that it is made of."""
        if name in self.read:
            return self.read[name]
        if name in self._sets:
            self.read[name] = self._set(self._sets[name])
            return self.read[name]
        text = self._conditions[name]
        complaints = Complaints(text)
        node = parse(complaints)
        broken = Definition(text, Broken(0, len(text.value)), 1, 0, 1)
        definition = broken
        if node is not None:
            self._open.append((name, complaints))
            before = self.nodes, self.calls
            self.nodes = self.calls = 0
            tree, height = self.put(node)
            definition = Definition(text, tree, self.nodes, self.calls, height)
            if self.is_too_big(height):
                complaints.add("E316", 0, len(text.value), _TOO_BIG, hint=_LESS)
            self.nodes, self.calls = before
            self._open.pop()
        self.problems += complaints.found
        self.read[name] = broken if complaints.any else definition
        return self.read[name]

    def _set(self, items: Sequence[Text]) -> Definition:
        strings = tuple(Value(0, len(item.value), item.value, Type.STRING) for item in items)
        broken = [item for item in items if "\n" in item.value]
        for item in broken:
            complaints = Complaints(item)
            complaints.add("E302", 0, item.value.index("\n") + 1, "a string stands on one line")
            self.problems += complaints.found
        # An empty set is for the reader of the file to complain of: it knows where it stands.
        tree: Node = Listing(0, 1, strings) if strings and not broken else Broken(0, 1)
        return Definition(items[0] if items else Text("", ""), tree, 1 + len(items), 0, 2)

    def meaning(self, node: Path) -> Definition | None:
        """The definition of a word; none for the name of an entity, and an empty one after a complaint."""
        word = node.names[0]
        _, complaints = self._open[-1]
        if word in tuple(Kind):
            return None
        chain = [name for name, _ in self._open]
        if word in chain:
            circle = " → ".join((*chain[chain.index(word) :], word))
            complaints.add("E226", node.offset, node.width, f"{quoted(word)} is defined by itself: {circle}")
        elif len(chain) >= _DEEPEST:
            complaints.add("E316", node.offset, node.width, f"definitions use each other more than {_DEEPEST} levels deep")
        elif word in self._conditions or word in self._sets:
            return self.define(word)
        else:
            near = nearest(word, (*self._conditions, *self._sets))
            hint = f'did you mean {near}? A string is quoted: "{word}"' if near else f'a string is quoted: "{word}"'
            complaints.add("E201", node.offset, node.width, f"unknown word {quoted(word)}", hint=hint)
        return Definition(complaints.text, Broken(node.offset, node.width), 1, 0, 1)
