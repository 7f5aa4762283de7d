"""
The settings of the guards for what a person orders by hand: those of a rule that writes none, but where the person's word stands for the setting.

The counterpart of `guards:` of a rule. They come with the rules, so that an order is judged by what this agent was told, and not by what its sender believes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from watchdog.model.guards import GUARDS
from watchdog.rulefile.names import default_setting

INSTEAD: Final = {"settle": "0", "alone": "ask", "deploy": "0s", "cooldown_max": "0s"}
"""Three beats are not waited for; who is to be asked about the only process of a queue has said so; to restart by hand is a part of a deployment; and how often rules have acted makes nobody wait longer."""


def guards_by_hand(protected: Sequence[str] = (), people: tuple[tuple[str, str], ...] = ()) -> Mapping[str, Any]:
    """Every setting of every guard, by name; `protected` are the targets that the config has nobody touch, `people` who may say anything by a receiver."""
    settings = {setting.name: default_setting(setting, instead=INSTEAD.get(setting.name)) for guard in GUARDS for setting in guard.settings}
    return {**settings, "protected": tuple(protected), "people": people}
