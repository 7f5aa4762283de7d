"""Properties of reading and printing: nothing raises, what is printed reads back, operators bind as everybody expects."""

import random
import string
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from watchdog.lang.complaint import MOST_PROBLEMS, Complaints
from watchdog.lang.condition import Condition, read_condition, read_names, read_reference
from watchdog.lang.literal import read_literal, show_literal
from watchdog.lang.names import read_name
from watchdog.lang.parser import parse
from watchdog.lang.printer import show
from watchdog.lang.syntax import And, Binary, Call, Compare, Listing, Member, Minus, Node, Not, Or, Path, Value
from watchdog.lang.template import Template, read_template
from watchdog.lang.text import Text
from watchdog.lang.units import LIMIT
from watchdog.model.kinds import Kind, Type
from watchdog.model.rows import ROW_TYPES

WORDS = [
    "job.elapsed", "process.rss", "process.queues", "job", "process", "push", "and", "or", "not", "in", "like", "true", "false", "(", ")",
    "[", "]", ",", ".", "+", "-", "*", "/", "==", "!=", "<", ">=", "=", "&&", "!", "5", "0", "10m", "10 m", "95%", "2GiB", "5/s", "1h30m",
    '"push"', '"a*"', '"[', "'x'", "{{", "}}", "\\", "\n", "\ud800", "\0", "é", "count(", "count(job where", "where", "contains", "avg(", "5m)", "queue(", ").size", "known(", "held(", "mailers-low", "99999999999999999999", "%",
]  # fmt: skip
TEXTS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=()), max_size=80),
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=25).map("".join),
)

NAMES = st.sampled_from([("job", "elapsed"), ("process", "rss"), ("push",), ("a", "in", "b")])
COUNTS = st.one_of(st.integers(0, LIMIT - 1), st.floats(0.001, 1e15).filter(lambda number: not number.is_integer()))
LITERALS = st.one_of(
    st.booleans().map(lambda value: Value(0, 0, value, Type.BOOL)),
    st.text(alphabet=st.characters(exclude_characters="\n", exclude_categories=()), max_size=12).map(
        lambda value: Value(0, 0, value, Type.STRING)
    ),
    COUNTS.map(lambda value: Value(0, 0, value, Type.COUNT)),
    st.integers(0, LIMIT - 1).map(lambda value: Value(0, 0, value, Type.DURATION)),
    st.integers(0, LIMIT - 1).map(lambda value: Value(0, 0, value, Type.SIZE)),
    st.floats(0, 1e6, allow_subnormal=False)
    .filter(lambda value: value == 0 or value > 1e-9)
    .map(lambda value: Value(0, 0, value, Type.RATIO)),
    st.floats(0, 1e6, allow_subnormal=False)
    .filter(lambda value: value == 0 or value > 1e-9)
    .map(lambda value: Value(0, 0, value, Type.RATE)),
)
ARITHMETIC = st.sampled_from(["+", "-", "*", "/"])
COMPARATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "contains", "not contains"])


def calls(inner: Any) -> Any:
    """Calls with these arguments."""
    where = st.one_of(st.none(), inner)
    some = st.builds(
        Call, st.just(0), st.just(0), st.sampled_from(["avg", "count", "x"]), st.lists(inner, min_size=1, max_size=2).map(tuple), where
    )
    return st.one_of(some, st.just(Call(0, 0, "f", (), None)))


NODES = st.recursive(
    LITERALS | NAMES.map(lambda names: Path(0, 0, names)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: Listing(0, 0, tuple(items))),
        inner.map(lambda node: Minus(0, 0, node)),
        st.builds(Binary, st.just(0), st.just(0), ARITHMETIC, inner, inner),
        st.builds(Compare, st.just(0), st.just(0), COMPARATORS, inner, inner),
        inner.map(lambda node: Not(0, 0, node)),
        calls(inner),
        st.builds(Member, st.just(0), st.just(0), calls(inner), st.sampled_from([("size",), ("a", "where")])),
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: And(0, 0, tuple(nodes))),
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: Or(0, 0, tuple(nodes))),
    ),
    max_leaves=15,
)


def placeless(node: Any) -> Any:
    """The tree without its places, so that trees of different texts compare."""
    changes = {}
    for name in node.__struct_fields__:
        value = getattr(node, name)
        if isinstance(value, tuple):
            value = tuple(placeless(part) if isinstance(part, msgspec.Struct) else part for part in value)
        elif isinstance(value, msgspec.Struct):
            value = placeless(value)
        changes[name] = value
    return msgspec.structs.replace(node, **(changes | {"offset": 0, "width": 0}))


