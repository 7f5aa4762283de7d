"""A receiver that is posted to."""

from typing import Final

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers.spec import ReceiverSpec, timeout

WEBHOOK: Final = ReceiverSpec(
    type="webhook",
    doc="A POST with a JSON body, signed after the Standard Webhooks specification (headers webhook-id, webhook-timestamp, webhook-signature). One for each notice, in order; of more than ten that come together the newest of each alert, and of more than ten alerts the three newest, with how many were left out and what goes on.",
    few=3,
    common={"group_wait": "0s", "group_interval": "5s", "at_most": "60/1m"},
    settings=(
        ParameterSpec(name="url", form=Form.URL, required=True, doc="Where to post.", example="url: https://example.org/hook"),
        ParameterSpec(
            name="secret",
            form=Form.SECRET,
            doc="Key of the signature; without it there is none. `whsec_` followed by base64, or any text.",
            example='secret: "${file:secret}"',
        ),
        ParameterSpec(
            name="every_alert",
            form=Form.BOOL,
            default="false",
            doc="For programs that keep account of each alert: of many notices the newest of each alert is posted, however many alerts there are.",
            example="every_alert: true",
        ),
        timeout("10s", of="call"),
    ),
)
