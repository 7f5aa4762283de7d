"""What root leaves in folders that are somebody else's."""

import os

import pytest

from watchdog.store.ownership import give_as_above

NOBODY = 65534


@pytest.mark.needs("root")
def test_a_folder_that_root_has_made_goes_to_whose_is_the_one_above(tmp_path):
    """With what is in it; what belongs to somebody already stays his, and no link is followed."""
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    keys = state / "matrix"
    keys.mkdir(parents=True)
    elsewhere.touch()
    (keys / "keys.db").touch()
    (keys / "other").touch()
    (keys / "link").symlink_to(elsewhere)
    os.chown(keys / "other", 1, 1)
    os.chown(state, NOBODY, NOBODY)
    give_as_above(keys)
    assert [path.lstat().st_uid for path in (keys, keys / "keys.db", keys / "other", elsewhere)] == [NOBODY, NOBODY, 1, 0]


def test_nobody_else_gives_anything_away(tmp_path, monkeypatch):
    """Who is not root leaves all as it is; and where there is no such folder, there is nothing to give."""
    give_as_above(tmp_path / "nowhere" / "keys")
    before = tmp_path.stat()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "chown", lambda *_, **__: pytest.fail("given away"))
    give_as_above(tmp_path)
    assert tmp_path.stat() == before
