"""
A name for this machine that no other has: what the agent remembers belongs to it.

It is derived from the machine-id (machine-id(5)), which is confidential and is told to nobody: as that page wants it, a keyed hash is taken, with a key of this program.
"""

import hmac
from hashlib import sha256
from pathlib import Path
from typing import Final

FILES: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_KEY: Final = b"sidekiq-watchdog: what the agent remembers"
_HEX: Final = frozenset("0123456789abcdef")
_LENGTH: Final = 32
_SHOWN: Final = 16


def machine_name(files: tuple[Path, ...] = FILES) -> str:
    """16 digits of hex; empty where the machine has no id, as in most containers."""
    for path in files:
        try:
            text = path.read_text(encoding="ascii").strip().lower()
        except (OSError, UnicodeDecodeError):
            # No id, or none that can be read: then it can't be told from another, which is no reason to do without an agent.
            continue
        if len(text) == _LENGTH and _HEX.issuperset(text) and set(text) != {"0"}:
            return hmac.new(_KEY, text.encode(), sha256).hexdigest()[:_SHOWN]
    return ""
