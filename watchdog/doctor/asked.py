"""What answers at an address of HTTP. Nothing is followed, nothing of a body is kept, and no error repeats what stands in an address."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

from watchdog.checks.tcp import plainly

WITHIN: Final = 5.0
"""Seconds for an answer."""
ALIVE: Final = "/healthz"
"""What everybody may ask, and the agent answers without a look at anything."""


Answer = int | str
"""The status, or why there was none."""


async def answered(url: str, *, socket: Path | None = None, token: str = "") -> Answer:
    """What comes of asking there; by that unix socket, if one is named."""
    import aiohttp

    from watchdog.web.knocking import Knocking

    connector = aiohttp.TCPConnector(force_close=True) if socket is None else Knocking(str(socket), force_close=True)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=WITHIN)) as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            return response.status
    except TimeoutError:
        return f"no answer within {WITHIN:.0f} s"
    except aiohttp.ClientConnectorDNSError:
        return "its host name can't be resolved"
    except aiohttp.ClientSSLError as error:
        return f"no TLS connection came about ({type(error).__name__})"
    except aiohttp.ClientConnectorError as error:
        return f"no connection: {plainly(error.os_error)}"
    except (aiohttp.ClientError, OSError) as error:
        return f"no proper answer: {type(error).__name__}"


def named(status: int) -> str:
    """`404 Not Found`; the phrase that came with it is the server's to choose."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
