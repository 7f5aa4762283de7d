"""Access lists of files."""

import os
import struct

from watchdog.host import access


def test_a_list_for_one_user(tmp_path, monkeypatch):
    """The owner, that user with that right alone, no group, nobody else; as the kernel wants it."""
    written = []
    monkeypatch.setattr(os, "setxattr", lambda *arguments: written.append(arguments))
    access.open_to(7, 991, access.READ)

    ((descriptor, name, data),) = written
    assert (descriptor, name) == (7, "system.posix_acl_access")
    assert struct.unpack("<I", data[:4]) == (2,)
    nobody = 2**32 - 1
    assert list(struct.iter_unpack("<HHI", data[4:])) == [(1, 6, nobody), (2, 4, 991), (4, 0, nobody), (16, 4, nobody), (32, 0, nobody)]
