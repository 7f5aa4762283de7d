"""
Opening one file of ours to one other user, by its access list (acl(5)): nobody else can then read or write it, and no group is needed.

The list is an extended attribute in the kernel's own form (`struct posix_acl_xattr_entry` of include/uapi/linux/posix_acl_xattr.h).
"""

import os
import struct
from typing import Final

_NAME: Final = "system.posix_acl_access"
_VERSION: Final = struct.pack("<I", 2)
_ENTRY: Final = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
_NOBODY: Final = 0xFFFF_FFFF
READ: Final = 4
WRITE: Final = 2


def open_to(descriptor: int, uid: int, right: int) -> None:
    """From now on that user has that right, its owner reads and writes, and nobody else does anything; raises OSError, also where the file system keeps no such lists."""
    entries = ((_OWNER, READ | WRITE, _NOBODY), (_USER, right, uid), (_GROUP, 0, _NOBODY), (_MASK, right, _NOBODY), (_OTHERS, 0, _NOBODY))
    os.setxattr(descriptor, _NAME, _VERSION + b"".join(_ENTRY.pack(*entry) for entry in entries))
