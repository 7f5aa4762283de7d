"""The keys by which a config says which settings of the application it expects. A part of the tables of `keys.py`."""

from typing import Final

from watchdog.model.keys import KeySpec

EXPECTED: Final[tuple[KeySpec, ...]] = (
    KeySpec(
        "file",
        "path",
        "Where it stands, from the folder of the application (`app: {folder: …}`, else that in which Sidekiq runs). What ends with `.yml` or `.yaml` is read as YAML, anything else as dotenv reads it.",
    ),
    KeySpec(
        "key",
        "name",
        "Its name there; in YAML the way to it with dots, as `scheduler.listened_queues_only`, the colons of Ruby's symbols left out.",
    ),
    KeySpec(
        "is",
        "text",
        "What it must hold, letter by letter. Neither this nor what is found is ever told.",
        "whatever it holds, if it is there",
    ),
)
