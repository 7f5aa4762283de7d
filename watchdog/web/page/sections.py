"""
What stands on the page: one table. A section is a template of its name under `templates/sections/`, and what that shows.

Each is drawn, kept and exchanged by itself, when one of the parts of the stream that it is made `of` has changed.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from watchdog.web.inside import Inside
from watchdog.web.page import looking


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """
    `name` is its id on the page, its template and its fragment; `title` stands above it. `of` are sections of the stream; `look` gives what the template shows.

    `moves` says that time alone changes it, so it is asked for anew with each beat of the stream. `full`: it takes the whole width of a wide window.
    """

    name: str
    title: str
    of: tuple[str, ...]
    look: Callable[[Inside], Awaitable[dict[str, Any]]]
    moves: bool = False
    full: bool = False


SECTIONS: Final[tuple[Section, ...]] = (
    Section(name="standing", title="How it stands", of=("overview", "switches", "alerts"), look=looking.standing, moves=True, full=True),
    Section(
        name="needs",
        title="What needs a person",
        of=("approvals", "alerts", "incidents", "switches"),
        look=looking.needs,
        moves=True,
        full=True,
    ),
    Section(name="matrix", title="Rules and what they look at", of=("matrix", "alerts"), look=looking.matrix, moves=True, full=True),
    Section(name="queues", title="Queues", of=("queues",), look=looking.queues, moves=True),
    Section(name="processes", title="Processes", of=("processes", "units"), look=looking.processes, moves=True),
    Section(name="would", title="What was done, and what would have been", of=("would", "incidents"), look=looking.would),
    Section(name="blocked", title="What is kept from being done", of=("blocked",), look=looking.blocked, moves=True),
    Section(name="receivers", title="Who is told, and what it costs", of=("receivers",), look=looking.receivers, moves=True, full=True),
    Section(name="audit", title="What was seen, decided and done", of=("audit",), look=looking.audit, full=True),
)
"""In their order on the page."""


def section(name: str) -> Section | None:
    """The one of that name."""
    return next((one for one in SECTIONS if one.name == name), None)
