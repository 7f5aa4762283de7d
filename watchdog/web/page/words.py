"""
Values as the page shows them: the filters of the templates.

Strings of strangers (names of queues, classes, hosts, errors) are made harmless here, before they are quoted for HTML: marks of direction and what has no shape of its own become visible.
"""

from datetime import datetime
from typing import Any, Final

from markupsafe import Markup, escape

from watchdog.lang.display import UNKNOWN, display
from watchdog.lang.harmless import harmless
from watchdog.lang.moment import day_and_time, on_calendar
from watchdog.model.kinds import Type
from watchdog.store.encoding import whole

_LONGEST: Final = 300
_SHORT: Final = 80
_EMPTY: Final = Markup('<span class="soft">–</span>')


def shown(value: Any) -> Any:
    """What a template writes, made harmless: the environment has every expression pass through here. What is markup already, the templates' own, stays."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    text = plain(value, _LONGEST)
    # A blank at an end keeps a template's words apart.
    return f"{' ' if value[:1] == ' ' and text else ''}{text}{' ' if value[-1:] == ' ' and text else ''}"


def plain(text: str, width: int = _SHORT) -> str:
    """One line of at most `width` characters. What needs no mending is most of what there is, and is left alone fast."""
    if (
        len(text) <= width
        and text.isascii()
        and text.isprintable()
        and "@" not in text
        and "  " not in text
        and text[:1] != " " != text[-1:]
    ):
        return text
    return harmless(text, width)


def exact(text: str) -> Markup:
    """The very text, quoted: for the value of a field that is sent back, never for what is read."""
    return escape(whole(text))


def duration(milliseconds: float | None) -> str:
    """`12m 5s`."""
    return display(milliseconds, Type.DURATION)


def size(number: float | None) -> str:
    """`1.5 GiB`."""
    return display(number, Type.SIZE)


def ratio(number: float | None) -> str:
    """`95 %`."""
    return display(number, Type.RATIO)


def number(value: float | None) -> str:
    """`12,480`."""
    return display(value, Type.COUNT)


def dash(value: Any) -> Any:
    """A stroke where there is nothing."""
    return _EMPTY if value in {None, "", ()} else value


def moment(wall: int | None) -> Markup:
    """A time of the day in UTC; the whole date where the pointer rests."""
    if wall is None:
        return escape(UNKNOWN)
    at = on_calendar(wall)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(_iso(at), f"{day_and_time(wall)} UTC", at.strftime("%H:%M:%S"))


def day(wall: int | None) -> Markup:
    """A date and time in UTC."""
    if wall is None:
        return escape(UNKNOWN)
    return Markup('<time datetime="{}">{}</time>').format(_iso(on_calendar(wall)), day_and_time(wall))


def since(wall: int | None, now: int) -> Markup:
    """How long ago that was; it goes on counting where there is a script."""
    return _counting(wall, now, "since", 1)


def until(wall: int | None, now: int) -> Markup:
    """How long until then."""
    return _counting(wall, now, "until", -1)


def _counting(wall: int | None, now: int, name: str, sign: int) -> Markup:
    if wall is None:
        return escape(UNKNOWN)
    at = on_calendar(wall)
    text = display(max(0, sign * (now - wall)) // 1000 * 1000, Type.DURATION)
    return Markup('<time datetime="{}" title="{}" data-{}="{}">{}</time>').format(_iso(at), f"{day_and_time(wall)} UTC", name, wall, text)


def count(number_: int | None, one: str, many: str = "") -> str:
    """`1 job`, `12 jobs`."""
    return f"{number(number_)} {one if number_ == 1 else many or one + 's'}"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
