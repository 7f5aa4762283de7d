"""
YAML text → a tree of nodes, or problems.

Takes the parser's events, never its tree or its values: `yaml.compose` recurses once a level in C and dies of a deep text, and
`yaml.safe_load` keeps the last of two equal keys and makes `on`, `no` and `1:30` into something else. So depth, size,
anchors and tags are judged here, while the parser runs, and it is stopped as soon as one of the limits is reached.
"""

from collections.abc import Generator
from contextlib import closing
from itertools import islice
from typing import Any, Final, Literal

import yaml

from watchdog.errors import Problem, Span
from watchdog.rulefile.findings import Findings, quoted
from watchdog.rulefile.marks import text_with_places
from watchdog.rulefile.nodes import Entry, Mapping, Node, Refused, Scalar, Sequence
from watchdog.rulefile.source import UNFIT, Source, read_source, say_unfit
from watchdog.rulefile.syntax import explain

DEEPEST: Final = 50
MOST_NODES: Final = 20_000
_KEY_HINT: Final = 'a key is a single word; a value that begins with {{ goes into double quotes: "{{…"'
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LOOKED_TOO_FAR: Final = "exceeded maximum nesting depth"
"""What libyaml says from 0.2.6 on (PyYAML 6.0.4): it has looked a thousand levels ahead, and names neither the level nor what stands before it."""


