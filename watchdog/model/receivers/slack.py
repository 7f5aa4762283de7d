"""A channel of Slack, by an app of one's own or by an incoming webhook."""

from typing import Final

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers.spec import ReceiverSpec, timeout

_MENTION: Final = ParameterSpec(
    name="mention",
    form=Form.TEXT,
    shape="here|channel|[UWS][A-Z0-9]{2,}",
    doc="Who is called when something critical begins or a person is asked: `here`, `channel`, or the id of a person or a group. Nobody is, where it is left out.",
    example="mention: here",
)
_TIMEOUT: Final = timeout("10s", of="call")

SLACK: Final = ReceiverSpec(
    type="slack",
    doc=(
        "A channel of Slack, by an app of yours (`packaging/slack.yml`): one message a group, changed as things move, with what happened in its thread. With `app_token` people answer by buttons and by "
        "`/watchdog`, over a connection that the agent opens itself; people are named `slack:U012AB3CD` under `ask: people:`."
    ),
    settings=(
        ParameterSpec(
            name="token", form=Form.SECRET, required=True, doc="The app's bot token, `xoxb-…`.", example='token: "${file:secret}"'
        ),
        ParameterSpec(
            name="channel",
            form=Form.TEXT,
            required=True,
            shape="[CGD][A-Z0-9]{2,}",
            doc="The channel's id (at the end of its details in Slack; a name can change, an id can't). The app must have been invited there: `/invite @watchdog`.",
            example="channel: C012AB3CD",
        ),
        ParameterSpec(
            name="app_token",
            form=Form.SECRET,
            doc="An app-level token, `xapp-…`, with the scope `connections:write`: people can answer. Each agent (not each channel) needs an app of its own for that: Slack gives a press of a button to only one of those that are connected.",
            example='app_token: "${file:secret}"',
        ),
        _MENTION,
        ParameterSpec(
            name="api",
            form=Form.URL,
            default="https://slack.com/api",
            doc="Where Slack is; for GovSlack `https://slack-gov.com/api`.",
            example="api: https://slack.com/api",
        ),
        _TIMEOUT,
    ),
    listens=True,
    listens_by="app_token",
)

SLACK_WEBHOOK: Final = ReceiverSpec(
    type="slack_webhook",
    doc="A channel of Slack, by an incoming webhook: a new message each time, since what came by one can't be changed, and nobody can answer.",
    settings=(
        ParameterSpec(
            name="url",
            form=Form.URL,
            required=True,
            doc="The webhook's address. Whoever knows it can post, so it is better kept in a file.",
            example='url: "https://hooks.slack.com/services/T012/B012/XXX"',
        ),
        _MENTION,
        _TIMEOUT,
    ),
    # Each time is a message that rings.
    common={"group_interval": "1m"},
)
