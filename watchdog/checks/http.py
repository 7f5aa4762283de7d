"""
`type: http`: a GET with the status that is expected.

The counterpart is the application's own page of health. The body is nobody's business and is not read. The address can hold a token, so only the status is told.
"""

from http import HTTPStatus

from watchdog import __version__
from watchdog.checks.attempt import CheckFailedError
from watchdog.checks.tcp import plainly


class Http:
    """Asks for `url`; without `status` any of 200 to 299 is well."""

    def __init__(self, url: str, status: int | None) -> None:
        self._url = url
        self._status = status

    async def __call__(self) -> None:
        """Asks; raises `CheckFailedError`."""
        import aiohttp  # 10 MB of memory that only those need who declare such a check

        headers = {"user-agent": f"sidekiq-watchdog/{__version__}"}
        try:
            async with (
                # Every try shall find out whether connections are accepted.
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True), cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.get(self._url, headers=headers, allow_redirects=False) as response,
            ):
                status = response.status
        except aiohttp.ClientConnectorDNSError:
            raise CheckFailedError("its host name can't be resolved") from None
        except aiohttp.ClientSSLError as error:
            raise CheckFailedError(f"no TLS connection came about ({type(error).__name__})") from None
        except aiohttp.ClientConnectorError as error:
            raise CheckFailedError(f"no connection: {plainly(error.os_error)}") from None
        except aiohttp.ServerDisconnectedError:
            raise CheckFailedError("the connection was closed without an answer") from None
        except (aiohttp.ClientError, OSError) as error:
            # The errors of aiohttp repeat the address.
            raise CheckFailedError(f"no proper answer: {type(error).__name__}") from None
        if not (status == self._status if self._status is not None else 200 <= status < 300):
            wanted = f", not {self._status}" if self._status is not None else ""
            raise CheckFailedError(f"it answered {_named(status)}{wanted}")


def _named(status: int) -> str:
    # The phrase that came with it is the server's to choose.
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
