"""
Which tests run in one process, where several run them at once.

The tests of a file stay together, and so do those of a folder that share what takes long to set up.
"""

from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = ("tests/host/systemd/", "tests/service/homeserver/", "tests/service/matrix/", "tests/service/pictures/")
"""Folders whose tests share one machine, or one scene that is played for all of them."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """A file for one process, or a folder; in the order in which they were collected, so that what takes long comes before what doesn't."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """The way in for pytest-xdist."""
    config.option.loadscopereorder = False
    return ByFile(config, log)
