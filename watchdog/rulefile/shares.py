"""
`host_budget:` and `target_budget:` in the config: how often all rules together may act, wherever a rule does not say otherwise.

They are settings of the guard `budget`, which a rule can give under `guards`; here they are said once for all.
"""

from collections.abc import Mapping
from typing import Final

from watchdog.model.guards import BY_NAME
from watchdog.model.parameters import Allowance
from watchdog.rulefile.allowance import read_allowance
from watchdog.rulefile.findings import Findings
from watchdog.rulefile.nodes import Node

KEYS: Final = ("host_budget", "target_budget")
"""As in the config and under `guards`."""


def read_shares(values: Mapping[str, Node], findings: Findings) -> dict[str, Allowance]:
    """Those that were written; what is wrong is noted and left out."""
    specs = {setting.name: setting for setting in BY_NAME["budget"].settings}
    read = {key: read_allowance(values[key], specs[key], findings) for key in KEYS if key in values}
    return {key: allowance for key, allowance in read.items() if allowance is not None}
