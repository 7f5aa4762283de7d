"""Where the agent listens: rights of the socket's file, who is in its way, and what is left of it."""

import grp
import os
import socket
import stat

import pytest

from watchdog.rulefile.api import ApiSettings
from watchdog.rulefile.page import PageSettings
from watchdog.web.doors import CantListenError, page_door, socket_door


def mode(path):
    """Rights of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def own_group():
    """A group that this user is in."""
    return grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def opened():
    """Opens a door that is shut at the end."""
    ways = []

    def run(door):
        ways.append(door.open())
        return ways[-1]

    yield run
    for way in ways:
        way.sock.close()
        way.shut()


def test_only_its_own_user(short_path, opened):
    """Where the config names no group; the folder holds nothing else."""
    way = opened(socket_door(ApiSettings(), short_path))
    assert mode(short_path / "api.sock") == 0o600
    assert (way.trouble, way.where, way.is_there()) == ("", str(short_path / "api.sock"), True)
    assert [path.name for path in short_path.iterdir()] == ["api.sock"]


def test_a_group_may_come_in(short_path, opened):
    """The one that the config names."""
    way = opened(socket_door(ApiSettings(group=own_group()), short_path))
    found = (short_path / "api.sock").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid, way.trouble) == (0o660, os.getgid(), "")


def test_a_group_that_there_is_not(short_path, opened):
    """It listens all the same, for its own user, and says so."""
    way = opened(socket_door(ApiSettings(group="nobody-is-in-it"), short_path))
    assert mode(short_path / "api.sock") == 0o600
    assert way.trouble == "there is no group nobody-is-in-it, so only the user of the agent and root may look"


def test_what_a_dead_agent_has_left(short_path, opened):
    """Its file is replaced, also one that it had not finished."""
    for name in ("api.sock", "api.sock.new"):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(short_path / name))
    way = opened(socket_door(ApiSettings(), short_path))
    assert way.is_there()
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(short_path / "api.sock"))


def test_a_living_one_is_left_alone(short_path, opened):
    """Whoever it is: nothing of its is taken away."""
    opened(socket_door(ApiSettings(), short_path))
    before = (short_path / "api.sock").stat().st_ino
    with pytest.raises(CantListenError, match="another process listens there"):
        socket_door(ApiSettings(), short_path).open()
    assert (short_path / "api.sock").stat().st_ino == before
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(short_path / "api.sock"))


def test_a_living_one_that_is_busy_is_left_alone(short_path):
    """Nobody has been let in for so long that no more can wait: it lives all the same."""
    path = str(short_path / "api.sock")
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(path)
        busy.listen(0)
        waiting.connect(path)
        with pytest.raises(CantListenError, match="somebody may listen there"):
            socket_door(ApiSettings(), short_path).open()
        assert (short_path / "api.sock").is_socket()


@pytest.mark.parametrize("make", ["write_text", "mkdir", "symlink_to"])
def test_something_else_lies_there(short_path, make):
    """It is nobody's to remove."""
    path = short_path / "api.sock"
    getattr(path, make)(*{"write_text": ("x",), "mkdir": (), "symlink_to": ("elsewhere",)}[make])
    with pytest.raises(CantListenError, match="something else than a socket lies there"):
        socket_door(ApiSettings(), short_path).open()
    assert path.is_symlink() or path.exists()


def test_no_folder_and_no_room(short_path):
    """Each with what is wrong."""
    with pytest.raises(CantListenError, match="no such file or directory"):
        socket_door(ApiSettings(socket="nowhere/api.sock"), short_path).open()
    with pytest.raises(CantListenError, match="longer than 100 bytes"):
        socket_door(ApiSettings(socket="x" * 99), short_path).open()


def test_its_file_is_removed(short_path, opened):
    """That is seen; and what somebody else has put there since is not removed at the end."""
    path = short_path / "api.sock"
    way = opened(socket_door(ApiSettings(), short_path))
    path.unlink()
    assert not way.is_there()
    path.write_text("theirs")
    way.shut()
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port(opened, address):
    """As the kernel gives it; another one can't have it meanwhile."""
    way = opened(page_door(PageSettings(address=address, port=0)))
    port = way.sock.getsockname()[1]
    assert way.where == (f"[::1]:{port}" if address == "::1" else f"127.0.0.1:{port}")
    with pytest.raises(CantListenError, match="address already in use"):
        page_door(PageSettings(address=address, port=port)).open()


def test_an_address_of_somebody_else():
    """It is none of this machine."""
    with pytest.raises(CantListenError, match="cannot assign requested address"):
        page_door(PageSettings(address="192.0.2.1", port=7655)).open()
