"""From settings to a receiver."""

from collections.abc import Iterable, Mapping
from typing import Any

from watchdog.clock import Clock
from watchdog.receivers.slack.api import Api, Web
from watchdog.receivers.slack.channel import SlackChannel
from watchdog.receivers.slack.hearing import SlackConversation
from watchdog.receivers.slack.incoming import IncomingWebhook


def of_app(values: Mapping[str, Any], clock: Clock) -> SlackChannel:
    """A receiver of type `slack`; with an app-level token it listens, too."""
    web = Web(timeout=int(values["timeout"]), clock=clock)
    api = Api(str(values["api"]), web)
    token, channel, mention = (str(values.get(name, "")).strip() for name in ("token", "channel", "mention"))
    if app_token := str(values.get("app_token", "")).strip():
        return SlackConversation(api=api, web=web, app_token=app_token, token=token, channel=channel, mention=mention, clock=clock)
    return SlackChannel(api=api, web=web, token=token, channel=channel, mention=mention, with_buttons=False, clock=clock)


def introduce(receivers: Iterable[object]) -> None:
    """Those that listen by the same app come to know each other."""
    listening = [one for one in receivers if isinstance(one, SlackConversation)]
    for one in listening:
        one.neighbours = tuple(other for other in listening if other is not one and other.app_token == one.app_token)


def of_webhook(values: Mapping[str, Any], clock: Clock) -> IncomingWebhook:
    """A receiver of type `slack_webhook`."""
    return IncomingWebhook(str(values["url"]), web=Web(timeout=int(values["timeout"]), clock=clock), mention=str(values.get("mention", "")))
