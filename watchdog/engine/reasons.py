"""
A condition taken apart: what each part of it says of a row, and how far it is from saying something else.

Pure and slow: it evaluates every part by itself, exactly, which is for people who ask and never for judging.
"""

import math
from typing import Any, Final

from watchdog.engine.alerts import Truth
from watchdog.lang.checked import Checked, Comparison, Constant, Every, Inverse, Some, parts
from watchdog.lang.demands import Scope
from watchdog.lang.display import display
from watchdog.lang.evaluate import evaluate
from watchdog.lang.printer import show
from watchdog.model.kinds import Type
from watchdog.model.rows import Row

NUMBERS: Final = frozenset({Type.DURATION, Type.SIZE, Type.RATIO, Type.RATE, Type.COUNT, Type.CORES})
"""The types of which it can be said how far two values are apart."""
_TRUTHS: Final = {True: Truth.TRUE.value, False: Truth.FALSE.value, None: Truth.UNKNOWN.value}


def account_of(node: Checked, row: Row, now: int, scope: Scope) -> dict[str, Any]:
    """
    The part as plain data: see `why.why` for what it holds.

    Of `and` and `or` the part that decides is, while they are settled by some, the one of these that is farthest from flipping, else the
    one that is nearest to it; where something is unknown, the first that is. Distances of different units are compared as shares of the
    greater of the two sides.
    """
    return _account(node, row, now, scope)[0]


def _account(node: Checked, row: Row, now: int, scope: Scope) -> tuple[dict[str, Any], float | None]:
    """The account, and how far it is from flipping as a share; None where that is no number."""
    value = evaluate(node, row, now, scope)
    inner = [_account(part, row, now, scope) for part in _parts(node)]
    account: dict[str, Any] = {
        "text": show(node.syntax), "type": node.type.value, "value": display(value, node.type), "truth": _TRUTHS[value] if node.type is Type.BOOL else None,
        "margin": None, "distance": None, "deciding": None, "parts": [part for part, _ in inner],
    }  # fmt: skip
    match node:
        case Comparison() if node.left.type in NUMBERS:
            return _compared(account, node, row, now, scope)
        case Inverse():
            part, share = inner[0]
            distance = None if part["distance"] is None else -part["distance"]
            margin = None if part["margin"] is None else _opposite(part["margin"])
            return account | {"deciding": 0, "distance": distance, "margin": margin}, share
        case Every() | Some():
            deciding = _deciding([part["truth"] for part, _ in inner], [share for _, share in inner], by=isinstance(node, Some))
            part, share = inner[deciding]
            return account | {"deciding": deciding, "distance": part["distance"], "margin": part["margin"]}, share
        case _:
            return account, None


def _parts(node: Checked) -> tuple[Checked, ...]:
    """Those that say more than the text of the node does."""
    return tuple(part for part in parts(node) if not isinstance(part, Constant))


def _compared(account: dict[str, Any], node: Comparison, row: Row, now: int, scope: Scope) -> tuple[dict[str, Any], float | None]:
    left, right = evaluate(node.left, row, now, scope), evaluate(node.right, row, now, scope)
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return account, None
    match node.operator:
        case ">" | ">=":
            distance = left - right
        case "<" | "<=":
            distance = right - left
        case "!=":
            distance = abs(left - right)
        case _:
            distance = -abs(left - right)
    greater = max(abs(left), abs(right))
    # A bare 0 takes the unit of the other side.
    unit = node.right.type if isinstance(node.left, Constant) else node.left.type
    margin = display(distance, unit)
    return account | {"distance": distance, "margin": margin if distance < 0 else f"+{margin}"}, abs(distance) / greater if greater else 0.0


def _opposite(margin: str) -> str:
    return f"-{margin[1:]}" if margin.startswith("+") else f"+{margin[1:]}"


def _deciding(truths: list[str], shares: list[float | None], *, by: bool) -> int:
    """Which of the operands decides; `by` is the truth of which one is enough."""
    settling = [place for place, truth in enumerate(truths) if truth == _TRUTHS[by]]
    if settling:
        # All of these must flip; what can't be measured is the farthest.
        return max(settling, key=lambda place: _measured(shares[place], math.inf))
    unknown = [place for place, truth in enumerate(truths) if truth == _TRUTHS[None]]
    if unknown:
        return unknown[0]
    return min(range(len(truths)), key=lambda place: _measured(shares[place], math.inf))


def _measured(share: float | None, otherwise: float) -> float:
    return otherwise if share is None else share
