"""`schema`: the JSON Schema of a kind of file, for editors that complete and check while somebody types, of the webhook's body and of what `status --json` prints; and the OpenAPI document of the agent's API."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from watchdog.cli.exits import Exit


class Which(StrEnum):
    """What the schema is of."""

    RULES = "rules"
    CONFIG = "config"
    PACK = "pack"
    TESTS = "tests"
    WEBHOOK = "webhook"
    API = "api"
    STATUS = "status"


def schema(
    which: Annotated[
        Which,
        typer.Argument(
            metavar="|".join(Which),
            help="Of which kind of file, of what a webhook is sent, of what `status --json` prints, or of the API.",
            show_default=False,
        ),
    ],
) -> int:
    """
    Print the JSON Schema (draft 2020-12) of rule files, of the config, of a pack's manifest, of rule tests, of the body that a webhook is sent, or of what `status --json` prints; of the API the OpenAPI document, which an agent gives as well.

    Save it, and name it in the first line of a file for the YAML language server: `# yaml-language-server: $schema=rules.schema.json`.
    It knows keys, shapes and choices; what is wrong inside a condition only `check` knows.
    """
    from watchdog.picture.schema import status_schema
    from watchdog.receivers.webhook_schema import webhook_schema
    from watchdog.rulefile import schema as made

    makers = {
        Which.RULES: made.rules_schema,
        Which.CONFIG: made.config_schema,
        Which.PACK: made.pack_schema,
        Which.TESTS: made.tests_schema,
        Which.WEBHOOK: webhook_schema,
        Which.STATUS: status_schema,
    }
    if which is Which.API:
        from watchdog.web.openapi import described

        print(json.dumps(described(), indent=2, ensure_ascii=False))
        return Exit.FINE
    print(json.dumps(makers[which](), indent=2, ensure_ascii=False))
    return Exit.FINE
