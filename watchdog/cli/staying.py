"""
What a command does that goes on for a while, or for ever.

The counterpart of `main`, which switches the garbage collector off: whoever ends at once need not tidy up, whoever stays must.
"""

import gc


def stay() -> None:
    """Tidy up from now on, and never again walk over what has been imported: that stays for good."""
    gc.freeze()
    gc.enable()