@given(TEXTS, st.sampled_from(Kind), st.sampled_from(Type))
@settings(max_examples=100, deadline=None)
def test_no_text_raises_anything(text: str, kind: Kind, type_: Type):
    """Whatever stands in a rule file, the readers answer with a value or with problems, never with both or neither."""
    given_ = Text(text, "f")
    for found, problems in (
        read_condition(given_, kind),
        read_reference(given_, kind, Kind.PROCESS),
        read_template(given_, kind),
        read_literal(given_, type_),
    ):
        assert (found is None) == bool(problems)
        assert len(problems) <= MOST_PROBLEMS
        for problem in problems:
            assert str(problem).isprintable()
            assert problem.span.width >= 1
        if isinstance(found, Condition):
            assert read_condition(Text(found.text, "f"), kind)[0] == found
        if isinstance(found, Template):
            assert found.text == text


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(Kind))
@settings(max_examples=100, deadline=None)
def test_no_definition_raises_anything(one: str, other: str, text: str, kind: Kind):
    """Whatever stands under `define:`, and whatever is made of it."""
    names, problems = read_names({"push": Text(one, "f"), "b": Text(other, "g")}, {"a": [Text("x", "f"), Text(one, "f")]})
    assert all(str(problem).isprintable() for problem in problems)
    for written in (text, "push", "b or push", "job.queue in a", f"count(job where push) > 3 and {text}"):
        found, told = read_condition(Text(written, "f"), kind, names)
        assert found is None or not told
        if found is not None:
            assert read_condition(Text(found.text, "f"), kind)[0] == found
    assert all((word is None) == bool(why) for word, why in (read_name(Text(one, "f")), read_name(Text(text, "f"))))


def test_a_megabyte_of_anything_is_refused_or_read():
    """Size alone never hurts: what is too long is one problem."""
    chance = random.Random(1)
    for text in (
        "\0" * 1_000_000,
        "".join(chance.choices(string.printable, k=1_000_000)),
        "".join(chance.choices(string.printable, k=65_000)),
        '"' * 65_000,
        '"\\' * 32_000,
        "9" * 65_000,
        "1h" * 32_000,
        "a" * 65_000,
        "a." * 32_000,
        "{{" * 32_000,
        '{{ "' * 16_000,
        "process.tag like " + '"' + "*a" * 30_000 + '"',
    ):
        assert 0 <= len(read_condition(Text(text, "f"), Kind.PROCESS)[1]) <= MOST_PROBLEMS
        assert 0 <= len(read_template(Text(text, "f"), Kind.PROCESS)[1]) <= MOST_PROBLEMS


@given(NODES)
@settings(max_examples=100, deadline=None)
def test_what_is_printed_reads_back_as_the_same_tree(node: Node):
    """The canonical text says all that the tree says."""
    complaints = Complaints(Text(show(node), "f"))
    read = parse(complaints)
    assert read is not None, complaints.found
    assert complaints.found == ()
    assert placeless(read) == node
    assert show(read) == show(node)


FLAT = st.lists(
    st.tuples(
        st.sampled_from(["", "not ", "not not "]),
        st.sampled_from(["1 < 2", "2 + 1 * 3 == 9", "2 * 3 - 1 - 1 >= 4", "true", "false", "8 / 4 / 2 > 1"]),
    ),
    min_size=1,
    max_size=6,
)


@given(FLAT, st.lists(st.sampled_from([" and ", " or "]), min_size=6, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
@settings(max_examples=100, deadline=None)
def test_operators_bind_as_in_python(parts: list[tuple[str, str]], joints: list[str], groups: list[bool]):
    """`not` before `and` before `or`, comparisons before all three, and arithmetic before those: as Python itself reads it."""
    written = [f"{negation}({part})" if group else f"{negation}{part}" for (negation, part), group in zip(parts, groups, strict=False)]
    text = written[0] + "".join(joint + part for joint, part in zip(joints, written[1:], strict=False))
    condition, problems = read_condition(Text(text.replace("8 / 4 / 2 > 1", "8 * 1 / 4 / 2 > 1"), "f"), Kind.PROCESS)
    assert condition is not None, problems
    expected = eval(text, {"true": True, "false": False})
    assert condition.holds(ROW_TYPES[Kind.PROCESS]("it"), 0) is expected


@given(st.sampled_from([Type.DURATION, Type.SIZE, Type.COUNT]), st.integers(0, LIMIT - 1))
@settings(max_examples=100, deadline=None)
def test_whole_numbers_survive_being_shown(type_: Type, value: int):
    """A setting that was shown can be written back without a difference."""
    assert read_literal(Text(show_literal(value, type_), "f"), type_) == (value, ())


@given(st.sampled_from([Type.RATIO, Type.RATE, Type.CORES]), st.floats(1e-9, 1e12))
@settings(max_examples=100, deadline=None)
def test_fractions_survive_being_shown(type_: Type, value: float):
    """The same for what is held in floats: bit for bit."""
    assert read_literal(Text(show_literal(value, type_), "f"), type_) == (value, ())
