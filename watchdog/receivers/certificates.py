"""Whose certificates a receiver's server may show, and what is said of one that was not accepted: never the name or the address that it is for."""

import ssl

from watchdog.receivers.mishaps import plainly
from watchdog.receivers.receiver import RefusedError


def trusting(authority: str | None) -> ssl.SSLContext | None:
    """
    What trusts the certificates in that file, and no others; None without one, for those that this machine trusts.

    Raises `RefusedError`. Reads a file.
    """
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        raise RefusedError(
            f"the certificates in its 'ca' can't be read: {plainly(error)}; it must be a file in PEM that the agent may read",
            untouched=True,
        ) from None


def not_accepted(error: Exception) -> str:
    """Why the certificate of a server was not."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        why = "it can't be read"
    else:
        # What OpenSSL says of a wrong name repeats the name.
        why = "it is for another name" if "mismatch" in error.verify_message else error.verify_message
    return f"its certificate was not accepted: {why}"
