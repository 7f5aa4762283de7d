"""How the examples of problem codes begin: each a text without a mistake in it, that an example spoils or goes on from."""

from typing import Final

RULE: Final = "rules:\n  - rule: slow\n    each: job\n    when: job.elapsed > 10m\n"
CONFIG: Final = "redis: {url: redis://127.0.0.1:6379/0}\nrules: [rules.yml]\nstate: state\n"
COMMANDED: Final = (
    "rules:\n  - rule: unreachable\n    each: domain\n    when: domain.unreachable > 100\n    for: 1m\n    guards: {cooldown: 1h}\n"
)
