"""Every type of receiver with its settings: one table. The code that tells them is keyed to it (`receivers/`)."""

from typing import Final

import msgspec

from watchdog.model.parameters import Form, ParameterSpec


class ReceiverSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One type of receiver, as it is named under `type:` in the config."""

    type: str
    doc: str
    settings: tuple[ParameterSpec, ...]

    @property
    def all_settings(self) -> tuple[ParameterSpec, ...]:
        """Its settings."""
        return self.settings


RECEIVERS: Final[tuple[ReceiverSpec, ...]] = (
    ReceiverSpec(
        type="webhook",
        doc="A POST with a JSON body, signed after the Standard Webhooks specification (headers webhook-id, webhook-timestamp, webhook-signature).",
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
    ),
)

BY_TYPE: Final[dict[str, ReceiverSpec]] = {spec.type: spec for spec in RECEIVERS}
"""Type → spec."""
