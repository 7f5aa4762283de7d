"""Orders on their way: whole or not at all, once, and readable by whom they are for."""

import os

import pytest

from watchdog.model.told import OperatorAsked, OperatorWithdrew
from watchdog.store import orders, ownership
from watchdog.store.failures import NoStateError
from watchdog.store.orders import BadOrderError, claim, lay_down, lying, read_order, take_back

ORDER = OperatorAsked(
    id="ab12", by="ada", reason="r", asked=1, action="recover_process", process="web1:1:a", arguments={"drain": 1, "rescue": "none"}
)  # fmt: skip


def test_left_and_taken(tmp_path):
    """It is read as it was given; once claimed nobody takes it back, and it still lies there for whoever comes after a crash."""
    lay_down(tmp_path, ORDER)
    lay_down(tmp_path, OperatorWithdrew("ab12", "ada"))
    first, second = lying(tmp_path)
    assert read_order(first) == ORDER
    assert read_order(second) == OperatorWithdrew("ab12", "ada")
    assert (first.stat().st_mode & 0o777, first.parent.stat().st_mode & 0o777) == (0o600, 0o700)

    claimed = claim(first)
    assert claimed is not None
    assert not take_back(tmp_path, "ab12")
    assert lying(tmp_path) == [claimed, second]
    assert claim(claimed) == claimed


def test_taken_back(tmp_path):
    """Then nobody finds it."""
    lay_down(tmp_path, ORDER)
    (path,) = lying(tmp_path)
    assert take_back(tmp_path, "ab12")
    assert claim(path) is None
    assert lying(tmp_path) == []


def test_no_state_folder(tmp_path):
    """Nothing to read, and nowhere to leave anything."""
    assert lying(tmp_path / "none") == []
    with pytest.raises(NoStateError):
        lay_down(tmp_path / "none", ORDER)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"type":"paused","by":"a","reason":"b"}', b"x" * 70_000, b'{"type":"operator_asked","id":1}']
)
def test_what_is_no_order(tmp_path, content):
    """Said, whatever it is."""
    path = tmp_path / "x.order"
    path.write_bytes(content)
    with pytest.raises(BadOrderError):
        read_order(path)


def test_what_is_no_file(tmp_path):
    """Neither a link nor a pipe nor a folder is followed, or waited for."""
    (tmp_path / "a.order").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "b.order")
    (tmp_path / "c.order").mkdir()
    for name in "abc":
        with pytest.raises(BadOrderError):
            read_order(tmp_path / f"{name}.order")


@pytest.mark.needs("root")
def test_given_by_root_it_belongs_to_the_owner_of_the_folder(tmp_path):
    """Else the agent could not read it; and so does all that root has left there, but nothing that a link points to."""
    os.chown(tmp_path, 4242, 4243)
    lay_down(tmp_path, ORDER)
    assert {path.stat().st_uid for path in (tmp_path / orders.FOLDER, *lying(tmp_path))} == {4242}

    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text("")
    (tmp_path / "watchdog.db").write_text("")
    (tmp_path / "trace").mkdir()
    (tmp_path / "trace" / "1").write_text("")
    (tmp_path / "link").symlink_to(outside)
    ownership.give_to_owner(tmp_path)
    assert {path.lstat().st_uid for path in tmp_path.rglob("*")} == {4242}
    assert outside.stat().st_uid == 0
