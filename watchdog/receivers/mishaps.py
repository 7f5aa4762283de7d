"""How a connection can fail, in the words that every receiver uses: what a person can look for, and nothing of an address."""

import os
from typing import Final

NO_NAME: Final = "its host name can't be resolved"
NO_TLS: Final = "no TLS connection came about"
CLOSED: Final = "the connection was closed without an answer"


def no_answer(timeout: int) -> str:
    """Of one that was waited for so many milliseconds."""
    return f"no answer within {timeout / 1000:g} s"


def no_connection(error: OSError) -> str:
    """Of one that did not come about."""
    return f"can't connect: {plainly(error)}"


def plainly(error: OSError) -> str:
    """What the system calls it: what a library adds to that can hold addresses."""
    return os.strerror(error.errno) if error.errno else type(error).__name__
