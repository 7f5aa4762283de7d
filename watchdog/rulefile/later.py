"""
Names that the documentation of later versions knows, and that this one refuses by name.

Whoever copies a rule from there must read "not supported by this version", not "unknown key". A name
leaves this list when it enters the tables of `model` or the keys of its reader.
"""

from typing import Final

ACTIONS: Final = (
    "capture_evidence",
    "quiet_process",
)
GUARD_SETTINGS: Final = ()