def read_yaml(file: str, text: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """
    The tree of a text and all that is wrong with it as YAML.

    None if there is nothing to look at. With problems there can still be a tree: of what the parser
    had read when it gave up, in which the collections that were not finished are marked as not `whole`.
    """
    findings = Findings()
    sources = read_source(file, text, findings)
    if not sources:
        return None, findings.in_order()
    trees = [_Tree(sources[0])]
    while trees[-1].gave_up and len(trees) < len(sources):
        trees.append(_Tree(sources[len(trees)]))
    tree = trees[0] if trees[-1].gave_up else trees[-1]
    # Where tabs were found, a line that was indented for its author's sake proves nothing.
    findings.take(
        problem for problem in tree.findings.in_order() if problem.code != "E101" or problem.span.line - 1 not in tree.source.shifts
    )
    return tree.root, findings.in_order()


class _Open:
    """A collection that has begun and not ended. Items of a mapping are its entries; `key` waits for its value."""

    __slots__ = ("items", "key", "keys", "kind", "lost", "span")

    def __init__(self, kind: Literal["sequence", "mapping"], span: Span) -> None:
        self.kind = kind
        self.span = span
        self.items: list[Any] = []
        self.key: Scalar | Refused | None = None
        self.keys: dict[str, Span] = {}
        self.lost = False

    def close(self) -> Node:
        if self.kind == "sequence":
            return Sequence(tuple(self.items), self.span, whole=not self.lost)
        return Mapping(tuple(self.items), self.span, whole=not self.lost)


class _TooMuchError(Exception):
    """A limit was reached and has been reported."""


class _Tree:
    """The tree of one document, built from events; `gave_up` says that the parser, or we, came only part of the way."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings = Findings()
        self.gave_up = False
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0
        self._nodes = 0
        self._line_of_bad_key = 0
        self._read()

    @property
    def root(self) -> Node | None:
        """None if the document is empty, or nothing of it could be read."""
        return self._root

    def _read(self) -> None:
        try:
            with closing(_events(self.source.text)) as events:
                for event in events:
                    self._take(event)
        except yaml.YAMLError as error:
            explain(error, self.source, self.findings)
            self._give_up()
        except _TooMuchError:
            self._give_up()
        if self._root is None and not self.gave_up:
            self.findings.add("E112", self.source.span(0, 0), "there is nothing in the file", hint="write something into it, or remove it")

    def _take(self, event: Any) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._stop("E109", event, "a second document begins here", "a file holds one document")
            case yaml.AliasEvent():
                self._count(event)
                self._refuse(event, "E107", "an alias ('*…')", "write out what it stands for; a text that begins with '*' goes into quotes")
                self._put(Refused(self._span(event)))
            case yaml.ScalarEvent():
                self._count(event)
                self._put(self._scalar(event))
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._count(event)
                self._check_properties(event)
                if len(self._open) == DEEPEST:
                    self._stop("E105", event, f"nested more than {DEEPEST} levels deep", "rules and settings need no more than ten")
                kind: Literal["sequence", "mapping"] = "sequence" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
                self._open.append(_Open(kind, self._span(event)))
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self._put(self._open.pop().close())
            case _:
                pass

    def _scalar(self, event: Any) -> Node:
        if not self._check_properties(event):
            return Refused(self._span(event))
        text = text_with_places(event, self.source)
        if unfit := UNFIT.search(event.value):
            message, hint = say_unfit(unfit.group())
            self.findings.add("E103", text.span(unfit.start()), message, hint=hint)
            return Refused(text.span(0))
        return Scalar(text, plain=event.style in (None, ""))

    def _put(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        within = self._open[-1]
        if within.kind == "sequence":
            within.items.append(node)
        elif within.key is None:
            within.key = self._key(node, within)
        else:
            if isinstance(within.key, Scalar):
                within.items.append(Entry(within.key, node))
            within.key = None

    def _key(self, node: Node, within: _Open) -> Scalar | Refused:
        if not isinstance(node, Scalar):
            within.lost = True
            if not isinstance(node, Refused) and node.span.line != self._line_of_bad_key:
                self._line_of_bad_key = node.span.line
                self.findings.add("E111", node.span, "a list or mapping can't be a key", hint=_KEY_HINT)
            return Refused(node.span)
        name = node.text.value
        if first := within.keys.get(name):
            self.findings.add("E110", node.span, f"the key {quoted(name)} was already given at {first}", hint="keep one of the two")
            return Refused(node.span)
        within.keys[name] = node.span
        return node

    def _check_properties(self, event: Any) -> bool:
        """Whether the value stands there without anchor and tag."""
        if event.anchor:
            self._refuse(event, "E107", "an anchor ('&…')", "remove it; a text that begins with '&' goes into quotes")
        if event.tag:
            self._refuse(
                event,
                "E108",
                "a tag ('!…')",
                "remove it: what a value means follows from its key; a text that begins with '!' goes into quotes",
            )
        return not event.anchor and not event.tag

    def _refuse(self, event: Any, code: str, what: str, hint: str) -> None:
        self.findings.add(code, self._span(event), f"{what} is not allowed", hint=hint)

    def _count(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._stop("E106", event, f"more than {MOST_NODES} values in one file", "split it into several files")

    def _stop(self, code: str, event: Any, message: str, hint: str) -> None:
        self.findings.add(code, self._span(event), message, hint=hint)
        raise _TooMuchError

    def _span(self, event: Any) -> Span:
        return self.source.span(event.start_mark.line, event.start_mark.column)

    def _give_up(self) -> None:
        """Close what is open; the last value before an error is often its first victim, so it is not judged."""
        self.gave_up = True
        if self._open and self._open[-1].key is None and self._open[-1].items and _is_single(self._open[-1].items[-1]):
            self._open[-1].items.pop()
        while self._open:
            within = self._open.pop()
            within.lost = True
            self._put(within.close())


def _events(text: str) -> Generator[Any]:
    """The parser's events; where the one in C looked too far ahead, the one in Python goes on, which looks only as far as it is asked."""
    seen = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            seen += 1
            yield event
    except yaml.MarkedYAMLError as error:
        if _LOOKED_TOO_FAR not in (error.problem or ""):
            raise
        yield from islice(yaml.parse(text, Loader=yaml.SafeLoader), seen, None)


def _is_single(item: Node | Entry) -> bool:
    return isinstance(item.value if isinstance(item, Entry) else item, Scalar)
