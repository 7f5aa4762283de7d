"""A receiver that is written to."""

from typing import Final

from watchdog.model.parameters import Form, ParameterSpec
from watchdog.model.receivers.spec import CA, ReceiverSpec, timeout

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
"""The port of each way to be reached, where none is written."""

EMAIL: Final = ReceiverSpec(
    type="email",
    doc=(
        "Mail by SMTP: text, with the same as HTML beside it. What belongs together is one thread in a mail reader. As a mail can't be changed once it is sent, only what somebody should know is written: that an alert fires, still fires or is over, "
        "what was decided, what a person is asked, how an action ended, and what the agent says of itself; not each stage on the way."
    ),
    # A letter can't be changed, so what happens soon after another is in the next; but a question must not wait for long.
    common={"group_wait": "10s", "group_interval": "1m", "at_most": "60/1h"},
    settings=(
        ParameterSpec(
            name="host", form=Form.TEXT, required=True, doc="The server that takes mail for others.", example="host: mail.example.org"
        ),
        ParameterSpec(
            name="port",
            form=Form.COUNT,
            least=1,
            most=65_535,
            doc="Its port; without it 587, with `tls: tls` 465, with `tls: none` 25.",
            example="port: 587",
        ),
        ParameterSpec(
            name="tls",
            form=Form.CHOICE,
            choices=tuple(PORTS),
            default="starttls",
            doc="How the connection is encrypted: after `STARTTLS`, from its beginning, or not at all. Without encryption no password is sent, but to this machine itself.",
            example="tls: starttls",
        ),
        CA,
        ParameterSpec(name="user", form=Form.TEXT, doc="Who logs in, where it wants that.", example="user: watchdog"),
        ParameterSpec(name="password", form=Form.SECRET, doc="The password of that user.", example='password: "${file:secret}"'),
        ParameterSpec(name="from", form=Form.TEXT, required=True, doc="The address of the sender.", example="from: watchdog@example.org"),
        ParameterSpec(
            name="to", form=Form.NAMES, required=True, doc="The addresses of those who are told.", example="to: [ops@example.org]"
        ),
        timeout("30s", of="attempt"),
    ),
)
