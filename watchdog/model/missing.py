"""
The one value that stands for "no reading".

Whoever compares, adds, hashes or tests it gets `MissingReading`: that is what throws compiled
conditions out of their fast path and into exact three-valued evaluation. It must never be
possible to treat an absent reading as zero, as false, or as different from something.
"""

from typing import Any, Final, NoReturn, final


class MissingReading(Exception):  # noqa: N818  (a signal between compiled code and its evaluator, not a failure)
    """A condition touched a value that no source has read."""


@final
class Missing:
    """The type of `MISSING`; nothing else is ever an instance of it."""

    __slots__ = ()

    def _raise(self, *_: Any) -> NoReturn:
        raise MissingReading

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _raise
    __hash__ = __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _raise
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _raise
    __neg__ = __pos__ = __abs__ = __int__ = __float__ = __index__ = _raise
    __str__ = __format__ = _raise

    @property
    def confirmed_at(self) -> NoReturn:
        """The row of a process that is not known has no readings: `row.home.confirmed_at` is no error but missing."""
        raise MissingReading

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
