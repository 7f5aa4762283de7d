"""Every metric that `/metrics` has: one table. A new one is a line here, and where it is no reading of a field, a line of the code that reads it."""

from typing import Final

from watchdog.web.metrics import of_agent, of_sidekiq
from watchdog.web.metrics.family import Family

FAMILIES: Final[tuple[Family, ...]] = (*of_sidekiq.FAMILIES, *of_agent.FAMILIES)
BY_NAME: Final[dict[str, Family]] = {family.name: family for family in FAMILIES}
"""Name → family."""
