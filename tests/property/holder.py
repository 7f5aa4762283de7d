"""
A process that holds just what it is told in memory of its own; started by the tests of searching, not a test.

Each block that comes in (8 bytes with its length, then the block) is read straight into one private mapping, behind the bytes that it had there before
are wiped out, so that nothing of it lies anywhere else. It answers each with a line; its first line is the address of that mapping.
"""

import ctypes
import mmap
import os
import sys

SIZE = int(sys.argv[1])
MEMORY = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
VIEW = memoryview(MEMORY)

os.write(1, b"%x\n" % ctypes.addressof(ctypes.c_char.from_buffer(MEMORY)))
while head := os.read(0, 8):
    length = int.from_bytes(head, "little")
    VIEW[:] = bytes(SIZE)
    done = 0
    while done < length:
        done += os.readv(0, [VIEW[done:length]])
    os.write(1, b"\n")
