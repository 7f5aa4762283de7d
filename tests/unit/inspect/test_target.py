"""Which processes may be read at all."""

import os

import pytest

from watchdog.inspect.refusals import RefusedError
from watchdog.inspect.target import Target, system_service

HYBRID = "9:name=systemd:/system.slice/a.service\n6:freezer:/jail\n0::/system.slice/a.service\n"


@pytest.mark.parametrize(
    ("listing", "unit"),
    [
        ("0::/system.slice/a.service\n", "a.service"),
        ("0::/a.service\n", "a.service"),
        ("0::/system.slice/system-a.slice/a@push.service/payload\n", "a@push.service"),
        ("1:name=systemd:/a.service\n0::/\n", "a.service"),
        (HYBRID, "a.service"),
        ("0::/system.slice/a.service (deleted)\n", "a.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.service\n", ""),
        ("0::/system.slice/docker-1.scope/system.slice/a.service\n", ""),
        ("0::/system.slice/a.service/b.scope\n", ""),
        ("0::/../a.service\n", ""),
        ("0::/lxc/system.slice/a.service\n", ""),
        ("1:name=systemd:/system.slice/b.service\n0::/system.slice/a.service\n", ""),
        ("1:name=systemd:/user.slice/user@1.service/a.service\n0::/system.slice/a.service\n", ""),
        ("5:memory:/system.slice/a.service\n", ""),
        ("0::/system.slice\n", ""),
        ("", ""),
    ],
)
def test_system_service(listing, unit):
    """The service of the system's own systemd; what a user, a container or a scope calls so is none."""
    assert system_service(listing) == unit


@pytest.mark.parametrize("pid", [0, 1, -1, os.getpid()], ids=["0", "1", "-1", "own"])
def test_what_is_never_read(pid):
    """Pid 1 and the program itself."""
    with pytest.raises(RefusedError) as refused:
        Target(pid, 0, ("a.service",))

    assert refused.value.spec.code == "protected"


@pytest.mark.parametrize("pid", [2**22 - 1, 2**40])
def test_what_is_not_there(pid):
    """A pid that nobody has."""
    with pytest.raises(RefusedError) as refused:
        Target(pid, 0, ("a.service",))

    assert refused.value.spec.code == "gone"
