"""
Which tests run in one process, where several run them at once, and beside which others.

The tests of a file stay together, and so do those of a folder that share what takes long to set up. Most of those with real parts wait for a beat or an end, and leave the processors to whoever wants them: so beside
them, from the beginning, a quarter of the processes does what only calculates, and gives way to what is measured by the clock.
"""

import os
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = ("tests/host/systemd/", "tests/service/homeserver/", "tests/service/matrix/", "tests/service/pictures/")
"""Folders whose tests share one machine, or one scene that is played for all of them."""
CALCULATES: Final = ("tests/property/", "tests/scenario/", "tests/unit/")
"""Folders of tests that wait for nothing."""
PART: Final = 4
"""One in so many processes calculates; it is one at least."""
GIVES_WAY: Final = 5
"""The niceness of what calculates: a third of what each of the others gets, while they want it."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """A file for one process, or a folder; in the order in which they were collected, so that what takes long comes before what doesn't."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    def _assign_work_unit(self, node: Any) -> None:
        calculates = self.nodes.index(node) < max(1, len(self.nodes) // PART)
        # Whoever finds nothing of its own kind any more helps with the other.
        suited = next((scope for scope in self.workqueue if scope.startswith(CALCULATES) is calculates), None)
        if suited is not None:
            self.workqueue.move_to_end(suited, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """The way in for pytest-xdist."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What calculates gives way, where there are others; only root can take it back for what comes after, so nobody else begins with it."""
    if "PYTEST_XDIST_WORKER" in os.environ and os.geteuid() == 0:
        wanted = GIVES_WAY if item.nodeid.startswith(CALCULATES) else 0
        if os.getpriority(os.PRIO_PROCESS, 0) != wanted:
            os.setpriority(os.PRIO_PROCESS, 0, wanted)
