"""
Methods: how each action on one single thing is carried out, as data.

The counterpart of `procedures`, which walk a process through the stages of its end. Here one thing is done, and perhaps its outcome waited for; the machine that does it (`engine/deeds.py`) is
the same for all actions.
"""

from typing import Final

from watchdog.engine.methods.domain_block import DOMAIN_BLOCK
from watchdog.engine.methods.ensure_unit import ENSURE_UNIT
from watchdog.engine.methods.kill_child import KILL_CHILD
from watchdog.engine.methods.method import Method
from watchdog.engine.methods.run_command import RUN
from watchdog.engine.methods.scale_out import SCALE_OUT
from watchdog.engine.methods.start_unit import START_UNIT
from watchdog.model.actions_on_peers import COMMANDS

METHODS: Final[dict[str, Method]] = {
    "start_unit": START_UNIT,
    "kill_child": KILL_CHILD,
    "ensure_unit": ENSURE_UNIT,
    "run": RUN,
    **dict.fromkeys(COMMANDS, RUN),
    "domain_block": DOMAIN_BLOCK,
    "scale_out": SCALE_OUT,
}
"""Action → method; a test proves that these are the actions of the action table that are on neither a process nor jobs."""
