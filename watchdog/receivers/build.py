"""From settings to receivers: one table, keyed to the one in `model.receivers`."""

from collections.abc import Callable, Mapping
from typing import Final

from watchdog.clock import Clock
from watchdog.model.receivers.email import PORTS
from watchdog.receivers.receiver import Receiver
from watchdog.receivers.signing import BadSecretError
from watchdog.rulefile.receivers import ReceiverSettings


def build(settings: Mapping[str, ReceiverSettings], clock: Clock) -> dict[str, Receiver]:
    """
    Name → receiver. Opens nothing yet; must be given settings whose secrets have been put in their place.

    Raises `BadSecretError`, naming the receiver.
    """
    receivers: dict[str, Receiver] = {}
    for name, its in settings.items():
        try:
            receivers[name] = TYPES[its.type](its, clock)
        except BadSecretError as error:
            raise BadSecretError(f"receiver {name}: {error}") from None
    if any(its.type == "slack" for its in settings.values()):
        from watchdog.receivers.slack.making import introduce

        introduce(receivers.values())
    return receivers


def _webhook(settings: ReceiverSettings, clock: Clock) -> Receiver:
    # aiohttp costs more memory than all the rest of an agent that tells nobody.
    from watchdog.receivers.webhook import Webhook

    values = settings.values
    secret = values.get("secret")
    return Webhook(str(values["url"]), secret=None if secret is None else str(secret), timeout=int(values["timeout"]), clock=clock)


def _slack(settings: ReceiverSettings, clock: Clock) -> Receiver:
    from watchdog.receivers.slack.making import of_app

    return of_app(settings.values, clock)


def _slack_webhook(settings: ReceiverSettings, clock: Clock) -> Receiver:
    from watchdog.receivers.slack.making import of_webhook

    return of_webhook(settings.values, clock)


def _matrix(settings: ReceiverSettings, clock: Clock) -> Receiver:
    from watchdog.receivers.matrix.receiver import Matrix

    values = settings.values
    return Matrix(
        str(values["homeserver"]),
        token=str(values["token"]),
        room=str(values["room"]),
        timeout=int(values["timeout"]),
        clock=clock,
        name=settings.name,
        keys=str(values.get("keys", "")),
    )


def _alertmanager(settings: ReceiverSettings, clock: Clock) -> Receiver:
    from watchdog.receivers.alertmanager.client import Alertmanager, authorization

    values = settings.values
    return Alertmanager(
        values["urls"],
        authorization=authorization(values.get("user"), values.get("password"), values.get("token")),
        authority=values.get("ca"),
        every=values["every"],
        timeout=values["timeout"],
        clock=clock,
    )


def _email(settings: ReceiverSettings, _clock: Clock) -> Receiver:
    from watchdog.receivers.email.mailer import Mailer

    values = settings.values
    return Mailer(
        values["host"],
        int(values["port"]) if "port" in values else PORTS[values["tls"]],
        tls=values["tls"],
        authority=values.get("ca"),
        login=(values["user"], values.get("password", "")) if "user" in values else None,
        sender=values["from"],
        recipients=values["to"],
        timeout=values["timeout"],
    )


TYPES: Final[dict[str, Callable[[ReceiverSettings, Clock], Receiver]]] = {
    "matrix": _matrix,
    "webhook": _webhook,
    "slack": _slack,
    "slack_webhook": _slack_webhook,
    "alertmanager": _alertmanager,
    "email": _email,
}
"""Type → what makes it."""
