"""How a call of our own server's API can fail: one word for programs, and a sentence for people. Neither the token nor what the server wrote is ever in it."""

from http import HTTPStatus
from typing import Final

from watchdog.errors import WatchdogError
from watchdog.mastodon.block import Block

UNREACHABLE: Final = "unreachable"
TIMEOUT: Final = "timeout"
MOVED: Final = "moved"
UNAUTHORIZED: Final = "unauthorized"
FORBIDDEN: Final = "forbidden"
MISSING: Final = "missing"
REFUSED: Final = "refused"
LIMITED: Final = "limited"
FAILED: Final = "failed"
STRANGE: Final = "strange"
PASSING: Final = frozenset({UNREACHABLE, TIMEOUT, LIMITED, FAILED})
"""Those of which nobody has to mend the config: the next call may succeed."""


class ApiError(WatchdogError):
    """
    It was not done, or not told; after `unreachable`, `moved` and those of 4xx it certainly was not done.

    `after` is for how long the server wants to be left alone (milliseconds), None where it does not say.
    """

    def __init__(self, code: str, message: str, *, after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.after = after


class BlockExistsError(ApiError):
    """A rule that is as strict stands in the way, of this domain or of one above it (422 with `existing_domain_block`)."""

    def __init__(self, block: Block) -> None:
        super().__init__(REFUSED, f"{block.domain} has a rule already: {block.severity}")
        self.block = block


def failure_of(status: int, *, needs: str, after: int | None = None) -> ApiError:
    """What an answer that is none of 2xx says of a call that needs this scope and permission."""
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return ApiError(
                UNAUTHORIZED, "Mastodon does not know the token (401): it was revoked, or `mastodon: {token}` is of another server"
            )
        case HTTPStatus.FORBIDDEN:
            return ApiError(FORBIDDEN, f"Mastodon does not allow that to the token (403): it needs {needs}")
        case HTTPStatus.NOT_FOUND:
            return ApiError(
                MISSING, "Mastodon knows nothing there (404): it is older than 4.0, or another program answers at `mastodon: {url}`"
            )
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return ApiError(REFUSED, "Mastodon refuses that as it stands (422)")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return ApiError(LIMITED, "Mastodon was asked too often (429), by whoever has this account", after=after)
        case _ if 300 <= status < 400:
            return ApiError(MOVED, f"the API is not at `mastodon: {{url}}`: it answered {named(status)}, and a token follows no redirect")
        case _ if status >= 500:
            return ApiError(FAILED, f"Mastodon answered {named(status)}", after=after)
        case _:
            return ApiError(REFUSED, f"Mastodon answered {named(status)}")


def named(status: int) -> str:
    """A status with its own phrase; the one that came with it is the server's to choose."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
