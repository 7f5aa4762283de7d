"""
Tokens → tree, by precedence climbing: `or` < `and` < `not` < comparisons < `+ -` < `* /` < sign.

The counterpart of the printer. Knows the shape of the language, not its names and types: those are the checker's.
Never raises: the first thing that no reading makes sense of ends the parse, after it has been complained of; what can be read as
meant (`a < b < c`) is complained of and read. Depth is bounded, so that no text exhausts the stack of this or any later step.
"""

from typing import Final, cast, get_args

from watchdog.lang.complaint import Complaints, nearest, quoted
from watchdog.lang.lexer import KEYWORDS, Token, tokenize
from watchdog.lang.printer import show
from watchdog.lang.syntax import (
    AND,
    COMPARE,
    NOT,
    OR,
    PRODUCT,
    SIGN,
    SUM,
    And,
    Arithmetic,
    Binary,
    Broken,
    Call,
    Comparator,
    Compare,
    Listing,
    Member,
    Minus,
    Node,
    Not,
    Or,
    Path,
    Value,
)  # fmt: skip
from watchdog.lang.units import Quantity
from watchdog.model.kinds import Type

LONGEST: Final = 64 * 1024
"""Characters of one text."""
DEEPEST: Final = 100
"""How far parentheses, lists, signs and `not` nest."""
MOST_LEVELS: Final = 150
"""How many expressions are open at a time, counting those that operators open: no later step has to go deeper."""
MOST_OPERATIONS: Final = 50
"""Arithmetic operators of one expression; together with `DEEPEST` it bounds the height of the tree."""
MOST_CALLS: Final = 50
"""Calls of one expression: each history and each aggregate is kept by the engine."""

_COMPARATORS: Final = frozenset(get_args(Comparator))
_NEGATED: Final[dict[str, Comparator]] = {"in": "not in", "like": "not like", "contains": "not contains"}
_OTHER_WORDS: Final[dict[str, str]] = {
    "is": "==", "eq": "==", "equals": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
    "matches": "like", "glob": "like", "has": "contains", "includes": "contains", "xor": "!=", "AND": "and", "OR": "or", "NOT": "not", "IN": "in", "LIKE": "like",
}  # fmt: skip
"""A word where an operator should be → what was probably meant."""
_OTHER_PHRASES: Final[dict[str, str]] = {
    "between": "write 3 <= x and x <= 5",
}
"""A word where an operator should be → how the whole is said here."""


def parse(complaints: Complaints, *, start: int = 0, end: int | None = None) -> Node | None:
    """
    The tree of the text between two offsets.

    None, with at least one complaint, where there is none. A tree can come with complaints too.
    """
    length = (len(complaints.text.value) if end is None else end) - start
    if length > LONGEST:
        complaints.add("E317", start, 1, f"the text is too long: {length:,} characters", hint=f"at most {LONGEST:,}")
        return None
    tokens = tokenize(complaints, start=start, end=end)
    if complaints.full:
        return None
    if len(tokens) == 1:
        if not complaints.any:
            complaints.add("E318", start, max(1, length), "there is nothing here", hint="write an expression, or leave it out")
        return None
    parser = _Parser(tokens, complaints)
    try:
        return parser.whole()
    except _Lost:
        return None


class _Lost(Exception):  # noqa: N818  (control flow: the complaint has been made, nothing further can be read)
    """The parser can make no sense of what follows."""


