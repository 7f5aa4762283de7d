"""
What Slack's errors mean: whether waiting helps, whether it may have posted all the same, and what a person can do.

Errors after https://docs.slack.dev/reference/methods/chat.postMessage, …/chat.update and …/apps.connections.open.
"""

import re
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.receivers.receiver import RefusedError, TryAgainError


class SaidNoError(WatchdogError):
    """Slack has answered `ok: false` with that code. `after` is how long it asks to be left alone, in milliseconds; `needed` the scope that is missing, where it names one."""

    def __init__(self, code: str, after: int | None = None, *, needed: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.after = after
        self.needed = needed


GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})
"""What was posted can't be changed or answered to any more: it is posted anew."""
UNREADABLE: Final = frozenset(
    {
        "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text", "too_many_attachments",
        "invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large", "metadata_must_be_sent_from_app",
    }
)  # fmt: skip
"""Slack does not like the form of a message: it is said once more, as plain text and short."""

_TOKEN: Final = "make a new one under OAuth & Permissions of the app and put it into the config"
_BUSY: Final = {"ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout", "team_added_to_org"}
"""Nothing was done, and it passes by itself."""
_UNSURE: Final = {"fatal_error", "internal_error", "service_unavailable"}
"""It passes by itself; "some aspect of the operation" may have succeeded, as Slack says."""
_WHAT_TO_DO: Final = {
    "account_inactive": f"the app was removed from the workspace, or its bot deactivated: install it again; {_TOKEN}",
    "invalid_auth": f"the token is not valid, or not to be used from this address: {_TOKEN}",
    "not_authed": f"no token arrived: {_TOKEN}",
    "not_allowed_token_type": "this is not the kind of token that is needed: `token` is a bot token (xoxb-), `app_token` an app-level token (xapp-)",
    "token_expired": f"the token has expired: switch token rotation off for the app, or {_TOKEN}",
    "token_revoked": f"the token was revoked: {_TOKEN}",
    "no_permission": "the workspace does not let this app post: ask its administrators",
    "org_login_required": "the workspace is being moved: ask its administrators",
    "ekm_access_denied": "the administrators have suspended posting",
    "access_denied": "the workspace does not let this app post: ask its administrators",
    "accesslimited": "the workspace does not allow this machine's address: ask its administrators",
    "channel_not_found": "there is no such channel, or it is private and the app is not in it: look at the id, and say `/invite @watchdog` there",
    "not_in_channel": "the app is not in the channel: say `/invite @watchdog` there",
    "is_archived": "the channel is archived: take it out of the archive, or name another one in the config",
    "channel_is_archived": "the channel is archived: take it out of the archive, or make a webhook for another one",
    "restricted_action": "the workspace does not let this app post in the channel: ask its administrators",
    "restricted_action_read_only_channel": "only some may post in the channel: let the app do so, or name another one in the config",
    "restricted_action_thread_only_channel": "the channel takes replies only: name another one in the config",
    "restricted_action_non_threadable_channel": "the channel takes no replies: name another one in the config",
    "action_prohibited": "the administrators do not allow this webhook to post there",
    "posting_to_general_channel_denied": "not everybody may post in the general channel: let the app do so, or name another one",
    "no_service": "the webhook is switched off or was removed: make a new one and put its address into the config",
    "no_service_id": "the webhook's address is not whole: copy it once more",
    "no_team": "the workspace of the webhook is not there any more",
    "no_active_hooks": "the webhook is switched off: make a new one and put its address into the config",
    "team_disabled": "the workspace is switched off",
    "invalid_token": "the webhook's address is not valid any more: make a new one and put it into the config",
    "user_not_found": "who made the webhook is not there any more: make a new one and put its address into the config",
    "forbidden_team": "the workspace does not allow Socket Mode: ask its administrators",
    "socket_mode_not_enabled": "Socket Mode is off: switch it on under Socket Mode of the app",
    "link_disabled": "Socket Mode was switched off: switch it on under Socket Mode of the app",
}  # fmt: skip

_CODE: Final = re.compile(r"[a-z0-9_]{1,80}")


def failure(said: SaidNoError) -> TryAgainError:
    """The same as the deliverer wants to hear it; `untouched` as far as this one call goes."""
    code = said.code if _CODE.fullmatch(said.code) else "an error without a name"
    if said.code in _BUSY:
        return TryAgainError(f"Slack is busy ({code})", said.after, untouched=True)
    if said.code in _UNSURE:
        return TryAgainError(f"Slack has a fault ({code})", said.after)
    if said.code == "missing_scope":
        scope = said.needed if re.fullmatch(r"[a-z:,._]{1,80}", said.needed) else "a scope"
        return RefusedError(
            f"the app lacks {scope}: add it under OAuth & Permissions and install the app again", said.after, untouched=True
        )
    if advice := _WHAT_TO_DO.get(said.code):
        return RefusedError(f"{advice} ({code})", said.after, untouched=True)
    return RefusedError(f"Slack does not take it: {code}", said.after, untouched=True)
