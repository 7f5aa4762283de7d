"""Why a request is not answered as it was meant: each is a status of HTTP, a code for programs, and a sentence for people."""

from typing import ClassVar

import msgspec

from watchdog.errors import WatchdogError


class Fault(msgspec.Struct, frozen=True):
    """What went wrong: `code` for programs, `message` for people, `hint` what to do about it."""

    code: str
    message: str
    hint: str = ""


class Failed(msgspec.Struct, frozen=True):
    """How every error comes as JSON."""

    error: Fault


class RequestError(WatchdogError):
    """Not answered; `after` is in how many seconds it may be tried again, 0 where that would not help."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"

    def __init__(self, message: str, *, hint: str = "", after: int = 0) -> None:
        super().__init__(message)
        self.hint = hint
        self.after = after

    @property
    def failed(self) -> Failed:
        """As JSON says it."""
        return Failed(Fault(self.code, str(self), self.hint))


class NotUnderstoodError(RequestError):
    """A parameter is missing, unknown or not what it must be."""


class UnknownCallerError(RequestError):
    """Only who says who it is may do that."""

    status = 401
    code = "who_are_you"


class NotYoursError(RequestError):
    """Whoever it is may not do that, or not from there."""

    status = 403
    code = "not_allowed"


class NotThereError(RequestError):
    """There is nothing of that name."""

    status = 404
    code = "not_there"


class NoSuchEndpointError(NotThereError):
    """Nothing answers at this address: another version may."""

    code = "no_such_endpoint"


class NotNowError(RequestError):
    """Not as things stand."""

    status = 409
    code = "not_now"


class TooMuchError(RequestError):
    """The body is larger than anything that is taken here."""

    status = 413
    code = "too_large"


class WrongKindError(RequestError):
    """The body is neither JSON nor a form."""

    status = 415
    code = "wrong_kind"


class NotHereError(RequestError):
    """It was meant for another host: the `Host` header names none of ours."""

    status = 421
    code = "wrong_host"


class TooOftenError(RequestError):
    """Too much was asked in too short a time."""

    status = 429
    code = "too_often"


class TooManyError(RequestError):
    """So many have it already that nobody else can have it for the moment."""

    status = 503
    code = "too_many"


class NotReadyError(RequestError):
    """The agent can't answer at present: its database can't be read or written, or it took too long."""

    status = 503
    code = "not_ready"
