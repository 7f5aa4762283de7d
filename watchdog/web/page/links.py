"""Addresses within the page. A name in one is quoted whole: a slash in the id of a process is no folder."""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, urlencode


def to_incident(incident: str) -> str:
    """The story of that incident."""
    return f"/incidents/{_in_path(incident)}"


def to_post_mortem(incident: str) -> str:
    """The same as Markdown."""
    return f"/api/v1/incidents/{_in_path(incident)}.md"


def to_why(rule: str, entity: str = "") -> str:
    """Why the rule says what it says, of one entity or of all."""
    return f"/why/{_in_path(rule)}{_asked(entity=entity)}"


def to_process(process: str) -> str:
    """One process with its jobs."""
    return f"/processes/{_in_path(process)}"


def to_audit(**asked: str | int) -> str:
    """Rows of the audit log."""
    return f"/audit{_asked(**asked)}"


def is_here(path: str) -> bool:
    """Whether that is an address within the page, and not one of another server that looks like it."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path


def _in_path(name: str) -> str:
    # A name of dots alone would be taken for a folder, however it is quoted.
    quoted = quote(name, safe="", errors="backslashreplace")
    return quoted.replace(".", "%2E") if set(name) <= {"."} else quoted


def _asked(**values: str | int) -> str:
    given = {name: value for name, value in values.items() if value not in ("", None)}
    return f"?{urlencode(given, errors='backslashreplace')}" if given else ""


LINKS: Final[dict[str, Callable[..., str]]] = {
    "to_incident": to_incident,
    "to_post_mortem": to_post_mortem,
    "to_why": to_why,
    "to_process": to_process,
    "to_audit": to_audit,
}
"""What templates call them by."""
