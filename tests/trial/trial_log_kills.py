"""
Every Sidekiq that Debian has is killed twenty times in the midst of about 300 jobs a second: which jobs its log names, against those that it really had.

What is missed was popped from its queue and not begun yet, and no log can know it; what is "through" had ended in the instant before its line.
"""

from pathlib import Path

from tests.service.log.kills import kills
from tests.service.matrix.parts import SIDEKIQS
from tests.suites import debian

KILLS = 20
CASES = [suite for suite in SIDEKIQS if not debian.why_not(suite)]


async def run(case: str, folder: Path) -> dict[str, object]:
    """The sums of all kills; nothing may be named that was not in the hands of the process, and all that is named is proven."""
    found = await kills(case, KILLS, folder)
    sums = {name: sum(getattr(one, name) for one in found) for name in ("lost", "named", "missed", "through", "wrong", "likely")}
    return {"ok": not sums["wrong"] and not sums["likely"], "Sidekiq": found[0].version, "kills": KILLS, **sums}
