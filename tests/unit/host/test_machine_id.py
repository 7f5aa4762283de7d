"""The name of this machine: from its id, which itself is told to nobody."""

import pytest

from watchdog.host.machine_id import machine_name

ID = "0123456789abcdef0123456789abcdef"


def test_it_is_a_name_and_not_the_id(tmp_path):
    """The same each time, another for another id, and the id can't be seen in it."""
    (tmp_path / "a").write_text(f"{ID}\n")
    (tmp_path / "b").write_text(f"{ID[::-1]}\n")
    one, other = machine_name((tmp_path / "a",)), machine_name((tmp_path / "b",))
    assert (len(one), len({one, other, machine_name((tmp_path / "a",))})) == (16, 2)
    assert one not in ID


@pytest.mark.parametrize("content", [b"", b"uninitialized\n", b"0" * 32, b"\xff" * 32, ID[:-1].encode(), b"no id at all"])
def test_a_machine_without_an_id_has_no_name(tmp_path, content):
    """As in a container, or an image that has not booted yet; the next file is asked."""
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_text(ID)
    assert machine_name((tmp_path / "a", tmp_path / "none")) == ""
    assert machine_name((tmp_path / "a", tmp_path / "b")) == machine_name((tmp_path / "b",)) != ""
