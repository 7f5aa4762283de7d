"""
A series as a small drawing: SVG that the server writes, so that it is there without a script, under any theme, and can be read aloud.

Only attributes, no `style`: the page's policy forbids what stands in a document.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from watchdog.web.page.words import plain

WIDE: Final = 120
HIGH: Final = 30
"""Of the drawing, in units of its own."""
_POINTS: Final = 60
"""So many are drawn at most; of those that fall together the greatest counts, or a peak would be lost."""


def chart(values: Sequence[float | None], title: str, say: Callable[[float], str]) -> Markup:
    """
    The line with an area below, from 0 to its peak; what is not known is a gap. `title` says what it is, and is followed by its range in words; `say` shows a value.

    Where nothing is known there is no drawing, and a few words in its place.
    """
    points = thinned(values, _POINTS)
    known = [value for value in points if value is not None]
    if not known:
        return Markup('<span class="soft">no readings yet</span>')
    top = max(known) or 1.0
    last = next(value for value in reversed(points) if value is not None)
    step = WIDE / max(1, len(points) - 1)
    lines, areas = [], []
    for run in _runs(points):
        places = [(round(at * step), HIGH - 1 - round((HIGH - 3) * max(0.0, value) / top)) for at, value in run]
        line = _line(places)
        # One reading alone is a short stroke: a line of one point is not drawn.
        lines.append(line if len(places) > 1 else f"{line}h2")
        areas.append(f"{line}V{HIGH}H{places[0][0]}z" if len(places) > 1 else "")
    end = f"{say(last)} now" if values[-1] is not None else f"not known now, {say(last)} at last"
    label = f"{plain(title)}: {end}, {say(min(known))} to {say(max(known))}"
    return Markup(
        '<svg class="chart" role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none"><title>{}</title>'
        '<path class="area" d="{}"/><path class="line" d="{}"/></svg>'
    ).format(label, WIDE, HIGH, label, "".join(areas), "".join(lines))


def thinned(values: Sequence[float | None], most: int) -> list[float | None]:
    """No more than `most` of them, each the greatest of its part; a part of which nothing is known stays unknown."""
    sound = [value if value is not None and math.isfinite(value) else None for value in values]
    if len(sound) <= most:
        return sound
    bounds = [len(sound) * place // most for place in range(most + 1)]
    return [max((value for value in sound[begin:end] if value is not None), default=None) for begin, end in pairwise(bounds)]


def _runs(points: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """The stretches in which every value is known."""
    run: list[tuple[int, float]] = []
    for at, value in enumerate(points):
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(places: Sequence[tuple[int, int]]) -> str:
    """Absolute where it begins, relative from there: half as long."""
    (x, y), *rest = places
    parts = [f"M{x} {y}"]
    for next_x, next_y in rest:
        parts.append(f"l{next_x - x} {next_y - y}")
        x, y = next_x, next_y
    return "".join(parts)
