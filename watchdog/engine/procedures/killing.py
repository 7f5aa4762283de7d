"""What holds after SIGKILL, whichever procedure sent it."""

from typing import Final

DEATH: Final = 30_000
"""A killed process can linger in an uninterruptible wait; after so many milliseconds people must look."""
LINGERS: Final = f"it still lives {DEATH // 1000} s after SIGKILL: an uninterruptible wait in the kernel; look at its storage"
