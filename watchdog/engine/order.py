"""A person's order, as far as it has come: a frozen part of the ledger."""

import msgspec


class Order(msgspec.Struct, frozen=True):
    """
    What a person has ordered; see `events.OperatorAsked` for what was asked.

    `effect` is the look that is awaited, `incident` the id of its playbook once it is carried out, `withdrawn` who does not want it any more, `outcome`
    how it came to its end, empty before.
    """

    id: str
    by: str
    reason: str
    asked_wall: int
    action: str
    process: str
    arguments: dict[str, int | float | bool | str]
    overruled: tuple[str, ...]
    only_looks: bool
    effect: str = ""
    incident: str = ""
    withdrawn: str = ""
    outcome: str = ""
