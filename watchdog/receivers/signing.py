"""
Signatures after Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), symmetric scheme `v1`.

Signed is `id.timestamp.body` with HMAC-SHA256, over just the bytes that are sent; the timestamp is that of the attempt
and moves with every retry, the id stays.
"""

import base64
import hmac
from typing import Final

from watchdog.errors import WatchdogError

PREFIX: Final = "whsec_"


class BadSecretError(WatchdogError):
    """The secret can't be used as a key; the text never quotes it."""


def key_of(secret: str) -> bytes:
    """The key: what `whsec_` encodes in base64, or the text itself. Raises `BadSecretError`."""
    secret = secret.strip()
    if not secret.startswith(PREFIX):
        if not secret:
            raise BadSecretError("the secret is empty; leave it out if messages need no signature")
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise BadSecretError(f"the secret begins with {PREFIX}, but what follows is not base64") from None
    if not key:
        raise BadSecretError(f"the secret is nothing but {PREFIX}")
    return key


def signature(key: bytes, *, id_: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`. `timestamp` is in seconds."""
    signed = b"%s.%d.%s" % (id_.encode(), timestamp, body)
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"
