"""
What is printed when all tests are over.

Tests run in several processes at once, and only the one that began it all prints: what the others have to say travels to it when they end.
"""

from collections.abc import Iterable
from typing import Any, Final

import pytest

_SECTIONS: Final[dict[str, list[str]]] = {}
"""Title → lines."""
_KEY: Final = "last words"


def say(title: str, lines: Iterable[str]) -> None:
    """Have these lines printed under that title; said again, they stand in place of what was said before."""
    _SECTIONS[title] = list(lines)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes hands over what it has to say."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[_KEY] = _SECTIONS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The process that prints takes it."""
    _SECTIONS.update(getattr(node, "workeroutput", {}).get(_KEY, {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A section for each title."""
    for title, lines in sorted(_SECTIONS.items()):
        terminalreporter.section(title)
        for line in lines:
            terminalreporter.line(line)
