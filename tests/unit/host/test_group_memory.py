"""Memory of control groups, from recorded trees of both versions."""

import pytest

from watchdog.host.group_memory import UNKNOWN, GroupMemory, read_group

NEW = "0::/system.slice/mastodon-sidekiq.service\n"
OLD = "9:name=systemd:/x\n4:memory:/system.slice/mastodon-sidekiq.service\n0::/\n"
SLICE = "system.slice"
UNIT = f"{SLICE}/mastodon-sidekiq.service"


def _write(mount, files):
    for name, text in files.items():
        (mount / name).parent.mkdir(parents=True, exist_ok=True)
        (mount / name).write_text(text)


@pytest.mark.parametrize(
    ("own", "around", "limit"),
    [("max\n", "max\n", 0), ("1000\n", "max\n", 1000), ("max\n", "2000\n", 2000), ("3000\n", "2000\n", 2000), ("1000\n", "2000\n", 1000)],
)
def test_version_2(tmp_path, own, around, limit):
    """What is used, the narrowest limit up to the top, and the kills of the group; the top has no limit of its own."""
    files = {"memory.current": "700\n", "memory.max": own, "memory.events": "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 0\n"}
    _write(tmp_path / UNIT, files)
    _write(tmp_path / SLICE, {"memory.max": around})

    assert read_group(NEW, tmp_path) == GroupMemory(700, limit, 3)


@pytest.mark.parametrize(
    ("own", "around", "limit"), [("9223372036854771712\n", "9223372036854771712\n", 0), ("9223372036854771712\n", "5000\n", 5000)]
)
def test_version_1(tmp_path, own, around, limit):
    """Version 1 has other names, and writes the greatest number for no limit."""
    unit = {
        "memory.usage_in_bytes": "700\n",
        "memory.limit_in_bytes": own,
        "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    }
    _write(tmp_path / "memory" / UNIT, unit)
    _write(tmp_path / "memory", {"memory.limit_in_bytes": around})

    assert read_group(OLD, tmp_path) == GroupMemory(700, limit, 3)


@pytest.mark.parametrize(
    "text", ["", "\n", "x\n", "-1\n", f"{2**63}\n", "9" * 5000 + "\n", "1.5\n"], ids=["", "\\n", "x", "-1", "2**63", "9…", "1.5"]
)
def test_garbage(tmp_path, text):
    """What the kernel can't have written is not known."""
    _write(tmp_path / UNIT, {"memory.current": text, "memory.max": text, "memory.events": f"oom_kill {text}"})

    assert read_group(NEW, tmp_path) == UNKNOWN


@pytest.mark.parametrize("listing", ["", NEW, OLD, "0::/../../etc\n", "4:memory:/../x\n", "0::/a\0b\n", "no colons\n"])
def test_what_is_not_shown(tmp_path, listing):
    """A group that does not exist here, or lies outside of what is shown, is not known."""
    assert read_group(listing, tmp_path) == UNKNOWN


def test_old_kernel(tmp_path):
    """Kernels before 4.13 do not count kills of a group; the rest is there."""
    _write(
        tmp_path / "memory" / UNIT, {"memory.usage_in_bytes": "7\n", "memory.limit_in_bytes": "9\n", "memory.oom_control": "under_oom 0\n"}
    )

    assert read_group(OLD, tmp_path) == GroupMemory(7, 9, None)
