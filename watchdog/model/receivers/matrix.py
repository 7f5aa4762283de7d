"""A room of Matrix, in which people can answer."""

from typing import Final

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers.spec import ReceiverSpec, timeout

MATRIX: Final = ReceiverSpec(
    type="matrix",
    doc=(
        "A room of Matrix: one message for each group of alerts, changed as it moves, with what happened in its thread; a message of its own for each question, "
        "which people answer by a reaction (👍 or 👎) or by `!watchdog approve ID`."
    ),
    settings=(
        ParameterSpec(
            name="homeserver",
            form=Form.URL,
            required=True,
            doc="The address of the homeserver's client API: `base_url` in `https://SERVER/.well-known/matrix/client`, where there is such a file.",
            example="homeserver: https://matrix.example.org",
        ),
        ParameterSpec(
            name="token",
            form=Form.SECRET,
            required=True,
            doc="An access token of the user who writes, made for this agent alone.",
            example='token: "${file:secret}"',
        ),
        ParameterSpec(
            name="room",
            form=Form.TEXT,
            required=True,
            shape=r"!\S+|#[^\s:]+:\S+",
            doc="Where to write: the id of a room or an alias. An invitation to this room is accepted, and no other. An alias leads on to the new room where one is upgraded; an id does not.",
            example='room: "#ops:example.org"',
        ),
        ParameterSpec(
            name="keys",
            form=Form.TEXT,
            doc="An own folder, by its absolute path, for the keys of end-to-end encryption; without it nothing is written to a room that is encrypted. Needs `matrix-nio`, the extra `matrix-e2e`, which the Debian package does not bring along.",
            example="keys: /var/lib/sidekiq-watchdog/matrix",
        ),
        timeout("20s", of="call"),
    ),
    # As many as Synapse lets through without a rate limit of its own being lifted (rc_message).
    common={"at_most": "10/1m"},
    listens=True,
)
