"""The sentinel for no reading: it can't be used by mistake."""

import operator

import pytest

from watchdog.model.missing import MISSING, MissingReading

BINARY = (
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge, operator.add, operator.sub, operator.mul, operator.truediv,
    operator.floordiv, operator.mod, operator.contains, operator.getitem,
)  # fmt: skip
UNARY = (
    hash,
    bool,
    len,
    iter,
    operator.neg,
    operator.pos,
    operator.abs,
    int,
    float,
    operator.index,
    str,
    format,
    operator.attrgetter("confirmed_at"),
)


@pytest.mark.parametrize("operation", BINARY, ids=lambda operation: operation.__name__)
@pytest.mark.parametrize("other", [0, 1.5, "x", None, False])
def test_every_operation_raises(operation, other):
    """Compared, calculated or searched with anything, it raises: no absent reading is ever equal, smaller or zero."""
    with pytest.raises(MissingReading):
        operation(MISSING, other)


@pytest.mark.parametrize("operation", BINARY[:12], ids=lambda operation: operation.__name__)
def test_from_the_other_side_too(operation):
    """A number on the left does not hide it."""
    with pytest.raises(MissingReading):
        operation(1, MISSING)


@pytest.mark.parametrize("operation", UNARY, ids=repr)
def test_it_has_no_value(operation):
    """It has no truth, no length, no hash, no text."""
    with pytest.raises(MissingReading):
        operation(MISSING)


def test_it_is_no_member_of_anything():
    """Searching a list for something else, or it in a list of others, raises instead of saying no."""
    with pytest.raises(MissingReading):
        _ = MISSING in ["a", "b"]
    with pytest.raises(MissingReading):
        _ = "a" in [MISSING, "b"]


def test_it_can_be_told_by_identity_and_seen_in_a_debugger():
    """`is` and `repr` are what it allows."""
    assert repr(MISSING) == "MISSING"
    assert (MISSING is None) is False
