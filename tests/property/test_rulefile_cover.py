"""The linter says that a rule is covered only where that is so."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from watchdog.lang.nowhere import NOWHERE
from watchdog.model.kinds import Kind
from watchdog.model.missing import MISSING
from watchdog.model.rows import ROW_TYPES
from watchdog.model.verdicts import Mode
from watchdog.rulefile.cover import covered
from watchdog.rulefile.rules import read_rules

NUMBERS = st.integers(0, 4)
NAMES = st.sampled_from(["push", "pull", "mail"])


@st.composite
def bounds(draw: Any) -> str:
    """A comparison of one of a few values with one of a few constants."""
    match draw(st.integers(0, 4)):
        case 0:
            return f"queue.size {draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} {draw(NUMBERS)}"
        case 1:
            return f"{draw(NUMBERS)} {draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} queue.size"
        case 2:
            return f'queue.name {draw(st.sampled_from(["==", "!="]))} "{draw(NAMES)}"'
        case 3:
            listed = ", ".join(f'"{name}"' for name in draw(st.lists(NAMES, min_size=1, max_size=3)))
            return f"queue.name {draw(st.sampled_from(['in', 'not in']))} [{listed}]"
        case _:
            return f"queue.size in [{', '.join(map(str, draw(st.lists(NUMBERS, min_size=1, max_size=3))))}]"


CONDITIONS = st.lists(bounds(), min_size=1, max_size=3).map(" and ".join)


def row(size: Any, name: Any) -> Any:
    """A queue with these readings."""
    made: Any = ROW_TYPES[Kind.QUEUE]("q")
    made.size, made.name = size, name
    return made


ROWS = [row(size, name) for size in (*range(6), MISSING) for name in ("push", "pull", "mail", "other", MISSING)]


SINGLE = [
    *(f"queue.size {operator} {number}" for operator in ("<", "<=", ">", ">=", "==", "!=") for number in range(4)),
    *(f"{number} {operator} queue.size" for operator in ("<", "<=", ">", ">=", "==", "!=") for number in (1, 3)),
    *(f"queue.size in [{listed}]" for listed in ("0", "1, 2", "2, 3", "1, 2, 3")),
    *(f'queue.name {operator} "{name}"' for operator in ("==", "!=") for name in ("push", "pull")),
    *(f'queue.name {operator} ["push", "pull"]' for operator in ("in", "not in")),
]


def test_every_pair_of_comparisons_is_judged_rightly() -> None:
    """Each with each: what is said to be covered holds whenever the other does; and what plainly follows is found."""
    text = "rules:\n" + "".join(f"  - rule: r{number}\n    each: queue\n    when: '{one}'\n" for number, one in enumerate(SINGLE))
    rules = read_rules([("rules.yml", text)], Mode.ACT, None)[0].rules
    assert len(rules) == len(SINGLE)
    holds = [{index for index, one in enumerate(ROWS) if rule.condition.holds(one, 0, NOWHERE)} for rule in rules]
    found = 0
    for narrow, one in enumerate(rules):
        for wide, other in enumerate(rules):
            if wide != narrow and (one, other) in covered((one, other) if wide > narrow else (other, one)):
                found += 1
                assert holds[narrow] <= holds[wide], f"{one.condition.text} does not imply {other.condition.text}"
    assert found > 200


@given(first=CONDITIONS, second=CONDITIONS)
def test_what_is_said_to_be_covered_is_covered(first: str, second: str) -> None:
    """Whenever the covered rule holds, for whatever readings, the other one holds."""
    text = f"rules:\n  - rule: one\n    each: queue\n    when: '{first}'\n  - rule: two\n    each: queue\n    when: '{second}'\n"
    found = read_rules([("rules.yml", text)], Mode.ACT, None)[0]
    assume(len(found.rules) == 2)
    for narrow, wide in covered(found.rules):
        for one in ROWS:
            if narrow.condition.holds(one, 0, NOWHERE):
                assert wide.condition.holds(one, 0, NOWHERE)


@given(condition=CONDITIONS, more=bounds())
def test_a_rule_with_one_more_condition_is_covered(condition: str, more: str) -> None:
    """Whatever is added to a condition with `and`, the rule without it covers it; of equal ones the first stays."""
    text = f"rules:\n  - rule: wide\n    each: queue\n    when: '{condition}'\n  - rule: narrow\n    each: queue\n    when: '{condition} and {more}'\n"
    found = read_rules([("rules.yml", text)], Mode.ACT, None)[0]
    assert [(narrow.name, wide.name) for narrow, wide in covered(found.rules)] == [("narrow", "wide")]
