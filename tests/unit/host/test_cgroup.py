"""Units and freezers, from recorded listings."""

import pytest

from watchdog.host import cgroup

HYBRID = "9:name=systemd:/system.slice/mastodon-sidekiq.service\n6:freezer:/jail\n0::/system.slice/mastodon-sidekiq.service\n"


@pytest.mark.parametrize(
    ("listing", "unit"),
    [
        ("0::/system.slice/mastodon-sidekiq.service\n", "mastodon-sidekiq.service"),
        ("0::/system.slice/system-sidekiq.slice/sidekiq@push.service\n", "sidekiq@push.service"),
        ("0::/system.slice/mastodon-sidekiq.service/payload/1\n", "mastodon-sidekiq.service"),
        ("0::/system.slice/_cpu.service\n", "cpu.service"),
        ("0::/system.slice/a\\x2db.service\n", "a\\x2db.service"),
        ("0::/system.slice/gone.service (deleted)\n", "gone.service"),
        ("12:memory:/x.service\n1:name=systemd:/system.slice/real.service\n", "real.service"),
        ("1:name=systemd:/\n0::/system.slice/real.service\n", "real.service"),
        (HYBRID, "mastodon-sidekiq.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/sidekiq.service\n", "sidekiq.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u3.scope\n", ""),
        ("0::/user.slice/user-1000.slice/session-3.scope\n", ""),
        ("0::/system.slice/docker-0123.scope/init\n", ""),
        ("0::/system.slice\n", ""),
        ("0::/\n", ""),
        ("0::/.service\n", ""),
        ("12:memory:/only.service\n", ""),
        ("", ""),
        ("no colons at all\n::\n", ""),
    ],
)
def test_unit(listing, unit):
    """The unit is the innermost service of systemd's own hierarchy, unless a scope of its own lies inside."""
    assert cgroup.unit(listing) == unit


@pytest.mark.parametrize(
    ("file", "text", "frozen"),
    [
        ("a/b/cgroup.events", "populated 1\nfrozen 1\n", True),
        ("a/b/cgroup.events", "populated 1\nfrozen 0\n", False),
        ("a/b/cgroup.freeze", "1\n", True),
        ("a/b/cgroup.freeze", "0\n", False),
        ("unified/a/b/cgroup.events", "populated 1\nfrozen 1\n", True),
        ("a/cgroup.events", "populated 1\nfrozen 1\n", False),
    ],
)
def test_frozen_version_2(tmp_path, file, text, frozen):
    """Version 2 says in the group itself whether it is frozen, by whichever group around it."""
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)

    assert cgroup.frozen("0::/a/b\n", tmp_path) is frozen


@pytest.mark.parametrize(("text", "frozen"), [("FROZEN\n", True), ("FREEZING\n", True), ("THAWED\n", False), ("", False)])
def test_frozen_version_1(tmp_path, text, frozen):
    """Version 1 has a freezer of its own; half-way into it counts as frozen."""
    (tmp_path / "freezer/jail").mkdir(parents=True)
    (tmp_path / "freezer/jail/freezer.state").write_text(text)

    assert cgroup.frozen(HYBRID, tmp_path) is frozen


def test_unreadable_group_is_not_frozen(tmp_path):
    """A group that is not shown to us does not stop anything."""
    assert cgroup.frozen(HYBRID, tmp_path) is False
    assert cgroup.frozen("0::/../../elsewhere\n", tmp_path) is False
