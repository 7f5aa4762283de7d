"""`domain_block`: our own Mastodon is told to keep another server at a distance, if no rule of its does so already."""

from collections.abc import Mapping
from typing import Any, Final

from watchdog.engine.methods.method import Call, Case, Method
from watchdog.engine.procedures.stages import End, Then
from watchdog.model.actions_on_peers import SEVERITIES, SUSPEND
from watchdog.model.effects import Command, LookAtBlock, SetBlock
from watchdog.model.results import BlockLook, BlockSet, Refused, Result
from watchdog.model.targets import PeerRef, TargetKind, Thing

STAGE: Final = "block"
WITHIN: Final = 120_000
"""Milliseconds for all calls of it, each of which has a time of its own."""


def _look(effect: str, thing: Thing) -> Command:
    assert isinstance(thing, PeerRef)  # by `acts_on`
    return LookAtBlock(effect, thing.peer)


def _against(case: Case) -> str:
    """What Mastodon's own rules have against it; the picture knows nothing of them."""
    if not isinstance(case.sight, BlockLook):
        return ""
    return case.sight.refused or _done_already(case.sight, case.arguments)


def _done_already(sight: BlockLook, arguments: Mapping[str, Any]) -> str:
    if not sight.severity or not _is_as_severe(sight.severity, arguments):
        return ""
    # Of a server that is suspended nothing is fetched, whatever its rule says of media.
    if arguments["reject_media"] and not sight.reject_media and sight.severity != SUSPEND:
        return ""
    return f"Mastodon has a rule about {sight.domain} already: {sight.severity}"


def _is_as_severe(severity: str, arguments: Mapping[str, Any]) -> bool:
    return SEVERITIES.index(severity) >= SEVERITIES.index(str(arguments["severity"]))


def _begins(case: Case) -> Then | None:
    # Cut off in the middle: whoever made the rule that is there, it is what was wanted.
    if not case.asked or not isinstance(case.sight, BlockLook) or not (said := _done_already(case.sight, case.arguments)):
        return None
    return End("ended", said)


def _command(call: Call) -> Command:
    return SetBlock(
        id=call.id, peer=call.thing.peer, severity=str(call.arguments["severity"]), reject_media=bool(call.arguments["reject_media"]), rule=call.rule,
        incident=call.incident,
    )  # fmt: skip


def _heard(case: Case, result: Result) -> Then:
    wanted = case.arguments["severity"]
    match result:
        case BlockSet(made=False, domain=domain, before=before):
            return End("ended", f"Mastodon had a rule about {domain} already: {before}")
        case BlockSet(domain=domain, before=before) if before and _is_as_severe(before, case.arguments):
            return End(
                "ended",
                f"the rule about {domain} ({before}) rejects media now, too; that can be taken back in the administration of Mastodon",
            )
        case BlockSet(domain=domain, before=before) if before:
            return End(
                "ended",
                f"the rule about {domain} is {wanted} now; it was {before}, and can be made that again in the administration of Mastodon",
            )
        case BlockSet(domain=domain):
            return End(
                "ended", f"Mastodon has a rule about {domain} now: {wanted}; to take it back, remove it in the administration of Mastodon"
            )
        case Refused(reason=reason):
            return End("failed", reason)
        case _:
            return End("failed", "it was answered with something else")


def _limit(_arguments: Mapping[str, Any]) -> int:
    return WITHIN


def _plan(arguments: Mapping[str, Any]) -> tuple[tuple[str, int, str], ...]:
    return ((STAGE, 0, f"{arguments['severity']}, if Mastodon has no rule about it that does as much"),)


DOMAIN_BLOCK: Final = Method(
    acts_on=TargetKind.PEER,
    stage=STAGE,
    sight=BlockLook,
    look=_look,
    against=_against,
    begins=_begins,
    command=_command,
    heard=_heard,
    limit=_limit,
    plan=_plan,
)
