"""Outcomes and decisions → how they are coloured; the word stands there all the same."""

from typing import Final

GOOD: Final = "good"
WARN: Final = "warn"
BAD: Final = "bad"

TONES: Final[dict[str, str]] = {
    # of incidents (`records.INCIDENT_OUTCOMES`)
    "open": WARN, "held": BAD, "ended": GOOD, "verified": GOOD, "unverified": BAD, "failed": BAD, "abandoned": "", "closed": "", "would": "",
    # of alerts, sources, decisions
    "firing": BAD, "resolved": GOOD, "lost": BAD, "back": GOOD, "ALLOW": GOOD, "DENY": WARN, "ASK": WARN, "DRY_RUN": WARN,
}  # fmt: skip
"""What is not in it has no colour."""


def tone(word: str) -> str:
    """The class of that word."""
    return TONES.get(word, "")
