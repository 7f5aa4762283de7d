"""
The guards: small pure functions, asked in one order, each with a reason that can be read.

Why: the agent must refuse more than it does, and be able to say why it did not act. All guards are
asked each time, so that every reason is known; what they say together, and what the mode makes of
it, is decided in `combine.py` and nowhere else.
"""

from typing import Final

from watchdog.engine.guards.approval import approval
from watchdog.engine.guards.baseline import baseline
from watchdog.engine.guards.blind import blind
from watchdog.engine.guards.budget import budget
from watchdog.engine.guards.common_cause import common_cause
from watchdog.engine.guards.cooldown import cooldown
from watchdog.engine.guards.coverage import coverage
from watchdog.engine.guards.culprits import culprits
from watchdog.engine.guards.deploy import deploy
from watchdog.engine.guards.flapping import flapping
from watchdog.engine.guards.headroom import headroom
from watchdog.engine.guards.hours import hours
from watchdog.engine.guards.in_flight import in_flight
from watchdog.engine.guards.last_look import last_look
from watchdog.engine.guards.paused import paused
from watchdog.engine.guards.protected import protected
from watchdog.engine.guards.settling import settling
from watchdog.engine.guards.surge import surge
from watchdog.engine.guards.trust import trust
from watchdog.engine.guards.veto import veto
from watchdog.engine.guards.view import Guard

ORDER: Final[tuple[tuple[str, Guard], ...]] = (
    ("paused", paused),
    ("blind", blind),
    ("settling", settling),
    ("baseline", baseline),
    ("common_cause", common_cause),
    ("deploy", deploy),
    ("veto", veto),
    ("protected", protected),
    ("coverage", coverage),
    ("surge", surge),
    ("headroom", headroom),
    ("in_flight", in_flight),
    ("cooldown", cooldown),
    ("budget", budget),
    ("flapping", flapping),
    ("hours", hours),
    ("culprits", culprits),
    ("trust", trust),
    ("approval", approval),
    ("last_look", last_look),
)
"""The order in which guards are asked; the first that denies gives the reason."""
