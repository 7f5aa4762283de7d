"""
Tree → checked tree: which field a name is, and whether types and units agree.

The counterpart of the parser, which knows no names. Goes on after a problem, so that all problems of a tree are found at once,
but complains of nothing that only follows from another problem: a part that has one is None, and so is what contains it.
"""

import re
from collections.abc import Collection
from typing import Final, assert_never

from watchdog.lang import checked, syntax
from watchdog.lang.arithmetic import EXAMPLES, NUMBERS, PER_SECOND, RESULTS, with_unit
from watchdog.lang.calls import Calls
from watchdog.lang.checked import Checked, Constant
from watchdog.lang.complaint import Complaints, nearest, quoted
from watchdog.lang.glob import BadPattern, compile_pattern
from watchdog.lang.inner import Inside
from watchdog.lang.names import looks_at_others, plain, standing_for
from watchdog.lang.printer import show
from watchdog.lang.vocabulary import article, fields_of
from watchdog.model.fields import FieldSpec
from watchdog.model.kinds import Kind, Type
from watchdog.model.vocabulary import BUILT, Vocabulary

_VERBS: Final[dict[syntax.Arithmetic, str]] = {
    "+": "add {1} to {0}",
    "-": "subtract {1} from {0}",
    "*": "multiply {0} by {1}",
    "/": "divide {0} by {1}",
}
_MAKES_ONE_WORD: Final = re.compile(r"[^\s()\[\],\"'=<>!&|]*")


