"""`fleet_budget:` in the config → how often all agents of one Redis may act together."""

from typing import Final

from watchdog.model.parameters import Allowance, Form, ParameterSpec
from watchdog.rulefile.allowance import read_allowance
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.nodes import Node

FLEET_BUDGET: Final = Allowance(6, 3_600_000)
"""What holds where nothing is said; as in the key table."""
_SPEC: Final = ParameterSpec(
    name="fleet_budget", form=Form.ALLOWANCE, default="6/1h", doc="How often all agents together may act.", example="fleet_budget: 6/1h"
)


def read_fleet_budget(node: Node, findings: Findings) -> Allowance:
    """What was written; what is wrong has its default."""
    return read_allowance(node, _SPEC, findings) or FLEET_BUDGET
