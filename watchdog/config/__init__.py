"""
The config file and all that it names, read from disk and checked as one.

Why: what the texts mean is `rulefile`'s business, which is pure; somebody has to find the files, read them and fetch secrets. This
package does only that. It never decides, never stops at the first problem, and never shows a secret.
"""

from watchdog.config.loading import Loaded, inspect, inspect_rules, load, rules_of
from watchdog.config.packs import pack_folder

__all__ = ["Loaded", "inspect", "inspect_rules", "load", "pack_folder", "rules_of"]
