"""
Procedures: how each action is carried out, stage by stage, as data.

Why: a recovery is a story of many seconds that can be cut off at any line. As a table of stages inside
the engine it is replayed, resumed and tested like every other decision; the machine that walks
through the stages (`engine/runs.py`) is the same for all actions.
"""

from typing import Final

from watchdog.engine.procedures.aftermath import PUT_BACK
from watchdog.engine.procedures.recover import RECOVER
from watchdog.engine.procedures.restart import RESTART
from watchdog.engine.procedures.scale_in import SCALE_IN
from watchdog.engine.procedures.stages import Procedure
from watchdog.engine.procedures.terminate import TERMINATE

PROCEDURES: Final[dict[str, Procedure]] = {
    "terminate_process": TERMINATE,
    "recover_process": RECOVER,
    "put_back_jobs": PUT_BACK,
    "restart_unit": RESTART,
    "scale_in": SCALE_IN,
}
"""Action → procedure; a test proves that the actions are those of the action table."""
