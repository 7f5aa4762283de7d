"""
Templates become HTML here: one environment, made when the first page is asked for.

Whatever a template writes is quoted, and made harmless before; a name that a template has and nobody gives is an error and no blank.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from watchdog.lang.glob import exactly
from watchdog.web.page import words
from watchdog.web.page.assets import assets
from watchdog.web.page.chart import chart
from watchdog.web.page.links import LINKS
from watchdog.web.page.tones import tone

if TYPE_CHECKING:
    import jinja2


@cache
def environment() -> "jinja2.Environment":
    """The templates, with the words that they use."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("watchdog.web.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=words.shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters = (
        exactly, words.count, words.dash, words.day, words.duration, words.exact, words.moment, words.number, words.plain, words.ratio, words.since,
        words.size, words.until, tone,
    )  # fmt: skip
    made.filters.update({filter_.__name__: filter_ for filter_ in filters})
    made.globals.update(chart=chart, assets=assets(), **LINKS)
    return made


def draw(template: str, **given: Any) -> str:
    """That template with what is given to it."""
    return environment().get_template(template).render(given)
