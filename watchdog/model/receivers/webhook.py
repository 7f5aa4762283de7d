"""A receiver that is posted to."""

from typing import Final

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers.spec import ReceiverSpec

WEBHOOK: Final = ReceiverSpec(
    type="webhook",
    doc="A POST with a JSON body, signed after the Standard Webhooks specification (headers webhook-id, webhook-timestamp, webhook-signature). One for each notice, in order; of many that have come together the newest of each alert.",
    every_thread=True,
    common={"group_wait": "0s", "group_interval": "0s", "at_most": "300/1m"},
    settings=(
        ParameterSpec(name="url", form=Form.URL, required=True, doc="Where to post.", example="url: https://example.org/hook"),
        ParameterSpec(
            name="secret",
            form=Form.SECRET,
            doc="Key of the signature; without it there is none. `whsec_` followed by base64, or any text.",
            example='secret: "${file:secret}"',
        ),
        ParameterSpec(name="timeout", form=Form.DURATION, default="10s", doc="How long one attempt may take.", example="timeout: 10s"),
    ),
)