class Checker(Calls):
    """Checks trees of one text against the fields of one kind."""

    def __init__(
        self,
        complaints: Complaints,
        kind: Kind,
        *,
        inside: Inside = Inside.NOTHING,
        outer: Kind | None = None,
        vocabulary: Vocabulary = BUILT,
        words: Collection[str] = (),
    ) -> None:
        super().__init__(complaints, kind, inside=inside, outer=outer, vocabulary=vocabulary, words=words)
        self._fields = fields_of(kind, vocabulary)
        self._told: set[int] = set()

    def condition(self, node: syntax.Node) -> Checked | None:
        """As `value`, and it must be true or false."""
        whole = self.value(node)
        if whole is not None and whole.type is not Type.BOOL:
            operator = ">" if whole.type in NUMBERS else "=="
            hint = f"compare it with something, like {show(node)} {operator} {EXAMPLES[whole.type]}"
            if whole.type is Type.STRINGS:
                hint = f'ask whether it has something: "push" in {show(node)}'
            self.complain("E210", node, f"{article(whole.type)} is no condition: it is neither true nor false", hint=hint)
            return None
        return whole

    def value(self, node: syntax.Node) -> Checked | None:
        """The checked tree, None if there is a problem anywhere in it."""
        match node:
            case syntax.Value(value=value, type=type_):
                return Constant(node, type_, value)
            case syntax.Path():
                return self._path(node)
            case syntax.Call():
                return self.call(node)
            case syntax.Member():
                return self.member(node)
            case syntax.Named(meaning=meaning, text=text):
                return self.nested(self._inside, outer=self._outer, text=text).value(meaning)
            case syntax.Broken():
                return None
            case syntax.Listing(items=items):
                self.complain("E212", node, "a list can only stand to the right of 'in'")
                for item in items:
                    self.value(item)
                return None
            case syntax.Minus(operand=operand):
                return self._minus(node, operand)
            case syntax.Binary():
                return self._binary(node)
            case syntax.Compare():
                return self._compare(node)
            case syntax.Not(operand=operand):
                truth = self.statement(operand, "not")
                return None if truth is None else checked.Inverse(node, truth)
            case syntax.And(operands=operands):
                every = self._truths(operands, "and")
                return None if every is None else checked.Every(node, every)
            case syntax.Or(operands=operands):
                some = self._truths(operands, "or")
                return None if some is None else checked.Some(node, some)
            case _:
                assert_never(node)

    # names

    def _path(self, node: syntax.Path) -> Checked | None:
        written = quoted(show(node))
        match node.names:
            case (word,):
                self._bare(node, word)
            case (entity, *rest) if entity not in tuple(Kind):
                meant = nearest(entity, Kind)
                hint = (
                    f"did you mean '{'.'.join((meant, *rest))}'?" if meant else f'{self._fields_hint()}; a string is quoted: "{show(node)}"'
                )
                self.complain("E202", node, f"unknown entity {quoted(entity)}", hint=hint)
            case (entity, *_) if entity == self._outer != self._kind:
                message = f"{written}: the {entity} that the rule looks at can only stand in an equality of its own"
                hint = f"tie them together once, like {self._kind}.… == {show(node)}, and compare the rest outside the parentheses"
                self.complain("E223", node, message, hint=hint)
            case (entity, *_) if entity != self._kind:
                self.complain("E204", node, f"{written} can't be read {self._here()}", hint=self._ways_hint(node))
            case (_, name) if (spec := self._fields.get(name)) is not None:
                return self._picture(node, spec) if spec.stands_for else checked.Reading(node, spec)
            case (_, *rest):
                near = nearest(".".join(rest), self._fields)
                hint = f"did you mean '{self._kind}.{near}'?" if near else self._fields_hint()
                self.complain("E203", node, f"unknown field {written}", hint=hint)
        return None

    def _picture(self, node: syntax.Path, spec: FieldSpec) -> Checked | None:
        if self._inside is not Inside.NOTHING and looks_at_others(spec):
            message = f"{quoted(show(node))} looks at others as well, which can't be done {self._inside.value}"
            self.complain("E225", node, message, hint=f"write those parts of it that are about the {spec.kind} itself: {spec.stands_for}")
            return None
        return self.value(standing_for(node, spec))

    def _here(self) -> str:
        return f"where the rule looks at a {self._kind}" if self._outer is None else f"of a {self._kind}"

    def _ways_hint(self, node: syntax.Path) -> str:
        """How a field of another entity is asked for."""
        entity, *rest = node.names
        name = ".".join(rest)
        if self._inside is not Inside.NOTHING or name not in fields_of(Kind(entity), self._vocabulary):
            return self._fields_hint()
        if entity == Kind.JOB:
            return f"ask for all of them, like count(job where {show(node)} …)"
        one = entity if entity in {Kind.REDIS, Kind.SIDEKIQ} else "…"
        return f'name one of them, like {entity}("{one}").{name}, or ask for all, like any({entity} where {show(node)} …)'

    def _fields_hint(self) -> str:
        if not self._fields:
            return f"there are no fields of a {self._kind}"
        return f"fields of a {self._kind}: {', '.join(self._fields)}"

    def _bare(self, node: syntax.Path, word: str) -> None:
        if word in tuple(Kind):
            self.complain("E201", node, f"'{word}' is an entity, not a value", hint=f"name one of its fields, like {self._example(word)}")
            return
        near = word if word in self._fields else nearest(word, self._fields)
        whole, at = self._written_around(node)
        if at in self._told:
            return
        self._told.add(at)
        if whole == word and (defined := nearest(word, self._words)):
            hint = f'did you mean {defined}? A string is quoted: "{word}"'
        elif near and whole == word:
            hint = f'did you mean {self._kind}.{near}? A string is quoted: "{word}"'
        else:
            hint = f'a string is quoted: "{whole}"'
        self._complaints.add("E201", at, len(whole), f"unknown word {quoted(whole)}", hint=hint)

    def _example(self, kind: str) -> str:
        return next((spec.path for spec in fields_of(Kind(kind), self._vocabulary).values()), f"{kind}.name")

    def _written_around(self, node: syntax.Path) -> tuple[str, int]:
        """All that stands together with a bare word without a space (`mailers-low`), and its offset."""
        text = self._complaints.text.value
        start = node.offset
        while start > 0 and node.offset - start < 100 and _MAKES_ONE_WORD.fullmatch(text[start - 1]):
            start -= 1
        found = _MAKES_ONE_WORD.match(text, start, node.offset + 100)
        whole = found.group() if found else ""
        # Only what could be the name of something: a formula without spaces is left alone.
        if re.fullmatch(r"[A-Za-z_][\w:*?-]*", whole) and start <= node.offset:
            return whole, start
        return node.names[0], node.offset

    # arithmetic

    def _minus(self, node: syntax.Minus, operand: syntax.Node) -> Checked | None:
        value = self.value(operand)
        match value:
            case None:
                return None
            case Constant(type=type_, value=int() | float() as number) if type_ in NUMBERS:
                return Constant(node, type_, -number)
            case _ if value.type in NUMBERS:
                return checked.Negative(node, value.type, value)
            case _:
                self.complain("E209", node, f"{article(value.type)} has no sign")
                return None

    def _binary(self, node: syntax.Binary) -> Checked | None:
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        operator = node.operator
        plain_left, plain_right = _plain(left), _plain(right)
        if operator in "+-":
            left, right = _zero_as(left, right.type), _zero_as(right, left.type)
        elif operator == "*" and plain_left is not None and right.type in NUMBERS:
            return checked.Calculation(node, right.type, operator, left, right)
        elif plain_right is not None and left.type in NUMBERS:
            return checked.Calculation(node, left.type, operator, left, right)
        key = (operator, left.type, right.type)
        result = RESULTS.get(key)
        if result is None:
            phrase = _VERBS[operator].format(article(left.type), article(right.type))
            hint = ""
            if operator in "+-" and plain_right is not None and left.type in NUMBERS:
                hint = f"a number needs a unit here: {with_unit(plain_right, left.type)}"
            self.complain("E209", node, f"can't {phrase}", hint=hint)
            return None
        if key in PER_SECOND:
            left = checked.Calculation(node.left, left.type, PER_SECOND[key], left, Constant(node.left, Type.COUNT, 1000))
        return checked.Calculation(node, result, operator, left, right)

    # statements

    def statement(self, node: syntax.Node, word: str) -> Checked | None:
        """As `value`, and it must be true or false to stand behind `word`."""
        value = self.value(node)
        if value is not None and value.type is not Type.BOOL:
            self.complain("E211", node, f"'{word}' joins conditions, and {article(value.type)} is none", hint="compare it with something")
            return None
        return value

    def _truths(self, nodes: tuple[syntax.Node, ...], word: str) -> tuple[Checked, ...] | None:
        truths = [self.statement(node, word) for node in nodes]
        found = tuple(truth for truth in truths if truth is not None)
        return found if len(found) == len(truths) else None

    def _compare(self, node: syntax.Compare) -> Checked | None:
        match node.operator:
            case "in":
                return self._membership(node)
            case "not in":
                inner = self._membership(node)
                return None if inner is None else checked.Inverse(node, inner)
            case "like":
                return self._resemblance(node)
            case "not like":
                inner = self._resemblance(node)
                return None if inner is None else checked.Inverse(node, inner)
            case "contains":
                return self._holding(node)
            case "not contains":
                inner = self._holding(node)
                return None if inner is None else checked.Inverse(node, inner)
            case _:
                return self._comparison(node)

    def _comparison(self, node: syntax.Compare) -> Checked | None:
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        agreed = self.agree(node, left, right)
        if agreed is None:
            return None
        if left.type is Type.STRINGS:
            self.complain("E212", node, "lists can't be compared", hint=f'ask whether it has something: "push" in {show(node.left)}')
            return None
        if node.operator not in ("==", "!=") and left.type not in NUMBERS and right.type not in NUMBERS:
            self.complain("E215", node, f"{article(left.type)} is neither more nor less than another", hint="use == or !=")
            return None
        return checked.Comparison(node, node.operator, *agreed)

    def agree(self, node: syntax.Node, left: Checked, right: Checked) -> tuple[Checked, Checked] | None:
        """Both in one type, if a bare 0 or a number of cores makes them so."""
        left, right = _zero_as(left, right.type), _zero_as(right, left.type)
        left, right = _cores(left, right.type), _cores(right, left.type)
        if left.type is right.type:
            return left, right
        for number, other in ((left, right), (right, left)):
            plain = _plain(number)
            if plain is not None and other.type in NUMBERS:
                what = f"{quoted(show(other.syntax))} is {article(other.type)}"
                self.complain("E208", number.syntax, f"the number needs a unit: {what}", hint=f"write {with_unit(plain, other.type)}")
                return None
        message = f"{article(left.type)} can't be compared with {article(right.type)}"
        hint = f"{quoted(show(left.syntax))} is compared with something like {EXAMPLES[left.type]}"
        if Type.STRINGS in (left.type, right.type):
            item, container = (right, left) if left.type is Type.STRINGS else (left, right)
            hint = f"ask whether it has something: {_example(item)} in {show(container.syntax)}"
        self.complain("E207", node, message, hint=hint)
        return None

    def _membership(self, node: syntax.Compare) -> Checked | None:
        item = self.value(node.left)
        listing = plain(node.right)
        if isinstance(listing, syntax.Listing):
            return self._one_of(node, item, listing)
        container = self.value(node.right)
        if container is None or item is None:
            return None
        if container.type is not Type.STRINGS:
            hint = f"write [{show(node.right)}]" if isinstance(node.right, syntax.Value) else 'a list is written ["push", "pull"]'
            if container.type is item.type is Type.STRING and isinstance(node.left, syntax.Value):
                hint = f'to look for a part of a string: {show(node.right)} like "*{node.left.value}*"'
            self.complain("E212", node.right, f"{quoted(show(node.right))} is no list", hint=hint)
            return None
        if item.type is not Type.STRING:
            self.complain("E207", node, f"{article(item.type)} can't be in a list of strings", hint=f'"push" in {show(node.right)}')
            return None
        return checked.Contains(node, container, item)

    def _holding(self, node: syntax.Compare) -> Checked | None:
        container, item = self.value(node.left), self.value(node.right)
        if container is None or item is None:
            return None
        if container.type not in (Type.STRINGS, Type.STRING):
            message = f"only a list or a string contains something, and {quoted(show(node.left))} is {article(container.type)}"
            self.complain("E213", node.left, message)
            return None
        if item.type is not Type.STRING:
            self.complain(
                "E207", node, f"{article(container.type)} can't contain {article(item.type)}", hint=f'{show(node.left)} contains "push"'
            )
            return None
        return checked.Contains(node, container, item)

    def _one_of(self, node: syntax.Compare, item: Checked | None, listing: syntax.Listing) -> Checked | None:
        options: list[checked.Scalar] = []
        sound = True
        if not listing.items:
            self.complain("E212", listing, "the list is empty: nothing is in it")
            sound = False
        for entry in listing.items:
            option = self.value(entry)
            if option is not None and not isinstance(option, Constant):
                self.complain("E212", entry, f"{quoted(show(entry))} is no literal; a list holds nothing else")
                option = None
            if option is not None and item is not None:
                agreed = self.agree(entry, item, option)
                option = None if agreed is None else agreed[1]
            if isinstance(option, Constant):
                options.append(option.value)
            else:
                sound = False
        if item is None or not sound:
            return None
        if item.type is Type.STRINGS:
            self.complain("E212", node.left, "a list can't be in a list", hint=f'ask whether it has something: "push" in {show(node.left)}')
            return None
        return checked.OneOf(node, item, tuple(options))

    def _resemblance(self, node: syntax.Compare) -> Checked | None:
        item = self.value(node.left)
        pattern = plain(node.right)
        if not (isinstance(pattern, syntax.Value) and isinstance(pattern.value, str)):
            if self.value(pattern) is not None:
                self.complain("E213", pattern, "'like' needs a pattern in double quotes", hint='like "mastodon-*"')
            return None
        try:
            compile_pattern(pattern.value)
        except BadPattern as problem:
            self.complain("E214", pattern, f"bad pattern: {problem}", hint="a literal [ * or ? is written [[] [*] [?]")
            return None
        if item is None:
            return None
        if item.type is not Type.STRING:
            self.complain("E213", node.left, f"only a string can be like a pattern, and {quoted(show(node.left))} is {article(item.type)}")
            return None
        return checked.Resembles(node, item, pattern.value)


def _example(item: Checked) -> str:
    """The string that is compared with a list, or one in its place."""
    return show(item.syntax) if item.type is Type.STRING else EXAMPLES[Type.STRING]


def _plain(node: Checked) -> int | float | None:
    """The value of a literal without a unit."""
    match node:
        case Constant(type=Type.COUNT, value=int() | float() as value):
            return value
        case _:
            return None


def _zero_as(node: Checked, type_: Type) -> Checked:
    """A bare 0 as a 0 of another type of number; anything else as it is."""
    return Constant(node.syntax, type_, 0) if _plain(node) == 0 and type_ in NUMBERS else node


def _cores(node: Checked, type_: Type) -> Checked:
    """A plain number next to a number of cores is one."""
    plain = _plain(node)
    return Constant(node.syntax, Type.CORES, plain) if plain is not None and type_ is Type.CORES else node
