"""The actions about another server of the fediverse, for rules that look at each `peer`: what our own Mastodon is told of it."""

from typing import Final

from watchdog.model.action_spec import ActionSpec
from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.targets import TargetKind

COMMANDS: Final = {"stop_delivery": "stop-delivery", "resume_delivery": "resume-delivery"}
"""Action → the named command that does it, with the server as its argument `host`."""
KEEPS_AWAY: Final = frozenset({"stop_delivery", "domain_block"})
"""What must not be done to others for a fault of ours."""
NOOP, SILENCE, SUSPEND = "noop", "silence", "suspend"
SEVERITIES: Final = (NOOP, SILENCE, SUSPEND)
"""From the mildest on, in Mastodon's words."""
_PEER: Final = ParameterSpec(
    name="peer", form=Form.PEER, required=True, doc="The other server: `peer` for the one that the rule looks at.", example="peer"
)
_COMMANDED: Final = (
    "systemd",
    "the commands `stop-delivery` and `resume-delivery` in root's list (`packaging/commands.toml` has both), and their units (`sidekiq-watchdog-command install`)",
    "the right to ask systemd to start them (`packaging/polkit.rules`)",
)

PEER_ACTIONS: Final[tuple[ActionSpec, ...]] = (
    ActionSpec(
        name="stop_delivery",
        doc="Has Mastodon deliver nothing to that server any more, as the button of that name does in its administration: what waits for it is dropped when its turn comes, and takes no time. "
        "Nothing else changes between both servers. Mastodon takes it back by itself as soon as that server delivers something here; `resume_delivery` does so at once. To stop it where it is stopped is no fault. "
        "What your people write meanwhile does not reach that server, ever. Nothing is stopped while the fault may be ours (`federation.self_broken`, `federation.egress_broken`).",
        parameters=(_PEER,),
        target="peer",
        needs=_COMMANDED,
        can_be_undone=True,
        guards={"budget": "2/1d", "cooldown": "6h"},
        acts_on=TargetKind.COMMAND,
    ),
    ActionSpec(
        name="resume_delivery",
        doc="Has Mastodon deliver to that server again, and forget how often that has failed. What was dropped meanwhile is not made up for.",
        parameters=(_PEER,),
        target="peer",
        needs=_COMMANDED,
        can_be_undone=True,
        guards={"cooldown": "6h"},
        acts_on=TargetKind.COMMAND,
    ),
    ActionSpec(
        name="domain_block",
        doc="Has Mastodon make a rule about that server, through the API of its administrators: `silence` hides its posts from those who do not follow it, `noop` only carries `reject_media`. Not while the fault may be ours. Where there is one already, of the server or of "
        "a domain that it lies in, that does as much or more, nothing is done; one of the server itself that does less is made stricter. No rule is ever made milder, and none about our own server. "
        "`suspend` cuts all follows and deletes all that is here of that server, which nobody can bring back: a person is asked each time, whatever the mode.",
        parameters=(
            _PEER,
            ParameterSpec(
                name="severity",
                form=Form.CHOICE,
                choices=SEVERITIES,
                default=SILENCE,
                doc="What the rule does, in Mastodon's words.",
                example=SILENCE,
            ),
            ParameterSpec(
                name="reject_media", form=Form.BOOL, default="false", doc="Its pictures and films are not fetched either.", example="true"
            ),
        ),
        target="peer",
        needs=(
            "`mastodon: {token: …}` in the config, of an account that may manage federation, with the scope `admin:write:domain_blocks`",
            "Mastodon 4.0 or later",
        ),
        can_be_undone=True,
        guards={"budget": "1/1d", "cooldown": "1d"},
        acts_on=TargetKind.PEER,
    ),
)