class _Parser:
    """One pass over one list of tokens."""

    def __init__(self, tokens: list[Token], complaints: Complaints) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._operations = 0
        self._calls = 0
        self._levels = 0
        self._complaints = complaints

    def whole(self) -> Node:
        """Everything is one expression."""
        node = self._expression(OR)
        if self._next.kind != "end":
            raise self._stray()
        return node

    # tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _kind_after(self) -> str:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)].kind

    def _written(self, token: Token) -> str:
        return self._complaints.text.value[token.offset : token.end]

    def _lost(self, code: str, token: Token, message: str, *, hint: str = "") -> _Lost:
        # A token that could not be read has been complained of, and is likely why nothing fits here or right behind it.
        before = self._tokens[max(0, self._tokens.index(token) - 1)]
        if "broken" not in (token.kind, before.kind):
            self._complaints.add(code, token.offset, token.width, message, hint=hint)
        return _Lost()

    def _stray(self) -> _Lost:
        token = self._next
        written = self._written(token)
        if token.kind in {")", "]"}:
            return self._lost("E313", token, f"{quoted(written)} closes nothing")
        hint = ""
        if token.kind == "name":
            if written in _OTHER_PHRASES:
                hint = _OTHER_PHRASES[written]
            elif meant := _OTHER_WORDS.get(written) or nearest(written, KEYWORDS):
                hint = f"did you mean {meant}?"
        return self._lost("E313", token, f"unexpected {quoted(written)}", hint=hint or "join conditions with and, or")

    # operators

    def _expression(self, power: int) -> Node:
        """What follows, as far as its operators bind at least with `power`."""
        self._levels += 1
        if self._levels > MOST_LEVELS:
            raise self._lost("E316", self._next, "nested too deeply", hint="split the condition")
        left = self._prefix(power)
        while True:
            kind = self._next.kind
            if kind == "or" and power <= OR:
                left = self._joined("or", left)
            elif kind == "and" and power <= AND:
                left = self._joined("and", left)
            elif power <= COMPARE and self._is_comparator(kind):
                left = self._comparison(left)
            elif kind in ("+", "-") and power <= SUM:
                left = self._binary(left, SUM)
            elif kind in ("*", "/") and power <= PRODUCT:
                left = self._binary(left, PRODUCT)
            else:
                self._levels -= 1
                return left

    def _is_comparator(self, kind: str) -> bool:
        return kind in _COMPARATORS or (kind == "not" and self._kind_after() in _NEGATED)

    def _joined(self, word: str, first: Node) -> Node:
        operands = [first]
        while self._next.kind == word:
            self._take()
            operands.append(self._expression((OR if word == "or" else AND) + 1))
        offset, width = _across(first, operands[-1])
        return Or(offset, width, tuple(operands)) if word == "or" else And(offset, width, tuple(operands))

    def _binary(self, left: Node, power: int) -> Node:
        sign = self._take()
        self._operations += 1
        if self._operations > MOST_OPERATIONS:
            raise self._lost("E316", sign, f"more than {MOST_OPERATIONS} arithmetic operators", hint="split the condition")
        right = self._expression(power + 1)
        return Binary(*_across(left, right), cast("Arithmetic", sign.kind), left, right)

    def _comparison(self, left: Node) -> Node:
        """One comparison; a chain of them is complained of once and read as its links joined by `and`."""
        chain: list[Node] = []
        second: Token | None = None
        while self._is_comparator(self._next.kind):
            if chain and second is None:
                second = self._next
            operator = self._comparator()
            right = self._expression(SUM)
            chain.append(Compare(*_across(left, right), operator, left, right))
            left = right
        if second is None:
            return chain[0]
        whole = And(*_across(chain[0], chain[-1]), tuple(chain))
        self._complaints.add("E315", second.offset, second.width, "comparisons can't be chained", hint=f"write {show(whole)}")
        return whole

    def _comparator(self) -> Comparator:
        token = self._take()
        if token.kind == "not":
            return _NEGATED[self._take().kind]
        return cast("Comparator", token.kind)

    # operands

    def _prefix(self, power: int) -> Node:
        token = self._take()
        match token.kind:
            case "quantity":
                quantity = cast("Quantity", token.value)
                return Value(token.offset, token.width, quantity.value, quantity.type)
            case "string":
                return Value(token.offset, token.width, str(token.value), Type.STRING)
            case "true" | "false":
                return Value(token.offset, token.width, token.kind == "true", Type.BOOL)
            case "broken":
                return Broken(token.offset, token.width)
            case "name":
                return self._name(token)
            case "not" | "-" | "(" | "[":
                self._depth += 1
                if self._depth > DEEPEST:
                    raise self._lost("E316", token, f"nested more than {DEEPEST} levels deep", hint="split the condition")
                node = self._nested(token, power)
                self._depth -= 1
                return node
            case "end":
                before = self._tokens[self._at - 1] if self._at else token
                raise self._lost("E312", before, f"something is missing behind {quoted(self._written(before))}")
            case _:
                hint = "a decimal begins with a digit: 0.5" if token.kind == "." else ""
                raise self._lost("E312", token, f"a value is missing before {quoted(self._written(token))}", hint=hint)

    def _nested(self, token: Token, power: int) -> Node:
        match token.kind:
            case "not":
                if power > NOT:
                    raise self._lost("E312", token, "a value is missing before 'not'", hint="put not and what follows in parentheses")
                operand = self._expression(NOT)
                return Not(token.offset, _end(operand) - token.offset, operand)
            case "-":
                operand = self._expression(SIGN)
                return Minus(token.offset, _end(operand) - token.offset, operand)
            case "(":
                node = self._expression(OR)
                self._close(token, ")")
                return node
            case _:
                return self._listing(token)

    def _listing(self, opening: Token) -> Node:
        items: list[Node] = []
        while self._next.kind != "]":
            items.append(self._expression(OR))
            if self._next.kind != ",":
                break
            self._take()
        closing = self._close(opening, "]")
        return Listing(opening.offset, closing.end - opening.offset, tuple(items))

    def _close(self, opening: Token, sign: str) -> Token:
        if self._next.kind == sign:
            return self._take()
        if self._next.kind != "end":
            raise self._stray()
        raise self._lost("E314", opening, f"{quoted(self._written(opening))} is never closed", hint=f"put {sign} where it ends")

    def _name(self, first: Token) -> Node:
        if self._next.kind == "(":
            return self._call(first)
        names = (str(first.value), *self._fields())
        return Path(first.offset, self._tokens[self._at - 1].end - first.offset, names)

    def _call(self, name: Token) -> Node:
        """What stands in parentheses behind a word, and the field that is read of it."""
        opening = self._take()
        self._depth += 1
        self._calls += 1
        if self._depth > DEEPEST:
            raise self._lost("E316", opening, f"nested more than {DEEPEST} levels deep", hint="split the condition")
        if self._calls > MOST_CALLS:
            raise self._lost("E316", name, f"more than {MOST_CALLS} calls", hint="split the condition")
        arguments: list[Node] = []
        while self._next.kind not in (")", "where"):
            arguments.append(self._expression(OR))
            if self._next.kind != ",":
                break
            self._take()
        where = None
        if arguments and self._next.kind == "where":
            self._take()
            where = self._expression(OR)
        last = self._close(opening, ")")
        self._depth -= 1
        call = Call(name.offset, last.end - name.offset, str(name.value), tuple(arguments), where)
        names = self._fields()
        return Member(name.offset, self._tokens[self._at - 1].end - name.offset, call, names) if names else call

    def _fields(self) -> tuple[str, ...]:
        """`.this.that`, as far as it goes."""
        names: list[str] = []
        while self._next.kind == ".":
            dot = self._take()
            last = self._take()
            if last.kind != "name" and last.kind not in KEYWORDS:
                raise self._lost("E312", dot, "the name of a field is missing behind '.'")
            names.append(self._written(last))
        return tuple(names)


def _end(node: Node) -> int:
    return node.offset + node.width


def _across(first: Node, last: Node) -> tuple[int, int]:
    """Offset and width from the beginning of one node to the end of another."""
    return first.offset, _end(last) - first.offset
