"""inspect.toml."""

import os

import pytest

from watchdog.inspect.settings import Settings, SettingsError, load, parse

GOOD = b'units = ["mastodon-sidekiq.service", "mastodon-sidekiq@*.service", "a-*.service"]\nallow = ["agent", 5]\nenv = ["DB_POOL"]\n'
USERS = {"agent": 991}


def read(text: bytes) -> Settings:
    """As if it were the file."""
    return parse(text, "inspect.toml", uid_of=USERS.__getitem__)


def test_settings():
    """Units, users by name and number, variables."""
    assert read(GOOD) == Settings(
        ("mastodon-sidekiq.service", "mastodon-sidekiq@*.service", "a-*.service"), frozenset({991, 5}), ("DB_POOL",)
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"units = [", "inspect.toml is no TOML"),
        (b"\xff", "inspect.toml is no TOML"),
        (GOOD + b"x = 1", "nothing is called 'x'; there are units, allow, env"),
        (b'allow = ["agent"]', "units is missing or empty"),
        (b'units = []\nallow = ["agent"]', "units is missing or empty"),
        (b'units = "a.service"\nallow = ["agent"]', "units is a list of texts"),
        (b'units = ["a.service"]', "allow is missing or empty"),
        (b'units = ["a.service"]\nallow = []', "allow is missing or empty"),
        (b'units = ["a.service"]\nallow = ["nobody-here"]', "allow: there is no user 'nobody-here'"),
        (b'units = ["a.service"]\nallow = [true]', "allow: True is neither"),
        (b'units = ["a.service"]\nallow = [-1]', "allow: -1 is neither"),
        (b'units = ["a.service"]\nallow = ["agent"]\nenv = ["A B"]', "env: 'A B' is no name"),
        *((f'units = ["{unit}"]\nallow = ["agent"]'.encode(), "units: ") for unit in (
            "*.service", "*", "a.scope", "a", ".service", "a/b.service", "a*b*.service", "?.service", "[a-z].service", "x.slice", "*a.service",
        )),
    ],
)  # fmt: skip
def test_what_is_refused(text, says):
    """Each fault names the file, the key and what is right."""
    with pytest.raises(SettingsError, match=r"^inspect") as refused:
        read(text)

    assert says in str(refused.value)


def test_what_another_could_have_written(tmp_path):
    """Only root's own file is read; not one that others may write, no link, nothing that is no file."""
    path = tmp_path / "inspect.toml"
    path.write_bytes(GOOD.replace(b'"agent", ', b""))
    path.chmod(0o644)
    if os.geteuid() != 0:
        with pytest.raises(SettingsError, match="it must belong to root"):
            load(path)
        return
    assert load(path).uids == {5}
    (tmp_path / "link.toml").symlink_to(path)
    os.mkfifo(tmp_path / "fifo.toml")
    for wrong in (tmp_path / "link.toml", tmp_path / "missing.toml", tmp_path, tmp_path / "fifo.toml"):
        with pytest.raises(SettingsError, match=wrong.name):
            load(wrong)
    for mode in (0o664, 0o646):
        path.chmod(mode)
        with pytest.raises(SettingsError, match="can be written by others than root"):
            load(path)
    path.chmod(0o644)
    os.chown(path, 1, 0)
    with pytest.raises(SettingsError, match="belongs to uid 1: it must belong to root"):
        load(path)


def test_a_file_that_is_too_long(tmp_path):
    """It is not read."""
    path = tmp_path / "inspect.toml"
    path.write_bytes(b"#" * 70_000)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match=r"longer than|belong to root"):
        load(path)
