"""
How long a test waits for what must come.

What is waited for by this is never late, however busy the machine; a test that says how soon something must come says so itself, and measures that.
"""

from typing import Final

PATIENCE: Final = 60.0
"""Seconds after which what was to come is taken never to come: some ten times what it takes on a machine that has nothing else to do."""
